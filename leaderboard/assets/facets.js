// Gap by size, as lines with intervals, and by class, as a table that is darker where it is worse.
"use strict";
(() => {
  const { element, percent, tick, short, powers, grid, colour, style } = board;

  const shownOf = ({ points }, data) => {
    const of = new Map(data.solvers);
    return points.map((p) => p.solver).filter((solver) => of.has(solver)).map((solver) => [solver, of.get(solver)]);
  };

  function sizes(context) {
    const { width, family, highlighted, sizes: data } = context;
    const shown = shownOf(context, data);
    const strong = board.emphasised(context);
    const all = shown.flatMap(([solver, cells]) => cells.flatMap((cell, i) => (cell ? [{ solver, users: data.values[i], gap: cell[0], low: cell[1], high: cell[2], n: cell[3] }] : [])));
    const floor = board.floorOf(all.map((p) => p.gap));
    const place = (gap) => Math.max(gap, floor);
    const named = shown.map(([solver]) => solver).filter((solver) => strong.has(solver) && all.some((p) => p.solver === solver));
    const most = width < 500 ? 13 : 24;
    const right = 30 + 6.9 * (d3.max(named, (solver) => [...short(solver, most)].length) ?? 0);
    const height = width < 500 ? 340 : 420;
    const line = { x: "users", y: (p) => place(p.gap), z: "solver" };
    const inked = (p) => colour(family(p.solver));
    const ranged = all.filter((p) => strong.has(p.solver) && p.low !== null && p.low < p.high);
    const svg = board.named(Plot.plot({
      ...board.base, width, height, marginLeft: 60, marginRight: right, marginTop: 24, marginBottom: 40,
      x: { type: "point", domain: data.values, label: "Users", padding: 0.15, tickFormat: (value) => Number(value).toLocaleString("en") },
      y: { type: "log", domain: [floor, 1.2], label: "Mean gap", labelArrow: "up" },
      symbol: { type: "identity" },
      marks: [
        Plot.gridY(powers(floor * 10, 1), grid),
        Plot.axisY([floor, ...powers(floor * 10, 1)], { tickSize: 0, tickFormat: (gap) => (gap === floor ? "0 %" : tick(gap)) }),
        Plot.axisX({ tickSize: 0, labelArrow: "none", labelAnchor: "center" }),
        Plot.line(all.filter((p) => !strong.has(p.solver)), { ...line, stroke: "var(--mark)", strokeOpacity: 0.45, strokeWidth: 1 }),
        Plot.link(ranged, { x: "users", y1: (p) => place(p.low), y2: (p) => place(p.high), stroke: inked, strokeOpacity: 0.5, strokeWidth: 1.5 }),
        ...named.map((solver) => Plot.line(all.filter((p) => p.solver === solver), {
          ...line, stroke: inked, strokeWidth: solver === highlighted ? 3 : 1.9, strokeDasharray: style(family(solver)).dash,
        })),
        Plot.dot(all, {
          x: "users", y: (p) => place(p.gap), r: (p) => (strong.has(p.solver) ? 3.5 : 2), fill: (p) => (strong.has(p.solver) ? inked(p) : "var(--mark)"),
          symbol: (p) => style(family(p.solver)).symbol, tip: true,
          title: (p) => `${p.solver}\n${p.users} users: gap ${percent(p.gap, 3)}\n${p.n} instances`,
        }),
      ],
    }), "Mean gap over the number of users, by solver; the figures are under it as a table.");
    const [x, y] = [svg.scale("x").apply, svg.scale("y").apply];
    const last = (solver) => all.findLast((p) => p.solver === solver);
    board.endLabels(svg, named.map((solver) => ({
      text: short(solver, most), x: x(last(solver).users) + 4, y: y(place(last(solver).gap)), colour: colour(family(solver)),
    })), width - right + 18, 24, height - 44);
    return svg;
  }

  const shade = (gap) => [0.001, 0.01, 0.1].filter((limit) => gap >= limit).length;
  const heads = (data) => ["Solver", ...data.values.map((value) => value.replaceAll("-", " "))];

  function shaded(context) {
    const rows = shownOf(context, context.classes).map(([solver, cells]) => [
      solver, ...cells.map((cell) => (cell ? element("td", { class: `shade-${shade(cell[0])}` }, percent(cell[0])) : "–")),
    ]);
    const table = board.smallTable("Mean gap by class", heads(context.classes), rows);
    table.classList.add("shaded");
    return table;
  }

  const range = ([gap, low, high]) => (low !== null && percent(low) !== percent(high) ? [element("small", {}, `${percent(low).replace(" %", "")} – ${percent(high)}`)] : []);
  const figures = (context, data, caption) => board.smallTable(caption, heads(data), shownOf(context, data).map(([solver, cells]) => [
    solver, ...cells.map((cell) => (cell ? element("td", {}, percent(cell[0], 3), ...range(cell)) : "–")),
  ]));

  board.plots.set("sizes", {
    offered: ({ points, sizes }) => points.length > 0 && Boolean(sizes), coloured: true, draw: sizes,
    figures: (context) => figures(context, context.sizes, "Mean gap by number of users, with 95 % intervals"),
  });
  board.plots.set("classes", {
    offered: ({ points, classes }) => points.length > 0 && Boolean(classes), draw: shaded,
    figures: (context) => figures(context, context.classes, "Mean gap by class, with 95 % intervals"),
  });
})();
