// Ctrl or Cmd and K: every page the rail and one's menu lead to, every action this page offers, found by typing.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  let all = [];
  let from = null; // Where the focus was,
  let caret = null; // and in the editor the caret, which a dialog takes away.

  const words = (element) =>
    (element.dataset.command || element.querySelector(".rail-name")?.textContent || element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent)
      .replace(/\s+/g, " ")
      .trim();
  const seen = (element) => element.checkVisibility?.() && !element.disabled;
  const name = (element) => (element.querySelector("kbd") ? words(element).replace(element.querySelector("kbd").textContent, "").trim() : words(element));

  // The page itself is the list of what one may do: a page new in the rail is here at once.
  const gather = () => {
    const actions = [...document.querySelectorAll("main [data-key], main [data-command], .top [data-key], .property select")].filter(seen);
    const pages = [...document.querySelectorAll("#rail li a, .rail-switch, .menu-end .menu-item")];
    const entry = (group) => (element) => ({ element, group, name: name(element), icon: element.querySelector("svg"), key: element.dataset.key });
    const found = [...actions.map(entry(dialog.dataset.here)), ...pages.map(entry(dialog.dataset.pages))];
    return found.filter((one, at) => one.name && found.findIndex((other) => other.element === one.element) === at);
  };

  const matching = (typed) => {
    const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = all.filter((one) => parts.every((part) => one.name.toLowerCase().includes(part)));
    const early = (one) => (parts.length && one.name.toLowerCase().startsWith(parts[0]) ? 0 : 1);
    return hits.sort((one, other) => early(one) - early(other));
  };

  const option = (one, at) => {
    const item = document.createElement("li");
    Object.assign(item, { id: `palette-${at}`, className: "palette-item" });
    item.setAttribute("role", "option");
    item.act = one;
    if (one.icon) item.append(one.icon.cloneNode(true));
    const text = document.createElement("span");
    text.textContent = one.name;
    const group = document.createElement("small");
    group.textContent = one.group;
    item.append(text, group);
    if (one.key) item.append(Object.assign(document.createElement("kbd"), { textContent: one.key }));
    return item;
  };

  const chosen = () => list.querySelector('[aria-selected="true"]');
  const choose = (item) => {
    list.querySelectorAll("[role=option]").forEach((each) => each.setAttribute("aria-selected", String(each === item)));
    field.setAttribute("aria-activedescendant", item?.id ?? "");
    item?.scrollIntoView({ block: "nearest" });
  };

  const show = () => {
    const typed = field.value.trim();
    const found = matching(typed);
    const search = document.querySelector(".search");
    if (typed && search) found.push({ name: dialog.dataset.search.replace("{words}", typed), group: "", go: `${search.getAttribute("action")}?q=${encodeURIComponent(typed)}` });
    list.replaceChildren(...found.map(option));
    choose(list.firstElementChild);
  };

  const open = () => {
    from = document.activeElement;
    caret = from.editor?.getSelectedRange() ?? null;
    all = gather();
    field.value = "";
    dialog.showModal();
    show();
    field.focus();
  };

  const run = ({ element, go }) => {
    dialog.close();
    if (go) return location.assign(go);
    if (element.matches("#rail a")) return location.assign(element.href);
    if (!element.matches("select")) return element.click();
    element.focus();
    element.showPicker?.();
  };

  const move = (step) => {
    const items = [...list.children];
    if (items.length) choose(items[(items.indexOf(chosen()) + step + items.length) % items.length]);
  };
  const keys = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => chosen() && run(chosen().act) };

  const writesLink = (target) => target.closest?.("trix-editor") && !getSelection().isCollapsed; // Ctrl+K makes a link of it.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (writesLink(event.target)) return;
      event.preventDefault();
      event.stopPropagation();
      if (dialog.open) dialog.close();
      else if (!document.querySelector("dialog[open]")) open();
    },
    true,
  );
  field.addEventListener("input", show);
  dialog.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.isComposing || !event.target.matches("input")) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) run(item.act);
  });
  dialog.addEventListener("close", () => {
    if (caret && document.activeElement === from) from.editor.setSelectedRange(caret);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]")) return;
    event.target.closest("details")?.removeAttribute("open");
    open();
  });
})();
