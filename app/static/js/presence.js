// Who else is here: says whether one is writing, asks nothing while nobody looks at the page, and shows what is new.
(() => {
  const RESTS = 15000; // Somebody who has not typed for so long is thinking, not writing.
  const writing = () => document.getElementById("writing");
  let rest = 0;

  const look = () => document.getElementById("watchers")?.dispatchEvent(new CustomEvent("look"));

  const wrote = (event) => {
    const field = event.target.closest("#composer trix-editor, #composer textarea");
    if (!field || !writing()) return;
    const was = writing().value;
    writing().value = (field.value ?? "").replace(/<[^>]*>/g, "").trim() ? "1" : "";
    if (was !== writing().value) look(); // Colleagues learn it now rather than in ten seconds.
    clearTimeout(rest);
    rest = setTimeout(() => (writing().value = ""), RESTS);
  };

  document.addEventListener("visibilitychange", () => document.hidden || look());
  document.addEventListener("trix-change", wrote);
  document.addEventListener("input", wrote);
  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx.sourceElement.id === "watchers" && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (!event.detail.ctx.sourceElement?.matches?.("[data-news]")) return;
    document.getElementById("presence").replaceChildren();
    document.querySelector("#timeline .message:last-of-type")?.scrollIntoView({ block: "nearest" });
  });
})();
