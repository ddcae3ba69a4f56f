// Tables: those of other views than the first are made here, all are sorted here. Names are only ever set as text.
"use strict";
board.tables = (() => {
  const { element } = board;
  const first = new WeakMap();  // the rows of a table in the order in which they came

  function cell(tag, [text, sort, note = "", badges = [], shade = 0]) {
    const made = element(tag, { "data-sort": sort ?? "", scope: tag === "th" ? "row" : null, class: shade ? `shade-${shade}` : null }, text);
    for (const [kind, words] of badges) made.append(" ", element("span", { class: `badge ${kind}` }, words));
    if (note) made.append(element("small", {}, note));
    return made;
  }

  function make({ caption, sorted, columns, rows }) {
    const heads = columns.map(([key, title, unit, order]) => element(
      "th", { scope: "col", "data-key": key, "data-first": order, "aria-sort": key === sorted ? order : null },
      element("span", { class: "head" }, title), ...(unit ? [element("small", {}, unit)] : []),
    ));
    const body = rows.map(([solver, partial, cells]) => element(
      "tr", { "data-solver": solver, class: partial ? "partial" : null }, ...cells.map((one, i) => cell(i === 0 ? "th" : "td", one)),
    ));
    const table = element(
      "table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body),
    );
    return element("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, table);
  }

  const heads = (table) => [...table.tHead.rows[0].cells];

  // Makes the headings of a table buttons; chosen is told the key of a column and the order that it shall have.
  function sortable(table, chosen) {
    first.set(table, { rows: [...table.tBodies[0].rows], sorted: heads(table).map((head) => head.getAttribute("aria-sort")) });
    for (const head of heads(table)) {
      const label = head.querySelector(".head");
      const button = element("button", { type: "button" }, label.textContent);
      label.replaceChildren(button);
      button.addEventListener("click", () => {
        const opposite = new Map([["ascending", "descending"], ["descending", "ascending"]]);
        chosen({ key: head.dataset.key, order: opposite.get(head.getAttribute("aria-sort")) ?? head.dataset.first }, table);
      });
    }
  }

  // Solvers that did not run on every instance stay behind the others, and missing values come last.
  function sort(table, wanted) {
    const { rows, sorted } = first.get(table);
    const column = wanted === null ? -1 : heads(table).findIndex((head) => head.dataset.key === wanted.key);
    heads(table).forEach((head, i) => {
      const order = column < 0 ? sorted[i] : i === column ? wanted.order : null;
      if (order) head.setAttribute("aria-sort", order);
      else head.removeAttribute("aria-sort");
    });
    if (column < 0) return table.tBodies[0].append(...rows);
    const sign = wanted.order === "descending" ? -1 : 1;
    const value = (row) => row.cells[column].dataset.sort;
    const words = rows.some((row) => value(row) !== "" && Number.isNaN(Number(value(row))));
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return sign * (words ? x.localeCompare(y) : x - y);
    };
    const partial = (row) => row.classList.contains("partial");
    table.tBodies[0].append(...rows.slice().sort((a, b) => partial(a) - partial(b) || compare(a, b)));
  }

  return { make, sortable, sort };
})();
