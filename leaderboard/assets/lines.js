// Lines over time: time to a target, speed against the fastest, best answer so far. The best solvers and the
// highlighted one are in the colours of their families with their names at the end, the others grey until pointed at.
"use strict";
(() => {
  const { seconds, percent, tick, short, powers, few, grid, colour, style } = board;

  // The three best, the best of each family, and the highlighted one.
  board.emphasised = ({ points, family, highlighted, width }) => {
    const most = width < 500 ? 6 : 9;
    const kept = new Set(highlighted ? [highlighted] : []);
    const leaders = d3.groups(points, (p) => family(p.solver)).map(([, members]) => members[0]);
    for (const p of [...points.slice(0, 3), ...leaders]) if (kept.size < most) kept.add(p.solver);
    return kept;
  };

  const times = (s) => `${board.digits(s, 3)} ×`;
  const share = (value) => (value <= 0 ? "0 %" : percent(value, 3));

  const kinds = {
    runtime: {
      part: (curves) => [curves.runtime.seconds, curves.runtime.shares],
      x: "Time", y: "Share of targets reached", across: seconds, up: share, text: (x, y) => `${share(y)} of the targets after ${x}`,
      label: "Share of targets reached over time, by solver", moments: [0.001, 0.01, 0.1, 1, 10, 100],
    },
    profile: {
      part: (curves) => [curves.profile.ratios, curves.profile.shares],
      x: "Times the fastest", y: "Share of instances", across: times, up: share, text: (x, y) => `${share(y)} of the instances in ${x} the fastest`,
      label: "Share of instances within a multiple of the fastest time, by solver", moments: [1, 2, 5, 10, 100, 1000],
    },
    anytime: {
      part: (curves) => [curves.anytime.seconds, curves.anytime.gaps],
      x: "Time", y: "Mean gap so far", across: seconds, up: (gap) => percent(gap, 3), gap: true, text: (x, y) => `gap ${percent(y, 3)} after ${x}`,
      label: "Mean gap of the best answer so far over time, by solver", moments: [0.001, 0.01, 0.1, 1, 10, 100],
    },
  };

  // A solver that the curves do not know has reached nothing.
  function lines(kind, { curves, points }) {
    const [grid, values] = kind.part(curves);
    const of = new Map(Object.entries(values));
    return { grid, solvers: points.map((p) => p.solver).filter((solver) => of.has(solver)), of };
  }

  function draw(kind, context) {
    const { width, family, highlighted } = context;
    const { grid: across, solvers, of } = lines(kind, context);
    const strong = board.emphasised(context);
    const floor = kind.gap ? board.floorOf(solvers.flatMap((solver) => of.get(solver))) : 0;
    const place = (value) => (kind.gap ? Math.max(value, floor) : value);
    const all = solvers.flatMap((solver) => across.map((x, i) => ({ solver, x, value: of.get(solver)[i] })));
    // In the order in which they are done, so that the names at the end of lines that meet there stand in it too.
    const done = (solver) => d3.sum(of.get(solver)) * (kind.gap ? 1 : -1);
    const named = d3.sort(solvers.filter((solver) => strong.has(solver)), done);
    const name = (solver) => `${named.indexOf(solver) + 1} ${short(solver, most)}`;
    const most = width < 500 ? 13 : 24;
    const right = 18 + 6.9 * (d3.max(named, (solver) => [...name(solver)].length) ?? 0);
    const height = width < 500 ? 340 : 440;
    const ticks = kind.gap ? powers(floor * 10, 1) : [0, 0.25, 0.5, 0.75, 1];
    const weight = (solver) => (solver === highlighted ? 3 : 1.9);
    const curve = { x: "x", y: (p) => place(p.value), z: "solver", curve: "step-after" };
    const svg = board.named(Plot.plot({
      ...board.base, width, height, marginLeft: kind.gap ? 60 : 52, marginRight: right, marginTop: 24, marginBottom: 40,
      x: { type: "log", domain: d3.extent(across), label: null },
      y: { type: kind.gap ? "log" : "linear", domain: kind.gap ? [floor, 1] : [0, 1], label: kind.y, labelArrow: "up" },
      marks: [
        Plot.gridY(ticks, grid),
        Plot.axisY(kind.gap ? [floor, ...ticks] : ticks, { tickSize: 0, tickFormat: (value) => (kind.gap && value === floor ? "0 %" : kind.gap ? tick(value) : kind.up(value)) }),
        Plot.axisX(few(powers(...d3.extent(across)), (width - right) / 70), { tickSize: 0, label: kind.x, labelArrow: "none", labelAnchor: "center", tickFormat: (x) => kind.across(x) }),
        Plot.line(all.filter((p) => !strong.has(p.solver)), { ...curve, stroke: "var(--mark)", strokeOpacity: 0.45, strokeWidth: 1, className: "rest" }),
        ...named.toReversed().map((solver) => Plot.line(all.filter((p) => p.solver === solver), {
          ...curve, stroke: colour(family(solver)), strokeWidth: weight(solver), strokeDasharray: style(family(solver)).dash,
        })),
        Plot.tip(all, Plot.pointer({
          x: "x", y: (p) => place(p.value), title: (p) => `${p.solver}\n${kind.text(kind.across(p.x), p.value)}`,
        })),
      ],
    }), `${kind.label}; the figures are under it as a table.`);
    const rest = solvers.filter((solver) => !strong.has(solver));
    const paths = [...svg.querySelectorAll(".rest path")];
    svg.addEventListener("input", () => paths.forEach((path, i) => path.classList.toggle("pointed", rest[i] === svg.value?.solver)));
    const [x, y] = [svg.scale("x").apply, svg.scale("y").apply];
    board.endLabels(svg, named.map((solver) => ({
      text: name(solver), x: x(across.at(-1)), y: y(place(of.get(solver).at(-1))), colour: colour(family(solver)),
    })), width - right + 8, 24, height - 44);
    named.forEach((solver, i) => number(svg, i, ...spot(across, of.get(solver).map(kind.gap ? (value) => Math.log(place(value)) : Number), i).map((value, axis) => (axis ? y(kind.gap ? Math.exp(value) : value) : x(value))), colour(family(solver))));
    return svg;
  }

  // Where a line is numbered: part of the way from its first to its last value, each line elsewhere.
  function spot(across, values, i) {
    const [first, last] = [values[0], values.at(-1)];
    const wanted = first + (last - first) * [0.5, 0.65, 0.35, 0.8, 0.2][i % 5];
    if (first === last) return [across[Math.floor(across.length * (0.3 + 0.07 * (i % 6)))], first];
    const at = values.findIndex((value) => (last > first ? value >= wanted : value <= wanted));
    return [across[at], (values[at] + values[Math.max(0, at - 1)]) / 2];
  }

  function number(svg, i, x, y, colour) {
    svg.append(
      board.drawn("circle", { cx: x, cy: y, r: 7, fill: "var(--paper)", stroke: colour, "stroke-width": 1.25, "aria-hidden": "true" }),
      board.drawn("text", { x, y, dy: "0.34em", "text-anchor": "middle", "font-size": 10, style: `fill: ${colour}`, "aria-hidden": "true" }, String(i + 1)),
    );
  }

  function figures(kind, context) {
    const { grid: across, solvers, of } = lines(kind, context);
    const moments = kind.moments.filter((x) => x >= across[0] && x <= across.at(-1));
    const at = (solver, x) => of.get(solver)[d3.bisectRight(across, x * 1.0001) - 1];
    const heads = ["Solver", ...moments.map((x) => kind.across(x)), "in the end"];
    return board.smallTable(kind.label, heads, solvers.map((solver) => [
      solver, ...moments.map((x) => kind.up(at(solver, x))), kind.up(of.get(solver).at(-1)),
    ]));
  }

  for (const [key, kind] of Object.entries(kinds)) {
    board.plots.set(key, {
      offered: ({ curves, points }) => points.length > 0 && Boolean(curves) && kind.part(curves)[0].length > 1,
      coloured: true,
      draw: (context) => draw(kind, context),
      figures: (context) => figures(kind, context),
    });
  }
})();
