// The bell opens its menu in place, and asks every half a minute, while the page is seen, whether its number changed.
(() => {
  const EVERY = 30_000;
  const bell = document.querySelector("[data-bell]");
  if (!bell) return;
  const opener = bell.querySelector(".bell-open");
  const badge = bell.querySelector(".bell-count");
  const menu = bell.querySelector(".bell-menu");
  const title = document.title;
  let etag = "";

  const show = (unread, label) => {
    badge.hidden = !unread;
    badge.textContent = unread < 100 ? unread : "99+";
    if (label) opener.setAttribute("aria-label", label);
    document.title = unread ? `(${badge.textContent}) ${title}` : title;
  };

  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const headers = { Accept: "application/json", ...(etag && { "If-None-Match": etag }) };
      const answer = await fetch(bell.dataset.bell, { headers, cache: "no-store" });
      if (answer.status !== 200) return;
      etag = answer.headers.get("ETag") ?? "";
      const { unread, label } = await answer.json();
      show(unread, label);
      if (!menu.hidden) load();
    } catch {
      // No connection: the number as it stands was true a moment ago.
    }
  };

  const load = async () => {
    const answer = await fetch(bell.dataset.latest, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return location.assign(opener.href);
    const inside = menu.contains(document.activeElement);
    menu.innerHTML = await answer.text();
    if (inside) menu.querySelector("a, button")?.focus();
  };

  const close = (focus) => {
    menu.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    if (focus) opener.focus();
  };

  const open = async () => {
    try {
      await load();
    } catch {
      return location.assign(opener.href);
    }
    menu.hidden = false;
    opener.setAttribute("aria-expanded", "true");
  };

  opener.setAttribute("role", "button");
  opener.setAttribute("aria-expanded", "false");
  opener.setAttribute("aria-controls", menu.id);
  opener.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    menu.hidden ? open() : close();
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    opener.click();
  });
  menu.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer?.ok) ask();
    else form.submit();
  });
  document.addEventListener("click", (event) => !menu.hidden && !bell.contains(event.target) && event.target.isConnected && close());
  document.addEventListener("keydown", (event) => event.key === "Escape" && !menu.hidden && close(true));
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, EVERY);
  show(badge.hidden ? 0 : badge.textContent === "99+" ? 100 : Number(badge.textContent));
})();
