// Gap, instance by instance: each solver a row of ticks.
"use strict";
board.plots.set("instances", (() => {
  const { percent, tick, short, powers, few, grid } = board;

  function draw({ points, width, highlighted }) {
    const floor = board.floorOf(points.flatMap((p) => p.gaps));
    const place = (gap) => Math.max(gap, floor);
    const spots = points.flatMap((p) => p.gaps.map((gap) => ({ solver: p.solver, gap })));
    const most = width < 500 ? 16 : 24;
    const longest = d3.max(points, (p) => short(p.solver, most).length);
    const names = d3.group(points, (p) => p.solver);
    const text = (solver) => `${solver === highlighted ? "▸ " : ""}${short(solver, most)}`;
    return board.named(Plot.plot({
      ...board.base, width, height: 60 + 26 * points.length, marginLeft: Math.min(20 + 7 * longest, 0.42 * width), marginRight: 20, marginTop: 8, marginBottom: 40,
      x: { type: "log", domain: [floor, 1], label: "Gap", labelArrow: "right" },
      y: { type: "band", domain: [...names.keys()], label: null, tickSize: 0, tickFormat: text, padding: 0.35 },
      marks: [
        Plot.gridX(powers(floor, 1), grid),
        Plot.axisX([floor, ...few(powers(floor * (width < 500 ? 100 : 10), 1), width / 110)], { tickSize: 0, tickFormat: (gap) => (gap === floor ? "optimal" : tick(gap)) }),
        Plot.tickX(spots, {
          x: (t) => place(t.gap), y: "solver", strokeOpacity: 0.45, strokeWidth: 1.5,
          stroke: (t) => (t.gap >= 1 ? "var(--bad)" : "var(--accent)"),
        }),
        Plot.dot(points, {
          x: (p) => place(p.median), y: "solver", symbol: "diamond", r: 5, fill: "var(--ink)", stroke: "var(--paper)",
          tip: true, title: (p) => `${p.solver}\nmean gap ${p.label}\n${p.instances} instances`,
        }),
      ],
    }), "Gap of each instance, by solver; the figures are under it as a table.");
  }

  function figures({ points }) {
    const shares = [0, 0.25, 0.5, 0.75, 1];
    return board.smallTable("Gap, instance by instance", ["Solver", "smallest", "quarter", "median", "three quarters", "largest"], points.map((p) => [
      p.solver, ...shares.map((share) => percent(share === 0.5 ? p.median : d3.quantileSorted(p.gaps, share), 3)),
    ]));
  }

  return { marked: true, offered: ({ points }) => points.length > 0, draw, figures };
})());
