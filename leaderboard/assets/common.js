// What the scripts of the page share: numbers as people read them, colours of families, elements whose text is only
// ever set as text, and the parts that every plot has.
"use strict";
globalThis.board = (() => {
  const NONE = 1e-6;  // gaps up to this count as none

  // Colour, symbol and dash of each family: any one of the three tells them apart.
  const FAMILIES = new Map([
    ["exact", { symbol: "circle", dash: "" }],
    ["relaxation", { symbol: "triangle", dash: "7 3" }],
    ["search", { symbol: "square", dash: "2 3" }],
    ["learning", { symbol: "star", dash: "" }],
    ["baseline", { symbol: "diamond", dash: "9 3 2 3" }],
    ["other", { symbol: "wye", dash: "4 2" }],
  ]);
  const colour = (family) => `var(--kind-${FAMILIES.has(family) ? family : "other"})`;
  const style = (family) => FAMILIES.get(family) ?? FAMILIES.get("other");

  const digits = (value, count) => String(+value.toPrecision(count));
  function seconds(s, count = 2) {
    if (s >= 7200) return `${digits(s / 3600, count)} h`;
    if (s >= 120) return `${digits(s / 60, count)} min`;
    if (s >= 1) return `${digits(s, count)} s`;
    return s >= 1e-3 ? `${digits(s * 1e3, count)} ms` : `${digits(s * 1e6, count)} µs`;
  }
  const percent = (share, count = 2) => (share <= NONE ? "0 %" : `${digits(share * 100, count)} %`);
  const tick = (gap) => `${digits(gap * 100, 1)} %`;
  const short = (name, most = 24) => ([...name].length > most ? `${[...name].slice(0, most - 1).join("")}…` : name);

  // An element; strings among its children become text.
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  // A small table: rows of strings or elements, the first of each row its heading.
  function smallTable(caption, heads, rows) {
    const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
    const body = rows.map(([first, ...rest]) => element(
      "tr", {}, element("th", { scope: "row" }, first), ...rest.map((cell) => (cell instanceof Element && cell.tagName === "TD" ? cell : element("td", {}, cell))),
    ));
    const table = element("table", {}, element("caption", {}, element("span", {}, caption)), element("thead", {}, head), element("tbody", {}, ...body));
    return element("div", { class: "scroll small", role: "region", "aria-label": caption, tabindex: "0" }, table);
  }

  // A row of tabs: arrow keys, Home and End move, as screen readers announce.
  function tabList(bar, choose) {
    bar.addEventListener("keydown", (event) => {
      const tabs = [...bar.children].filter((tab) => !tab.hidden);
      const [at, last] = [tabs.indexOf(event.target), tabs.length - 1];
      const moves = new Map([["ArrowRight", at === last ? 0 : at + 1], ["ArrowLeft", at === 0 ? last : at - 1], ["Home", 0], ["End", last]]);
      if (at < 0 || !moves.has(event.key)) return;
      event.preventDefault();
      const tab = tabs[moves.get(event.key)];
      choose(tab.value);
      tab.focus();
    });
  }
  function tab(value, text, panel, choose) {
    const made = element("button", { type: "button", role: "tab", value, id: `tab-${panel.id}`, "aria-controls": panel.id }, text);
    made.addEventListener("click", () => choose(value));
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", made.id);
    return made;
  }
  function select(bar, value) {
    for (const one of bar.children) {
      one.setAttribute("aria-selected", String(one.value === value));
      one.tabIndex = one.value === value ? 0 : -1;
    }
  }

  // Parts of plots

  const grid = { stroke: "var(--line)", strokeOpacity: 1 };
  const base = { style: { background: "none", fontSize: "12px" } };
  const powers = (low, high) => d3.range(Math.ceil(Math.log10(low) - 1e-9), Math.log10(high) + 1e-9).map((e) => 10 ** e);
  const few = (ticks, most) => ticks.filter((_, i) => (ticks.length - 1 - i) % Math.max(1, Math.ceil(ticks.length / most)) === 0);
  function named(svg, text) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", text);
    return svg;
  }
  // A logarithmic axis has no zero: gaps of none sit on a floor below the smallest gap that is one.
  function floorOf(gaps) {
    return 10 ** (Math.floor(Math.log10(Math.min(0.1, ...gaps.filter((gap) => gap > NONE)))) - 1);
  }

  // Names at the right ends of lines, apart from one another: heights as close to the wanted ones as fit.
  function spread(heights, apart, low, high) {
    const order = d3.sort(d3.range(heights.length), (i) => heights[i]);
    const placed = heights.slice();
    let under = low;
    for (const i of order) { placed[i] = Math.max(placed[i], under); under = placed[i] + apart; }
    let over = high;
    for (const i of order.reverse()) { placed[i] = Math.min(placed[i], over); over = placed[i] - apart; }
    return placed;
  }
  const SVG = "http://www.w3.org/2000/svg";
  function drawn(tag, attributes, text = "") {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  }
  // Ends are {text, x, y, colour}; the names stand at x = at.
  function endLabels(svg, ends, at, low, high) {
    const layer = drawn("g", { class: "labels", "aria-hidden": "true" });
    const heights = spread(ends.map((end) => end.y), 14, low, high);
    ends.forEach((end, i) => {
      const y = heights[i];
      if (at - end.x > 7 || Math.abs(y - end.y) > 3) {
        layer.append(drawn("path", { d: `M${end.x + 2},${end.y}L${at - 3},${y}`, stroke: end.colour, "stroke-width": 0.75, "stroke-opacity": 0.7, fill: "none" }));
      }
      layer.append(drawn("text", { class: "label", x: at, y, dy: "0.32em", "text-anchor": "start", style: `fill: ${end.colour}` }, end.text));
    });
    svg.append(layer);
  }

  // The mark and, for lines, the dash of a family, as its legend shows them.
  const SYMBOLS = { circle: d3.symbolCircle, triangle: d3.symbolTriangle, square: d3.symbolSquare, star: d3.symbolStar, diamond: d3.symbolDiamond, wye: d3.symbolWye };
  function swatch(family, line = false) {
    const { symbol, dash } = style(family);
    const svg = drawn("svg", { width: line ? 30 : 12, height: 12, "aria-hidden": "true", class: "swatch" });
    const middle = line ? 15 : 6;
    if (line) svg.append(drawn("path", { d: "M0,6H30", stroke: colour(family), "stroke-width": 2, "stroke-dasharray": dash }));
    svg.append(drawn("path", { d: d3.symbol(SYMBOLS[symbol], 52)(), transform: `translate(${middle}, 6)`, fill: colour(family) }));
    return svg;
  }
  const families = (there) => [...FAMILIES.keys()].filter((family) => there.has(family));

  return {
    swatch, families, NONE, FAMILIES, colour, style, digits, seconds, percent, tick, short, element, smallTable, tabList, tab, select,
    grid, base, powers, few, named, floorOf, drawn, endLabels, plots: new Map(),
  };
})();
