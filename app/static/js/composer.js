// The editor: Trix in the place of the textarea, its draft kept, Reply or Note, Ctrl+Enter sends, and what follows.
(() => {
  const form = document.getElementById("composer");
  const area = form?.querySelector("[data-editor]");
  if (!area) return;
  const kept = form.querySelector("[data-kept]");
  let editor = null;
  let pause = 0;
  let submitted = "";

  Trix.config.attachments.preview.caption = { name: false, size: false }; // They would be mailed as text.

  const kind = () => form.querySelector("[name=kind]:checked");

  const mount = () => {
    const html = document.createElement("input");
    Object.assign(html, { type: "hidden", name: "html", id: "composer-html" });
    editor = document.createElement("trix-editor");
    editor.setAttribute("input", html.id);
    editor.setAttribute("toolbar", "toolbar");
    editor.setAttribute("aria-label", area.getAttribute("aria-label") ?? form.querySelector(`label[for=${area.id}]`).textContent);
    const typed = area.value;
    area.replaceWith(html, editor);
    editor.addEventListener("trix-initialize", () => begin(typed), { once: true });
  };

  const begin = (typed) => {
    const draft = window.drafts.read(form);
    if (typed) editor.editor.insertString(typed);
    else if (draft) {
      editor.editor.loadHTML(draft.html);
      const radio = form.querySelector(`[name=kind][value="${draft.kind}"]`);
      if (radio && !radio.disabled) radio.checked = true;
      open();
      kept.textContent = document.body.dataset.draft;
    }
    name();
    editor.addEventListener("trix-change", changed);
  };

  const name = () => {
    const words = area.dataset[`${kind()?.value}Placeholder`];
    if (words) editor.setAttribute("placeholder", words);
  };

  const open = () => form.classList.add("is-open");
  const empty = () => !editor.editor.getDocument().toString().trim();

  const changed = () => {
    open();
    clearTimeout(pause);
    pause = setTimeout(keep, 400);
  };
  const keep = () => {
    clearTimeout(pause);
    const draft = empty() ? null : { html: editor.value, kind: kind()?.value };
    const done = window.drafts.write(form, draft);
    kept.textContent = done && draft ? document.body.dataset.draft : "";
  };

  const sent = () => {
    form.querySelector("[name=once]").value = crypto.randomUUID();
    if (editor.value !== submitted) return; // Already writing the next one: that stays.
    clearTimeout(pause);
    window.drafts.write(form, null);
    editor.editor.loadHTML("");
    clearTimeout(pause);
    form.querySelectorAll("[name=attachment]").forEach((field) => field.remove());
    form.querySelector("[data-files]")?.replaceChildren();
    form.querySelector("#composer-errors")?.replaceChildren();
    kept.textContent = "";
    form.classList.remove("is-open");
    document.activeElement?.blur();
    document.querySelector(".message:last-of-type")?.scrollIntoView({ block: "end" });
  };

  mount();
  form.addEventListener("focusin", (event) => event.target === editor && open());
  form.addEventListener("change", (event) => {
    if (event.target.name !== "kind") return;
    name();
    keep();
    editor.focus();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[name=then][value=stay]") ?? form.querySelector(".btn-primary"));
  });
  form.addEventListener("submit", () => {
    submitted = editor.value;
    keep();
  });
  window.addEventListener("pagehide", keep);
  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement === form && ctx.response?.status < 400) sent();
  });
  document.addEventListener("keydown", (event) => {
    const wanted = { r: "reply", n: "note" }[event.key];
    if (!wanted || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, trix-editor")) return;
    const radio = form.querySelector(`[name=kind][value=${wanted}]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    name();
    editor.focus();
  });
})();
