// The figures beside those of the paper. Names from the data are only ever set as text.
"use strict";
globalThis.reproductionPlots = (() => {
  const data = JSON.parse(document.getElementById("reproduction-plots").textContent);
  const names = new Map(data.names);
  const order = [...names.keys()];
  const hues = new Map([["ppo-paper", 1], ["average", 0], ["random", 5], ["heuristic-rde", 2], ["optimum", 3], ["ppo", 4]]);
  const colour = (name) => (hues.has(name) ? `var(--family-${hues.get(name)})` : "var(--ink)");
  const called = (name) => names.get(name) ?? name;
  const has = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
  const grid = { stroke: "var(--line)", strokeOpacity: 1 };
  const style = { background: "none", fontSize: "12px" };
  const figure = (value) => (Math.abs(value) >= 1000 ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : `${+value.toPrecision(4)}`).replace("-", "−");
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  // Rewards of a wide range are squeezed: like a logarithm far from zero, straight near it.
  function scale(values, label) {
    const [low, high] = d3.extent(values);
    const pad = 0.04 * (high - low || 1);
    if (high - low < 60) return { axis: { domain: [low - pad, high + pad], label }, ticks: d3.ticks(low - pad, high + pad, 6) };
    const steps = [1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000];
    const all = [...steps.map((step) => -step).reverse(), 0, ...steps].filter((tick) => tick >= low && tick <= high);
    const ticks = all.length > 9 ? all.filter((tick) => !`${Math.abs(tick)}`.startsWith("3")) : all;
    return { axis: { type: "symlog", constant: 1, domain: [low * (low < 0 ? 1.1 : 1), high + Math.max(0.1 * Math.abs(high), 0.5)], label }, ticks };
  }

  function described(svg, text) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", text);
    return svg;
  }

  function bars(reading, width) {
    const ours = order.filter((name) => has(reading.bars, name)).map((name) => {
      const [mean, spread, feasible] = reading.bars[name];
      return { name, mean, spread: spread ?? 0, feasible };
    });
    const printed = order.filter((name) => has(data.printed, name)).map((name) => ({ name, mean: data.printed[name][0], spread: data.printed[name][1] }));
    const all = [...ours, ...printed];
    const { axis, ticks } = scale(all.flatMap((p) => [p.mean - p.spread, p.mean + p.spread]), "Mean reward (12)");
    const shown = order.filter((name) => all.some((p) => p.name === name));
    const room = Math.min(150, 0.36 * width);
    return described(Plot.plot({
      width, height: 58 + 40 * shown.length, marginLeft: room, marginRight: 60, marginTop: 8, marginBottom: 40, style,
      x: { ...axis, labelArrow: "right" },
      y: { type: "band", domain: shown, label: null, padding: 0.2 },
      marks: [
        Plot.gridX(ticks, grid),
        Plot.axisX(width < 500 ? ticks.filter((_, i) => i % 2 === 0) : ticks, { tickSize: 0, tickFormat: figure }),
        Plot.axisY({ tickSize: 0, tickFormat: (name) => short(called(name), Math.floor(room / 6.6)) }),
        Plot.link(printed, { x1: (p) => p.mean - p.spread, x2: (p) => p.mean + p.spread, y1: "name", y2: "name", dy: 7, stroke: "var(--mark)", strokeWidth: 1.5 }),
        Plot.dot(printed, {
          x: "mean", y: "name", dy: 7, r: 4, fill: "var(--paper)", stroke: "var(--mark)", strokeWidth: 1.5, tip: true,
          title: (p) => `${called(p.name)}, printed\n${figure(p.mean)} ± ${figure(p.spread)}`,
        }),
        Plot.link(ours, { x1: (p) => p.mean - p.spread, x2: (p) => p.mean + p.spread, y1: "name", y2: "name", dy: -5, stroke: (p) => colour(p.name), strokeWidth: 2.5 }),
        Plot.dot(ours, {
          x: "mean", y: "name", dy: -5, r: 5, fill: (p) => colour(p.name), tip: true,
          title: (p) => `${called(p.name)}\n${figure(p.mean)} ± ${figure(p.spread)}${p.feasible === null ? "" : `\n${+(p.feasible * 100).toPrecision(3)} % feasible`}`,
        }),
        Plot.text(ours, { x: (p) => p.mean + p.spread, y: "name", dy: -5, dx: 9, textAnchor: "start", text: (p) => figure(p.mean), fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 4 }),
      ],
    }), `Mean reward of each strategy in the ${reading.title}, beside the printed ones; the tables below have the numbers.`);
  }

  function running(values, half = 10) {
    return values.map((_, i) => d3.mean(values.slice(Math.max(0, i - half), i + half + 1)));
  }

  function episodes(reading, width) {
    const lines = order.filter((name) => has(reading.episodes, name)).map((name) => ({ name, rewards: data.series[reading.episodes[name]] }));
    if (lines.length === 0) return null;
    const points = lines.flatMap(({ name, rewards }) => {
      const smooth = running(rewards);
      return rewards.map((reward, episode) => ({ name, episode: episode + 1, reward, smooth: smooth[episode] }));
    }).filter((p) => p.reward !== null);
    const { axis, ticks } = scale(points.map((p) => p.reward), "Reward (12)");
    const svg = Plot.plot({
      width, height: 380, marginLeft: 48, marginRight: 12, marginBottom: 38, style,
      x: { domain: [1, d3.max(points, (p) => p.episode)], label: "Test episode", labelArrow: "right" },
      y: { ...axis, labelArrow: "up" },
      marks: [
        Plot.gridY(ticks, grid),
        Plot.axisY(ticks, { tickSize: 0, tickFormat: figure }),
        Plot.axisX({ ticks: 6, tickSize: 0 }),
        Plot.line(points, { x: "episode", y: "reward", z: "name", stroke: (p) => colour(p.name), strokeOpacity: 0.28, strokeWidth: 0.8 }),
        Plot.line(points, { x: "episode", y: "smooth", z: "name", stroke: (p) => colour(p.name), strokeWidth: 2 }),
        Plot.tip(points, Plot.pointer({ x: "episode", y: "smooth", title: (p) => `${called(p.name)}\nepisode ${p.episode}: ${figure(p.reward)}` })),
      ],
    });
    return withLegend(described(svg, `Reward of each test episode in the ${reading.title}.`), lines.map((line) => line.name));
  }

  // Names beside a stroke of their colour.
  function withLegend(svg, shown) {
    const legend = document.createElement("p");
    legend.className = "legend";
    legend.append(...shown.map((name) => {
      const entry = document.createElement("span");
      entry.textContent = called(name);
      entry.style.setProperty("--key", colour(name));
      return entry;
    }));
    const box = document.createElement("div");
    box.append(legend, svg);
    return box;
  }

  function convergence(width) {
    if (data.convergence.length === 0) return null;
    const columns = width < 700 ? 1 : Math.min(2, data.convergence.length);
    const box = document.createElement("div");
    box.className = "panels";
    box.style.setProperty("--columns", columns);
    for (const panel of data.convergence) {
      const place = document.createElement("div");
      const title = document.createElement("p");
      title.className = "panel-title";
      title.textContent = panel.title;
      place.append(title, panelPlot(panel, (width - 24 * (columns - 1)) / columns));
      box.append(place);
    }
    return box;
  }

  function panelPlot({ title, lines, levels, users }, width) {
    const shades = ["var(--family-1)", "var(--family-3)", "var(--family-4)"];
    const ranked = [...lines].sort((a, b) => b.users - a.users);
    const shade = (line) => shades[ranked.indexOf(line) % shades.length];
    const points = lines.flatMap((line) => line.points.map(([steps, mean, low, high]) => ({ line, steps, mean, low: low ?? mean, high: high ?? mean })));
    const dashed = order.filter((name) => has(levels, name)).map((name) => ({ name, mean: levels[name] }));
    const { axis, ticks } = scale([...points.flatMap((p) => [p.low, p.high]), ...dashed.map((d) => d.mean)], "Reward (12)");
    const last = d3.max(points, (p) => p.steps);
    const svg = Plot.plot({
      width, height: 360, marginLeft: 48, marginRight: 118, marginBottom: 38, style,
      x: { domain: [0, last], label: "Decisions in training", labelArrow: "right" },
      y: { ...axis, labelArrow: "up" },
      marks: [
        Plot.gridY(ticks, grid),
        Plot.axisY(ticks, { tickSize: 0, tickFormat: figure }),
        Plot.axisX({ ticks: 4, tickSize: 0, tickFormat: (steps) => (steps === 0 ? "0" : `${steps / 1000}k`) }),
        Plot.ruleY(dashed, { y: "mean", stroke: (d) => colour(d.name), strokeDasharray: "5 4", strokeWidth: 1.25 }),
        Plot.areaY(points, { x: "steps", y1: "low", y2: "high", z: (p) => p.line.users, fill: (p) => shade(p.line), fillOpacity: 0.18 }),
        Plot.line(points, { x: "steps", y: "mean", z: (p) => p.line.users, stroke: (p) => shade(p.line), strokeWidth: 1.75 }),
        Plot.tip(points, Plot.pointer({ x: "steps", y: "mean", title: (p) => `${p.line.users} users, ${p.line.seeds} ${p.line.seeds === 1 ? "training" : "trainings"}\nafter ${p.steps.toLocaleString("en")}: ${figure(p.mean)}` })),
      ],
    });
    const y = svg.scale("y").apply;
    const ends = [
      ...lines.map((line) => ({ text: `${line.users} users`, fill: shade(line), at: y(line.points.at(-1)[1]), bold: true })),
      ...dashed.map((d) => ({ text: called(d.name), fill: colour(d.name), at: y(d.mean), bold: false })),
    ];
    labels(svg, ends, width - 114);
    return described(svg, `Mean reward over training, ${title}${users === null ? "" : `; dashed, the other strategies with ${users} users`}.`);
  }

  // Names at the right end of their lines, pushed apart where they would overlap.
  function labels(svg, ends, left) {
    const sorted = ends.sort((a, b) => a.at - b.at);
    const places = sorted.map((end) => end.at);
    const least = 13;
    for (let round = 0; round < 60; round += 1) {
      for (let i = 1; i < places.length; i += 1) {
        const lacking = least - (places[i] - places[i - 1]);
        if (lacking > 0) { places[i - 1] -= lacking / 2; places[i] += lacking / 2; }
      }
      for (let i = 0; i < places.length; i += 1) places[i] = Math.min(Math.max(places[i], 12), 318);
    }
    const layer = d3.select(svg).append("g").attr("aria-hidden", "true");
    sorted.forEach((end, i) => {
      layer.append("text").attr("x", left).attr("y", places[i]).attr("dy", "0.32em").attr("text-anchor", "start").attr("class", "label")
        .style("fill", end.fill).style("font-weight", end.bold ? 600 : 400).text(short(end.text, 18));
    });
  }

  function choice(section, change) {
    const place = section.querySelector(".choose");
    const select = place.querySelector("select");
    if (select.options.length > 0 || data.readings.length === 0) return;
    for (const base of new Set(data.readings.map((reading) => reading.base))) {
      const group = document.createElement("optgroup");
      group.label = `${base} base`;
      data.readings.forEach((reading) => { if (reading.base === base) group.append(new Option(short(reading.label, 110), reading.key)); });
      select.append(group);
    }
    select.addEventListener("change", () => change({ reading: select.value }));
    place.hidden = data.readings.length < 2;
  }

  return function draw(section, state, change) {
    const area = section.querySelector(".plots");
    area.hidden = data.readings.length === 0 && data.convergence.length === 0;
    if (area.hidden) return;
    choice(section, change);
    const reading = data.readings.find((one) => one.key === state.reading) ?? data.readings[0];
    if (reading) section.querySelector(".choose select").value = reading.key;
    const makers = {
      bars: (width) => (reading ? bars(reading, width) : null),
      episodes: (width) => (reading ? episodes(reading, width) : null),
      convergence,
    };
    for (const drawing of area.querySelectorAll(".drawing")) {
      drawing.parentElement.hidden = false;
      if (drawing.clientWidth === 0) continue;
      const made = makers[drawing.dataset.plot](drawing.clientWidth);
      drawing.parentElement.hidden = made === null;
      drawing.replaceChildren(...(made ? [made] : []));
    }
  };
})();
