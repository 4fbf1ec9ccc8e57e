/* The table: a click on a heading sorts; the total stays last. */
(() => {
  const table = document.getElementById("figures");
  const body = table.tBodies[0];
  const original = [...body.rows];
  const key = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent;

  function compare(a, b, numeric) {
    return numeric ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true });
  }

  function sort(heading) {
    const column = heading.cellIndex, numeric = heading.dataset.numeric === "1";
    const up = heading.getAttribute("aria-sort") === "descending" ||
      (!heading.hasAttribute("aria-sort") && !numeric);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = original.map((row) => [key(row, column), row]);
    // Missing numbers come last, whatever the direction.
    const known = rows.filter(([value]) => !numeric || value !== "");
    const missing = rows.filter(([value]) => numeric && value === "");
    known.sort(([a], [b]) => (up ? 1 : -1) * compare(a, b, numeric));
    body.replaceChildren(...[...known, ...missing].map(([, row]) => row));
  }

  for (const heading of table.tHead.rows[0].cells) {
    heading.querySelector("button").onclick = () => sort(heading);
  }
})();
