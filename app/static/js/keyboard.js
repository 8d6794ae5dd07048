// Keys that work everywhere. An element says which key presses it: data-key="c". Lists add theirs in rows.js.
(() => {
  const GO = { m: "mine", u: "unassigned", i: "open" };
  let going = 0;

  const typing = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, trix-editor, [contenteditable]");
  const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;

  const go = (key) => {
    const link = document.querySelector(`[data-folder="${GO[key]}"]`);
    if (link) location.assign(link.href);
    return Boolean(link);
  };

  const press = (key) => {
    const target = [...document.querySelectorAll(`[data-key="${key}"]`)].find((element) => element.checkVisibility());
    if (!target) return false;
    if (!target.matches("select")) target.click();
    else if (target.showPicker) {
      target.focus();
      target.showPicker();
    } else target.focus();
    return true;
  };

  const act = (key) => {
    if (Date.now() - going < 1200 && GO[key]) return go(key);
    going = key === "g" ? Date.now() : 0;
    if (key === "/") {
      document.getElementById("search")?.select();
      return true;
    }
    if (key === "?") {
      document.getElementById("keys")?.showModal();
      return true;
    }
    return press(key);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    if (!plain(event) || event.defaultPrevented || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key.length === 1 && act(event.key)) event.preventDefault();
  });
})();
