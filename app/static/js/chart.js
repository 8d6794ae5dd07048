// Draws the table of days as lines, in the theme's colours; the table stays for those who read it.
(() => {
  const canvas = document.querySelector("[data-chart=days]");
  const table = document.getElementById("days");
  if (!canvas || !table || !window.Chart) return;
  const rows = [...table.tBodies[0].rows];
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);

  const colour = (name) => {
    const probe = document.createElement("span");
    probe.className = `chart-${name}`;
    canvas.parentElement.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const line = (at, name, dash) => ({
    label: names[at],
    data: rows.map((row) => Number(row.cells[at].textContent)),
    borderColor: colour(name),
    backgroundColor: colour(name),
    borderDash: dash, // Not by colour alone
    borderWidth: 2,
    pointRadius: 2,
  });

  const draw = () =>
    new Chart(canvas, {
      type: "line",
      data: {
        labels: rows.map((row) => row.cells[0].textContent),
        datasets: [line(1, "arrived", []), line(2, "resolved", [6, 4])],
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        color: colour("text"),
        interaction: { mode: "index", intersect: false },
        plugins: { legend: { align: "end", labels: { usePointStyle: true, pointStyle: "line" } } },
        scales: {
          x: { grid: { display: false }, ticks: { color: colour("text"), maxTicksLimit: 8, maxRotation: 0 } },
          y: { beginAtZero: true, grid: { color: colour("grid") }, ticks: { color: colour("text"), precision: 0 } },
        },
      },
    });

  let chart = draw();
  const again = () => {
    chart.destroy();
    chart = draw();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
