// Saves answers while they are being written. Without it the page still saves, with its button.
//
// The form carries data-autosave-url; each answer sits in an element with data-answer, which is sent whole (so that an
// unticked box is seen, and the hidden version of the answer goes along). docs/pages.md has the contract with the server.
const FIRST_RETRY = 5_000;
const LAST_RETRY = 60_000;
const PAUSE = 1_500;

for (const form of document.querySelectorAll("form[data-autosave-url]")) {
  watch(form);
}

function watch(form) {
  const status = form.querySelector("[data-autosave-status]");
  const waiting = new Set(); // written, not sent yet
  const refused = new Set(); // the server will not take these as they are: kept on the page until the person decides
  let sending = null;
  let timer = 0;
  let retry = FIRST_RETRY;
  let leaving = false;

  const say = (text, isProblem = false) => {
    if (!status) return;
    status.classList.toggle("so-saved--problem", isProblem);
    status.textContent = text;
  };
  const later = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  };

  const written = (event) => {
    const answer = event.target.closest("[data-answer]");
    if (!answer || event.target.type === "file") return;
    waiting.add(answer);
    if (!refused.has(answer)) later(PAUSE);
  };
  form.addEventListener("input", written);
  form.addEventListener("change", written);

  function save() {
    const batch = [...waiting].filter((answer) => !refused.has(answer));
    if (sending || leaving || batch.length === 0) return;
    batch.forEach((answer) => waiting.delete(answer));
    say("Saving…");
    sending = send(form, batch).then((outcome) => {
      sending = null;
      if (outcome.saved) {
        retry = FIRST_RETRY;
        say(refused.size ? refusedText() : `Saved at ${outcome.at}`, refused.size > 0);
        if (waiting.size) later(PAUSE);
      } else if (outcome.final) {
        batch.filter((answer) => outcome.concerns(answer)).forEach((answer) => { refused.add(answer); waiting.add(answer); });
        say(outcome.text, true);
      } else {
        batch.forEach((answer) => waiting.add(answer));
        say(outcome.text, true);
        later(retry);
        retry = Math.min(retry * 2, LAST_RETRY);
      }
    });
  }
  const refusedText = () => "Some of this page is not saved. Your text is still here: choose Save to see why.";

  // The page's own Save must not overtake an autosave on its way, or a person would meet a conflict with themselves.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!sending) {
      leaving = true;
      return;
    }
    event.preventDefault();
    const button = event.submitter;
    sending.then(() => form.requestSubmit(button));
  });
  window.addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && (waiting.size || sending)) event.preventDefault();
  });
}

async function send(form, batch) {
  const body = new FormData();
  const all = new FormData(form);
  const names = new Set(batch.flatMap((answer) => [...answer.querySelectorAll("[name]")].map((control) => control.name)));
  for (const name of ["csrfmiddlewaretoken", ...names]) {
    all.getAll(name).filter((value) => typeof value === "string").forEach((value) => body.append(name, value));
  }
  try {
    const reply = await fetch(form.dataset.autosaveUrl, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual", // to the sign-in page, as a rule
      keepalive: document.visibilityState === "hidden",
    });
    return await understand(form, reply);
  } catch {
    return { text: "Not saved yet: no connection. Your text is still here, and will be sent again." };
  }
}

async function understand(form, reply) {
  const signedOut = reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403;
  const data = await reply.json().catch(() => ({}));
  for (const [name, version] of Object.entries(data.versions ?? {})) {
    if (form.elements[name]) form.elements[name].value = version;
  }
  if (reply.ok) return { saved: true, at: data.saved_at ?? ukTime(new Date()) };
  // Some of what was sent may be saved: `refused` names the rest. Without it all of it is refused.
  const prefixes = Object.keys(data.refused ?? {});
  const concerns = (answer) => prefixes.length === 0
    || prefixes.some((prefix) => answer.querySelector(`[name="${CSS.escape(prefix)}"], [name^="${CSS.escape(prefix)}-"]`));
  if (reply.status === 409 || reply.status === 412) {
    return {
      final: true,
      concerns,
      text: data.detail ?? "A colleague changed this answer after you opened it. Your text is still here: choose Save to see both.",
    };
  }
  if (signedOut) {
    return { final: true, concerns, text: "Not saved: you are signed out. Your text is still here. Sign in in another tab, then choose Save." };
  }
  if (reply.status >= 500 || reply.status === 429) {
    return { text: "Not saved yet: Soundings did not answer. Your text is still here, and will be sent again." };
  }
  return { final: true, concerns, text: data.detail ?? "Not saved. Your text is still here: choose Save to see why." };
}

function ukTime(instant) {
  const time = instant.toLocaleTimeString("en-GB", { timeZone: "Europe/London", hour: "2-digit", minute: "2-digit" });
  return `${time} UK time`;
}
