// A list by keyboard: j and k move, Enter opens, x selects, e resolves what is selected; coming back finds the row.
(() => {
  const rows = () => [...document.querySelectorAll(".row-item")];
  const link = (row) => row.querySelector(".row-link");
  const box = (row) => row.querySelector("[name=number]");
  const here = () => document.querySelector(".row-item.is-here") ?? document.activeElement?.closest(".row-item");

  const stand = (row) => {
    if (!row) return;
    document.querySelector(".row-item.is-here")?.classList.remove("is-here");
    row.classList.add("is-here");
    link(row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const all = rows();
    const at = all.indexOf(here());
    stand(all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)]);
  };

  const count = () => {
    const form = document.getElementById("bulk");
    if (!form) return;
    const boxes = rows().map(box);
    const selected = boxes.filter((one) => one.checked).length;
    form.classList.toggle("is-picking", selected > 0);
    const words = form.querySelector("[data-selected]");
    words.textContent = selected ? words.dataset.selected.replace("0", selected) : "";
    const all = form.querySelector("[data-select-all]");
    all.checked = selected > 0 && selected === boxes.length;
    all.indeterminate = selected > 0 && selected < boxes.length;
    offer(form);
  };

  // Apply waits for something to apply.
  const offer = (form) => {
    const chosen = [...form.querySelectorAll(".bulk-field")].some((field) => field.value.trim());
    form.querySelector("[data-apply]").disabled = !chosen;
  };

  const resolve = () => {
    const row = here();
    if (row && !document.querySelector("#bulk [name=number]:checked")) box(row).checked = true;
    const form = document.getElementById("bulk");
    if (form?.querySelector("[name=number]:checked")) form.requestSubmit(form.querySelector("[value=resolve]"));
  };

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const row = here();
      if (!row) return;
      box(row).checked = !box(row).checked;
      count();
    },
    e: resolve,
    a: () => {
      const row = here();
      if (row && !document.querySelector("#bulk [name=number]:checked")) box(row).checked = true;
      count();
      document.getElementById("bulk-assignee")?.focus();
    },
    o: () => here() && link(here()).click(),
  };

  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input:not([type=checkbox]), textarea, select") || document.querySelector("dialog[open]");
    if (busy || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  let last = null; // Shift extends a selection from the box before.
  document.addEventListener("click", (event) => {
    if (!event.target.matches("#bulk [name=number]")) return;
    const boxes = rows().map(box);
    if (event.shiftKey && last && boxes.includes(last)) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(event.target)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((one) => (one.checked = event.target.checked));
    }
    last = event.target;
    count();
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-select-all]")) return;
    rows().forEach((row) => (box(row).checked = event.target.checked));
    count();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches(".bulk-field")) offer(event.target.form);
  });
  document.addEventListener("reset", () => setTimeout(count));
  document.addEventListener("htmx:after:swap", count);

  const remember = () => {
    if (document.getElementById("bulk")) sessionStorage.setItem("list", location.pathname + location.search);
  };

  const arrive = () => {
    count();
    const row = document.getElementById(location.hash.slice(1));
    if (row?.matches(".row-item")) stand(row);
  };
  document.addEventListener("DOMContentLoaded", arrive);
  window.addEventListener("pageshow", arrive);
  window.addEventListener("pagehide", remember);
})();
