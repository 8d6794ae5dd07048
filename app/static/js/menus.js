// <details> menus: one open at a time, closed by Escape or a click elsewhere, arrows move within. And dialogs.
(() => {
  const open = () => document.querySelector("details.menu[open]");

  const close = (menu, focus) => {
    menu.removeAttribute("open");
    if (focus) menu.querySelector("summary").focus();
  };

  document.addEventListener("click", (event) => {
    const menu = open();
    if (menu && !menu.contains(event.target)) close(menu);
    const opener = event.target.closest("[data-open-dialog]");
    if (opener) {
      if (menu) close(menu);
      document.getElementById(opener.dataset.openDialog).showModal();
    }
    if (event.target.matches("dialog[open]")) event.target.close(); // The backdrop belongs to the dialog.
  });

  document.addEventListener("keydown", (event) => {
    const menu = open();
    if (!menu) return;
    if (event.key === "Escape") return close(menu, true);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = [...menu.querySelectorAll(".menu-item")];
    if (!items.length || event.target.matches("input")) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length].focus();
  });

  document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-focus]")?.focus());
})();
