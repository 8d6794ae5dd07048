// A ticket: the original of a message in a sandboxed frame beneath it, and landing on the newest message.
(() => {
  const frame = (link) => {
    const article = link.closest("article");
    const shown = article.querySelector(".message-frame");
    if (shown?.getAttribute("src") === link.getAttribute("href")) return shown.remove();
    shown?.remove();
    const view = document.createElement("iframe");
    view.className = "message-frame";
    view.title = link.textContent.trim();
    // No allow-scripts and no allow-same-origin: the mail can neither run anything nor reach this page.
    view.sandbox = "allow-popups allow-popups-to-escape-sandbox";
    view.referrerPolicy = "no-referrer";
    view.src = link.getAttribute("href");
    link.closest(".message-foot").before(view);
  };

  // Back to the list one came from, filters and page included; the link alone knows only the inbox.
  document.addEventListener("click", (event) => {
    const back = event.target.closest(".case-back");
    const list = sessionStorage.getItem("list");
    const [inbox] = back ? back.getAttribute("href").split(/[?#]/) : [];
    if (back && list?.split("?")[0] === inbox) back.href = list + back.hash;
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-frame]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    frame(link);
  });

  // Somebody was faster: say so where one looks, also when the details are a closed sheet.
  const conflict = () => {
    const side = document.getElementById("side");
    if (!side.checkVisibility()) side.showPopover();
    document.getElementById("conflict").scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.response?.status === 409) conflict();
    if (ctx.sourceElement?.matches?.("[data-clear]")) document.querySelectorAll("[data-clear]").forEach((form) => form.reset());
  });

  document.addEventListener("DOMContentLoaded", () => {
    const messages = document.querySelectorAll(".message");
    if (!location.hash && messages.length > 3) messages[messages.length - 1].scrollIntoView({ block: "start" });
  });
})();
