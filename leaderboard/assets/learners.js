// Convergence curves of solvers that learn. Names from the data are only ever set as text.
"use strict";
globalThis.learnerPlot = (() => {
  const data = JSON.parse(document.getElementById("learner-plot").textContent);
  const lines = data.panels.flatMap((panel) => panel.lines);
  const colour = (line) => `var(--family-${line.colour % 6})`;
  const grid = { stroke: "var(--line)", strokeOpacity: 1 };
  const time = (s) => (s >= 3600 ? `${+(s / 3600).toPrecision(2)} h` : s >= 60 ? `${+(s / 60).toPrecision(2)} min` : `${+s.toPrecision(2)} s`);
  const percent = (gap) => `${+(gap * 100).toPrecision(2)} %`;
  const moments = [0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 36000, 108000];

  // A logarithmic axis has no zero: the lowest power of ten under every gap stands for less.
  const gaps = lines.flatMap((line) => line.points.map((p) => p[1])).filter((gap) => gap > 1e-6);
  const floor = 10 ** Math.floor(Math.log10(Math.min(0.1, ...gaps)) + 1e-9);
  const place = (gap) => Math.max(gap, floor);
  const times = d3.extent(lines.flatMap((line) => line.points.map((p) => p[0])));
  const across = [times[0] / 1.15, times[1] * 1.15];

  function panel({ title, lines }, width) {
    const points = lines.flatMap((line) => line.points.map(([seconds, gap, low, high]) => ({ line, seconds, gap, low, high })));
    const powers = d3.range(Math.round(Math.log10(floor)), 1).map((e) => 10 ** e);
    const ticks = moments.filter((s) => s >= across[0] && s <= across[1]);
    const svg = Plot.plot({
      width, height: 348, marginTop: 28, marginLeft: 52, marginRight: 14, marginBottom: 38,
      style: { background: "none", fontSize: "12px" },
      x: { type: "log", domain: across, label: "Training time", labelArrow: "right" },
      y: { type: "log", domain: [floor, 1], label: "Gap", labelArrow: "up" },
      marks: [
        Plot.gridY(powers, grid),
        Plot.axisY(powers, { text: percent, tickSize: 0 }),
        Plot.axisX(ticks, { text: time, tickSize: 0 }),
        Plot.areaY(points.filter((p) => p.low !== null), {
          x: "seconds", y1: (p) => place(p.low), y2: (p) => place(p.high), z: (p) => p.line.name, fill: (p) => colour(p.line), fillOpacity: 0.18,
        }),
        Plot.line(points, { x: "seconds", y: (p) => place(p.gap), z: (p) => p.line.name, stroke: (p) => colour(p.line), strokeWidth: 1.75 }),
        Plot.dot(lines.filter((line) => line.points.length > 0).map((line) => ({ line, last: line.points.at(-1) })), {
          x: (d) => d.last[0], y: (d) => place(d.last[1]), r: 3.5, fill: (d) => colour(d.line),
        }),
        Plot.tip(points, Plot.pointer({
          x: "seconds", y: (p) => place(p.gap),
          title: (p) => `${p.line.name}, ${p.line.seeds} ${p.line.seeds === 1 ? "seed" : "seeds"}\nafter ${time(p.seconds)}: gap ${percent(p.gap)}`,
        })),
      ],
    });
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Gap over training time, trained on ${title}; the table has the last values.`);
    return svg;
  }

  return (section) => {
    const area = section.querySelector(".plots");
    area.hidden = times[0] === undefined;
    const drawing = area.querySelector(".drawing");
    if (area.hidden || drawing.clientWidth === 0) return;
    const columns = drawing.clientWidth < 700 ? 1 : Math.min(2, data.panels.length);
    const box = document.createElement("div");
    box.className = "panels";
    box.style.setProperty("--columns", columns);
    for (const one of data.panels) {
      const place = document.createElement("div");
      const title = document.createElement("p");
      title.className = "panel-title";
      title.textContent = `Trained on ${one.title}`;
      place.append(title, panel(one, (drawing.clientWidth - 24 * (columns - 1)) / columns));
      box.append(place);
    }
    drawing.replaceChildren(box);
  };
})();
