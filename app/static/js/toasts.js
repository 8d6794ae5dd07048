// Messages at the edge: they leave after a while, unless one looks at them; and what to say when the line is down.
(() => {
  const STAYS = 8; // seconds
  const timers = new WeakMap();

  const box = () => document.getElementById("toasts");

  const start = (toast) => {
    if (toast.matches(".is-danger, .is-warning")) return; // Trouble stays until it is dismissed.
    timers.set(toast, setTimeout(() => toast.remove(), (toast.dataset.stays ?? STAYS) * 1000));
  };
  const startAll = () => box()?.querySelectorAll(".toast-line").forEach((toast) => timers.has(toast) || start(toast));

  const say = (text, kind = "success") => {
    const toast = document.createElement("div");
    toast.className = `toast-line is-${kind}`;
    const words = document.createElement("span");
    words.textContent = text;
    toast.append(words);
    box()?.append(toast);
    start(toast);
    if (kind === "danger") timers.set(toast, setTimeout(() => toast.remove(), STAYS * 2000));
  };

  document.addEventListener("click", (event) => {
    event.target.closest("[data-close-toast]")?.closest(".toast-line").remove();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => say(document.body.dataset.copied));
  });
  document.addEventListener("mouseover", (event) => {
    const toast = event.target.closest(".toast-line");
    if (toast) clearTimeout(timers.get(toast));
  });
  document.addEventListener("mouseout", (event) => {
    const toast = event.target.closest(".toast-line");
    if (toast && !toast.contains(event.relatedTarget)) start(toast);
  });

  document.addEventListener("DOMContentLoaded", startAll);
  document.addEventListener("htmx:after:swap", startAll);
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.request?.method === "GET") return; // The page as it stands is still true.
    say(document.body.dataset.offline, "danger");
  });
  document.addEventListener("htmx:response:error", (event) => {
    const status = event.detail.ctx.response.status;
    if (status >= 500) say(document.body.dataset.failed, "danger");
    if (status === 401) location.reload(); // Signed out meanwhile: the sign-in page brings one back here.
  });
  document.addEventListener("say", (event) => say(event.detail.text, event.detail.kind));
})();
