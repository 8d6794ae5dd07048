// "@" in the composer offers colleagues who may see the ticket. What is written is plain text: typed by hand it works too.
(() => {
  const form = document.querySelector("[data-people]");
  const editor = form?.querySelector("trix-editor");
  if (!editor) return;
  const CALLED = /(?:^|[^\p{L}\p{N}_.@+-])@([\p{L}\p{N}'’-]*(?: [\p{L}\p{N}'’-]*)?)$/u;
  const list = Object.assign(document.createElement("ul"), { id: "mentions", className: "mentions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.peopleLabel);
  document.body.append(list);
  let people = null;
  let at = 0;
  let called = "";

  const names = () =>
    (people ??= fetch(form.dataset.people, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : { people: [] }))
      .then((found) => found.people)
      .catch(() => []));

  const close = () => {
    list.hidden = true;
    editor.removeAttribute("aria-activedescendant");
  };

  const mark = (index) => {
    const options = [...list.children];
    at = (index + options.length) % options.length;
    options.forEach((option, number) => option.setAttribute("aria-selected", number === at));
    editor.setAttribute("aria-activedescendant", options[at].id);
    options[at].scrollIntoView({ block: "nearest" });
  };

  const place = (start) => {
    const sign = editor.editor.getClientRectAtPosition(start) ?? editor.getBoundingClientRect();
    list.hidden = false;
    const above = sign.top - list.offsetHeight - 6;
    list.style.top = `${above > 8 ? above : sign.bottom + 6}px`;
    list.style.left = `${Math.min(sign.left, innerWidth - list.offsetWidth - 8)}px`;
  };

  const offer = async () => {
    const [start, end] = editor.editor.getSelectedRange();
    const found = start === end && CALLED.exec(editor.editor.getDocument().toString().slice(0, end));
    if (!found) return close();
    called = found[1];
    const wanted = called.toLocaleLowerCase();
    const fits = (name) => name.toLocaleLowerCase().startsWith(wanted) || name.toLocaleLowerCase().split(" ").some((word) => word.startsWith(wanted));
    const shown = (await names()).filter(fits).slice(0, 8);
    if (!shown.length || editor.editor.getSelectedRange()[1] !== end) return close();
    list.replaceChildren(...shown.map((name, number) => Object.assign(document.createElement("li"), { id: `mention-${number}`, textContent: name })));
    [...list.children].forEach((option) => option.setAttribute("role", "option"));
    place(end - called.length - 1);
    mark(0);
  };

  const choose = () => {
    const [, end] = editor.editor.getSelectedRange();
    editor.editor.setSelectedRange([end - called.length, end]);
    editor.editor.insertString(`${list.children[at].textContent} `);
    close();
    editor.focus();
  };

  const keys = { ArrowDown: () => mark(at + 1), ArrowUp: () => mark(at - 1), Enter: choose, Tab: choose, Escape: close };
  form.addEventListener(
    "keydown",
    (event) => {
      const act = keys[event.key];
      if (list.hidden || !act || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    },
    true,
  );
  editor.setAttribute("aria-controls", list.id);
  editor.setAttribute("aria-autocomplete", "list");
  editor.addEventListener("trix-selection-change", offer);
  editor.addEventListener("trix-blur", close);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // The editor keeps its cursor.
    at = [...list.children].indexOf(event.target);
    if (at >= 0) choose();
  });
})();
