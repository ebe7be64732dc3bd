// Sends a large file in pieces, and carries on from where it broke off: after a lost connection by itself, after a
// closed page when the same file is chosen again. Without it the form sends the file whole, up to a smaller size.
//
// The form carries data-upload-url (where uploads begin; responses/api/uploads.py speaks tus 1.0) and data-upload-above
// (bytes up to which the form sends the file itself).
const PIECE = 4 * 1024 * 1024;
const FIRST_RETRY = 2_000;
const LAST_RETRY = 60_000;

for (const form of document.querySelectorAll("form[data-upload-url]")) {
  form.addEventListener("submit", (event) => {
    const file = form.elements.file?.files?.[0];
    if (!file || file.size <= Number(form.dataset.uploadAbove)) return;
    event.preventDefault();
    if (!form.dataset.uploading) begin(form, file);
  });
}

async function begin(form, file) {
  form.dataset.uploading = "yes";
  const status = form.querySelector("[data-upload-status]");
  const say = (text, isProblem = false) => {
    status.classList.toggle("so-saved--problem", isProblem);
    status.textContent = text;
  };
  const leaving = (event) => event.preventDefault();
  window.addEventListener("beforeunload", leaving);
  try {
    await send(form, file, say);
    window.removeEventListener("beforeunload", leaving);
    window.location.assign(window.location.pathname);
  } catch (error) {
    say(error.message, true);
  } finally {
    window.removeEventListener("beforeunload", leaving);
    delete form.dataset.uploading;
  }
}

async function send(form, file, say) {
  const about = form.elements.about?.value ?? "";
  const key = `upload:${form.dataset.uploadUrl}:${about}:${file.name}:${file.size}:${file.lastModified}`;
  let place = localStorage.getItem(key);
  let at = place ? await reached(form, place) : null;
  if (at === null) {
    const metadata = [`filename ${base64(file.name)}`, ...(about ? [`question ${base64(about)}`] : [])].join(",");
    const reply = await ask(form, form.dataset.uploadUrl, "POST", { "Upload-Length": file.size, "Upload-Metadata": metadata });
    if (!reply.ok) throw new Error(await why(reply));
    place = new URL(reply.headers.get("Location")).pathname;
    localStorage.setItem(key, place);
    at = 0;
  }
  let retry = FIRST_RETRY;
  while (at < file.size) {
    say(`Sending: ${Math.floor((at / file.size) * 100)} %. You can close this page and choose the same file again later.`);
    const headers = { "Upload-Offset": at, "Content-Type": "application/offset+octet-stream" };
    const reply = await ask(form, place, "PATCH", headers, file.slice(at, at + PIECE)).catch(() => null);
    if (reply?.ok) {
      at = Number(reply.headers.get("Upload-Offset"));
      retry = FIRST_RETRY;
      continue;
    }
    if (reply && reply.status < 500 && reply.status !== 429 && reply.status !== 409) {
      localStorage.removeItem(key);
      throw new Error(await why(reply));
    }
    say("The connection broke off. What was sent is kept; trying again…", true);
    await new Promise((resolve) => setTimeout(resolve, retry));
    retry = Math.min(retry * 2, LAST_RETRY);
    const known = await reached(form, place).catch(() => at);
    if (known === null) {
      localStorage.removeItem(key);
      throw new Error("This upload has ended. Choose Attach to begin again.");
    }
    at = known;
  }
  localStorage.removeItem(key);
}

async function reached(form, place) {
  const reply = await ask(form, place, "HEAD");
  if (reply.status === 404) return null;
  return Number(reply.headers.get("Upload-Offset"));
}

function ask(form, url, method, headers = {}, body = undefined) {
  const token = form.elements.csrfmiddlewaretoken.value;
  return fetch(url, {
    method,
    body,
    headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": token, Accept: "application/json", ...headers },
    credentials: "same-origin",
  });
}

async function why(reply) {
  const data = await reply.json().catch(() => ({}));
  return data.detail ?? "The file was not taken. Try again, or give a smaller one.";
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
