// Light or dark before the first paint: the choice kept in this browser, else what the system says.
(() => {
  const root = document.documentElement;
  root.classList.remove("no-js");

  const kept = () => {
    try {
      return localStorage.getItem("theme") ?? "";
    } catch {
      return ""; // Storage may be off; the system's choice then stands.
    }
  };
  const show = (theme) => {
    if (theme) root.dataset.bsTheme = theme;
    else delete root.dataset.bsTheme;
  };

  show(kept());

  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.querySelector(`input[name="theme"][value="${kept()}"]`);
    if (choice) choice.checked = true;
  });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "theme") return;
    show(event.target.value);
    localStorage.setItem("theme", event.target.value);
  });
  window.addEventListener("storage", (event) => {
    if (event.key === "theme") show(event.newValue ?? "");
  });
})();
