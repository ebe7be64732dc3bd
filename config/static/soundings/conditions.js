// Hides a question until an earlier answer calls for it: data-shown-if="<field name>" data-shown-if-values='["yes"]'.
// Without it all the questions are shown. What a person wrote stays in the field when it is hidden.
const questions = document.querySelectorAll("[data-shown-if]");

function arrange() {
  for (const question of questions) {
    const form = question.closest("form");
    const given = form ? new FormData(form).getAll(question.dataset.shownIf) : [];
    const wanted = JSON.parse(question.dataset.shownIfValues || "[]");
    question.hidden = !given.some((value) => wanted.includes(value));
  }
}

document.addEventListener("change", arrange);
window.addEventListener("pageshow", arrange);
arrange();
