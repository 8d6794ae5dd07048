// A reply taken back: its words become the draft that the editor opens with, before what was begun since.
(() => {
  const form = document.getElementById("composer");
  const back = form?.querySelector("[data-taken-back]");
  if (!back) return;
  const begun = window.drafts.read(form)?.html ?? "";
  window.drafts.write(form, { html: back.dataset.words + begun, kind: "reply" });
  form.querySelector("[data-editor]").value = "";
  history.replaceState(null, "", back.dataset.takenBack); // A reload shows the ticket and sends nothing again.
  back.remove();

  form.addEventListener("click", (event) => event.target.closest("[data-drop]")?.closest("li").remove());
})();
