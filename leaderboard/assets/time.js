// Gap against time: each solver a mark, with its name beside it.
"use strict";
board.plots.set("time", (() => {
  const { seconds, tick, short, powers, few, grid, colour, style } = board;

  const none = (gap) => (gap > board.NONE ? gap : 0);
  const beats = (a, b) => a.seconds <= b.seconds && none(a.gap) <= none(b.gap) && (a.seconds < b.seconds || none(a.gap) < none(b.gap));

  function draw(context) {
    const { points: all, width, family, highlighted } = context;
    const points = all.filter((p) => p.seconds !== null);
    const floor = board.floorOf(points.flatMap((p) => [p.gap, ...p.gaps]));
    const place = (gap) => Math.max(gap, gap > board.NONE ? floor * 2 : floor);
    const full = points.filter((p) => !p.partial);
    const front = d3.sort(full.filter((p) => !full.some((other) => beats(other, p))), (p) => p.seconds);
    // More than a decade, so that there always is a power of ten to label.
    const domain = [d3.min(points, (p) => p.seconds) / 3, d3.max(points, (p) => p.seconds) * 4];
    const fill = (p) => colour(family(p.solver));
    const svg = board.named(Plot.plot({
      ...board.base, width, height: width < 500 ? 380 : 460, marginLeft: 60, marginRight: 12, marginBottom: 40, insetBottom: 24,
      x: { type: "log", domain, label: "Median time per instance", labelArrow: "right" },
      y: { type: "log", domain: [floor, 1.4], label: "Mean gap", labelArrow: "up" },
      symbol: { type: "identity" },
      marks: [
        Plot.axisX(few(powers(...domain), width / 80), { tickFormat: (s) => seconds(s), tickSize: 0 }),
        Plot.gridY(powers(floor * 10, 1), grid),
        Plot.axisY(powers(floor * 10, 1), { tickFormat: tick, tickSize: 0 }),
        Plot.ruleY([floor], { stroke: "var(--mark)", strokeDasharray: "3 3" }),
        Plot.text(["proved optimal"], { frameAnchor: "bottom-left", dx: 4, dy: -6, fill: "var(--soft)" }),
        Plot.line(front, { x: "seconds", y: (p) => place(p.gap), stroke: "var(--ink)", strokeOpacity: 0.35, strokeWidth: 1.5 }),
        Plot.link(points.filter((p) => p.gap_low < p.gap_high), {
          x: "seconds", y1: (p) => place(p.gap_low), y2: (p) => place(p.gap_high), stroke: fill, strokeWidth: 1.5, strokeOpacity: 0.6,
        }),
        Plot.dot(points, {
          x: "seconds", y: (p) => place(p.gap), r: (p) => (p.solver === highlighted ? 7 : 4.5), symbol: (p) => style(family(p.solver)).symbol, stroke: fill, strokeWidth: 1.5,
          fill: (p) => (p.partial ? "var(--paper)" : fill(p)), tip: true,
          title: (p) => `${p.solver}\ngap ${p.label}\n${seconds(p.seconds)} per instance\n${p.instances} instances`,
        }),
      ],
    }), "Mean gap against median time per instance; the table above has the numbers.");
    // Where there is no room for every name, those of the front and of the best; a tap tells the others.
    const kept = board.emphasised(context);
    const strong = (p) => front.includes(p) || p.solver === highlighted;
    label(svg, points, place, width, strong, width < 500 ? (p) => strong(p) || kept.has(p.solver) : () => true);
    return svg;
  }

  // Each name goes to the first free place beside its mark: right, left, above, below, then further off.
  function label(svg, points, place, width, strong, wanted) {
    const [x, y] = [svg.scale("x").apply, svg.scale("y").apply];
    const marks = points.map((p) => ({ p, x: x(p.seconds), y: y(place(p.gap)) }));
    const taken = marks.map((m) => [m.x - 6, m.y - 6, m.x + 6, m.y + 6]);
    const overlap = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
    const layer = board.drawn("g", { class: "labels", "aria-hidden": "true" });
    svg.append(layer);
    const most = width < 500 ? 16 : 24;
    for (const { p, x, y } of d3.sort(marks.filter((m) => wanted(m.p)), (m) => !strong(m.p))) {
      const text = short(p.solver, most);
      const length = (strong(p) ? 7.4 : 6.9) * [...text].length;
      const places = [10, 24, 40, 56].flatMap((d) => [
        [x + 10, y + d - 10], [x - 10 - length, y + d - 10], [x + 10, y + 10 - d], [x - 10 - length, y + 10 - d],
        [x - length / 2, y - d - 6], [x - length / 2, y + d + 6],
      ]).filter(([left, middle]) => left > 62 && left + length < width && middle > 8);
      const box = ([left, middle]) => [left, middle - 7, left + length, middle + 7];
      const cost = (spot) => d3.sum(taken, (other) => overlap(box(spot), other));
      const spot = places.find((candidate) => cost(candidate) === 0) ?? d3.least(places, cost) ?? [x + 10, y];
      taken.push(box(spot));
      const left = spot[0] < x - 9 && spot[0] + length <= x;
      const [end, anchor] = left ? [spot[0] + length, "end"] : [spot[0], "start"];
      const made = board.drawn("text", { class: strong(p) ? "label strong" : "label", x: end, y: spot[1], dy: "0.32em", "text-anchor": anchor }, text);
      layer.append(made);
    }
  }

  return { coloured: true, offered: ({ points }) => points.some((p) => p.seconds !== null), draw };
})());
