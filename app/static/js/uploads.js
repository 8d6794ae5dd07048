// Files dropped, pasted or picked: sent at once, tied to the message by a hidden id, pictures into the text.
(() => {
  const isPicture = (file) => /^image\/(png|jpe?g|gif|webp)$/.test(file.type);

  const send = (form, file, onProgress) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch() cannot tell how far an upload is.
      const body = new FormData();
      body.append("file", file);
      request.open("POST", form.dataset.upload);
      request.responseType = "json";
      request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=csrf-token]").content);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => event.lengthComputable && onProgress?.((event.loaded / event.total) * 100);
      request.onload = () => (request.status < 300 ? resolve(request.response) : reject(request.response?.message ?? ""));
      request.onerror = () => reject("");
      request.send(body);
    });

  const remember = (form, id) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "attachment", value: id });
    form.append(field);
    return field;
  };

  const list = (form, name) => {
    const files = form.querySelector("[data-files]");
    const item = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = name;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "×";
    remove.ariaLabel = `${files.dataset.remove} ${name}`;
    remove.addEventListener("click", () => {
      item.remove();
      item.field?.remove();
    });
    item.append(words, remove);
    files.append(item);
    return item;
  };

  const attach = async (form, file) => {
    const item = list(form, file.name);
    try {
      const sent = await send(form, file);
      item.field = remember(form, sent.id);
    } catch (message) {
      item.classList.add("is-failed");
      item.firstChild.textContent = `${file.name} ${message || form.querySelector("[data-files]").dataset.failed}`;
    }
  };

  const embed = async (form, attachment) => {
    try {
      const sent = await send(form, attachment.file, (percent) => attachment.setUploadProgress(percent));
      attachment.setAttributes({ url: sent.url });
      remember(form, sent.id);
    } catch {
      attachment.remove();
      list(form, `${attachment.file.name} ${form.querySelector("[data-files]").dataset.failed}`).classList.add("is-failed");
    }
  };

  document.addEventListener("trix-file-accept", (event) => {
    const form = event.target.closest("form");
    if (!form.dataset.upload) return event.preventDefault();
    if (isPicture(event.file)) return;
    event.preventDefault();
    attach(form, event.file);
  });
  document.addEventListener("trix-attachment-add", (event) => {
    if (event.attachment.file) embed(event.target.closest("form"), event.attachment);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-pick]")) return;
    const form = event.target.closest("form");
    for (const file of event.target.files) attach(form, file);
    event.target.value = ""; // They are on their way already; the form must not send them again.
  });
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => event.target.closest?.("#composer")?.classList.toggle("is-dropping", over));
  }
})();
