for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const head = button.closest("th");
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].textContent;
    const numeric = head.dataset.kind === "number";
    const rows = [...body.rows].sort((a, b) =>
      numeric ? value(a) - value(b) : value(a).localeCompare(value(b), "en"));
    if (!up) rows.reverse();
    body.append(...rows);
  });
}
