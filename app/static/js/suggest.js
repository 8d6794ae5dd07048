// Suggestions under the search field (ARIA combobox): arrows choose, Enter opens, Escape closes. Enter alone searches.
(() => {
  const field = () => document.getElementById("search");
  const box = () => document.getElementById("suggestions");
  const options = () => [...box().querySelectorAll("[role=option]")];
  const chosen = () => box().querySelector('[aria-selected="true"]');

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field().setAttribute("aria-activedescendant", option.id);
    else field().removeAttribute("aria-activedescendant");
  };

  const show = (open) => {
    box().hidden = !open;
    field().setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  };

  const move = (step) => {
    const all = options();
    const at = all.indexOf(chosen()) + step;
    choose(at < 0 ? (at < -1 ? all.at(-1) : null) : (all[at] ?? null));
  };

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => location.assign(chosen().href),
    Escape: () => show(false),
  };

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target !== field() || event.isComposing) return;
      if (box().hidden && event.key === "ArrowDown" && options().length) show(true);
      if (box().hidden || !keys[event.key] || (event.key === "Enter" && !chosen())) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    },
    true,
  );

  document.addEventListener("htmx:after:swap", () => {
    if (!box()) return;
    if (box().contains(document.activeElement) || document.activeElement === field()) {
      choose(null);
      show(options().length > 0 && field().value.trim() !== "");
    }
  });
  document.addEventListener("submit", (event) => event.target.matches(".search") && show(false));
  document.addEventListener("focusout", (event) => {
    if (event.target === field() && !box().contains(event.relatedTarget)) show(false);
  });
  document.addEventListener("mousedown", (event) => {
    if (box()?.contains(event.target)) event.preventDefault(); // The field keeps the focus until the click.
  });
})();
