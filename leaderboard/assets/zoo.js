// The plots of a zoo of image models. Names from the data are only ever set as text.
"use strict";
globalThis.zooPlots = (() => {
  const data = JSON.parse(document.getElementById("zoo-plots").textContent);
  const colour = (model) => `var(--family-${model.family % 6})`;
  const time = (s) => (s >= 1 ? `${+s.toPrecision(2)} s` : s >= 1e-3 ? `${+(s * 1e3).toPrecision(2)} ms` : `${+(s * 1e6).toPrecision(2)} µs`);
  const share = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${+Math.abs(value * 100).toPrecision(2)} %`;
  const grid = { stroke: "var(--line)", strokeOpacity: 1 };
  const style = { background: "none", fontSize: "12px" };
  const rates = (models) => [...d3.group(models, (m) => m.symbols).values()];

  // Given as text: d3's own format leaves labels out of a logarithmic axis. 1, 2 and 5 of each decade, the decades alone, or round steps within one: what a logarithmic axis is labelled with.
  function decades(domain) {
    const within = (value) => value >= domain[0] * 0.999 && value <= domain[1] * 1.001;
    const powers = d3.range(Math.floor(Math.log10(domain[0])), Math.log10(domain[1]) + 1).map((e) => 10 ** e);
    const all = powers.flatMap((power) => [1, 2, 5].map((digit) => +(digit * power).toPrecision(3))).filter(within);
    if (all.length < 3) return d3.ticks(...domain, 5);
    return all.length <= 8 ? all : powers.filter(within);
  }

  // Some of many ticks, evenly.
  const few = (ticks, most) => ticks.filter((_, i) => i % Math.ceil(ticks.length / most) === 0);

  function around(values, below, above) {
    const [low, high] = d3.extent(values);
    return [low * below, high * above];
  }

  function named(svg, text) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${text}; the table has the figures at 10 dB.`);
    return svg;
  }

  // A plot for each rate, side by side where there is room.
  function perRate(zoo, width, make) {
    const groups = rates(zoo.models);
    const columns = width < 700 ? 1 : Math.min(2, groups.length);
    const box = document.createElement("div");
    box.className = "panels";
    box.style.setProperty("--columns", columns);
    for (const models of groups) {
      const panel = document.createElement("div");
      const title = document.createElement("p");
      title.className = "panel-title";
      title.textContent = `Rate ${models[0].rate}: ${models[0].symbols.toLocaleString("en")} symbols an image`;
      panel.append(title, make(models, (width - 24 * (columns - 1)) / columns));
      box.append(panel);
    }
    return box;
  }

  function curves(zoo, width) {
    const domain = around([...zoo.models, ...zoo.separate].flatMap((m) => m.curve.map((p) => p[1])), 0.85, 1.15);
    const ends = d3.extent(zoo.models.flatMap((m) => m.curve.map((p) => p[0])));
    return perRate(zoo, width, (models, wide) => {
      const points = models.flatMap((m) => m.curve.map(([snr, value]) => ({ m, snr, value })));
      const dashed = zoo.separate.filter((one) => one.symbols === models[0].symbols).flatMap((one) => one.curve);
      return named(Plot.plot({
        width: wide, height: 340, marginLeft: 44, marginRight: 12, marginBottom: 38, style,
        x: { domain: ends, label: "SNR, dB", labelArrow: "right" },
        y: { type: "log", domain, label: "D, 10⁻³", labelArrow: "up" },
        marks: [
          Plot.gridY(decades(domain), grid),
          Plot.axisY(decades(domain), { text: String, tickSize: 0 }),
          Plot.axisX({ ticks: 6, tickSize: 0 }),
          Plot.line(dashed, { x: "0", y: "1", stroke: "var(--ink)", strokeDasharray: "5 4", strokeWidth: 1.5 }),
          Plot.line(points, { x: "snr", y: "value", z: (p) => p.m.name, stroke: (p) => colour(p.m), strokeWidth: 1.75 }),
          Plot.dot(points, {
            x: "snr", y: "value", r: 2.5, fill: (p) => colour(p.m), tip: true,
            title: (p) => `${p.m.name}\n${p.snr} dB: D ${p.value} × 10⁻³`,
          }),
        ],
      }), "Distortion over SNR");
    });
  }

  function ratios(zoo, width) {
    const all = zoo.models.flatMap((m) => m.ratio.map((p) => p[1]));
    if (all.length === 0) return null;
    const [low, high] = d3.extent([...all, 0]);
    const pad = 0.08 * (high - low || 0.1);
    const ends = d3.extent(zoo.models.flatMap((m) => m.ratio.map((p) => p[0])));
    return perRate(zoo, width, (models, wide) => {
      const points = models.filter((m) => !m.floor).flatMap((m) => m.ratio.map(([snr, value]) => ({ m, snr, value })));
      return named(Plot.plot({
        width: wide, height: 260, marginLeft: 52, marginRight: 12, marginBottom: 38, style,
        x: { domain: ends, label: "SNR, dB", labelArrow: "right" },
        y: { domain: [low - pad, high + pad], label: "D against the floor", labelArrow: "up" },
        marks: [
          Plot.gridY({ ticks: 5, ...grid }),
          Plot.axisY({ ticks: 5, tickFormat: share, tickSize: 0 }),
          Plot.axisX({ ticks: 6, tickSize: 0 }),
          Plot.ruleY([0], { stroke: "var(--family-0)", strokeWidth: 1.5 }),
          Plot.line(points, { x: "snr", y: "value", z: (p) => p.m.name, stroke: (p) => colour(p.m), strokeWidth: 1.75 }),
          Plot.dot(points, {
            x: "snr", y: "value", r: 2.5, fill: (p) => colour(p.m), tip: true,
            title: (p) => `${p.m.name}\n${p.snr} dB: ${share(p.value)}`,
          }),
        ],
      }), "Distortion against the linear transform over SNR");
    });
  }

  function atComparison(zoo) {
    const dashed = zoo.separate.flatMap((one) => {
      const found = one.curve.find(([snr]) => snr === zoo.decibels);
      const like = zoo.models.find((m) => m.symbols === one.symbols);
      return found && like ? [{ bits: like.bits, at: found[1] }] : [];
    });
    return { models: zoo.models.filter((m) => m.at !== null), dashed: d3.sort(dashed, (p) => p.bits) };
  }

  function rateDistortion(zoo, width) {
    const { models, dashed } = atComparison(zoo);
    if (rates(models).length < 2) return null;
    const bits = [...new Set(models.map((m) => m.bits))].sort(d3.ascending);
    const domain = around([...models, ...dashed].map((m) => m.at), 0.85, 1.15);
    return named(Plot.plot({
      width, height: 340, marginLeft: 44, marginRight: 12, marginBottom: 38, insetLeft: 24, insetRight: 24, style,
      x: { type: "log", domain: d3.extent(bits), label: "Payload, bits an image", labelArrow: "right" },
      y: { type: "log", domain, label: "D at 10 dB, 10⁻³", labelArrow: "up" },
      marks: [
        Plot.gridY(decades(domain), grid),
        Plot.axisY(decades(domain), { text: String, tickSize: 0 }),
        Plot.axisX(bits, { text: (b) => b.toLocaleString("en"), tickSize: 0 }),
        Plot.line(dashed, { x: "bits", y: "at", stroke: "var(--ink)", strokeDasharray: "5 4", strokeWidth: 1.5, marker: "circle-stroke" }),
        Plot.line(models, { x: "bits", y: "at", z: "family", stroke: colour, strokeWidth: 1.75 }),
        Plot.dot(models, { x: "bits", y: "at", r: 3.5, fill: colour, tip: true, title: (m) => `${m.name}\nD ${m.at} × 10⁻³\n${m.bits.toLocaleString("en")} bits an image` }),
      ],
    }), "Distortion against rate");
  }

  function times(zoo, width) {
    const { models } = atComparison(zoo);
    if (models.length === 0) return null;
    const fronts = d3.sort(models.filter((m) => m.worth), (m) => m.seconds);
    const domain = around(models.map((m) => m.at), 0.9, 1.1);
    const across = around(models.map((m) => m.seconds), 0.6, 1.8);
    return named(Plot.plot({
      width, height: 340, marginLeft: 44, marginRight: 12, marginBottom: 38, style,
      x: { type: "log", domain: across, label: "Time to encode an image", labelArrow: "right" },
      y: { type: "log", domain, label: "D at 10 dB, 10⁻³", labelArrow: "up" },
      marks: [
        Plot.gridY(decades(domain), grid),
        Plot.axisY(decades(domain), { text: String, tickSize: 0 }),
        Plot.axisX(few(decades(across), width / 60), { text: time, tickSize: 0 }),
        Plot.line(fronts, { x: "seconds", y: "at", z: "symbols", stroke: "var(--mark)", strokeWidth: 1.5 }),
        Plot.dot(models, {
          x: "seconds", y: "at", r: 5, fill: colour, tip: true,
          title: (m) => `${m.name}\n${time(m.seconds)} an image\nD ${m.at} × 10⁻³`,
        }),
        Plot.text(rates(models).map((group) => d3.least(group, (m) => m.seconds)), {
          x: "seconds", y: "at", text: (m) => `rate ${m.rate}`, dy: -14, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 4,
        }),
      ],
    }), "Distortion against encoding time");
  }

  const makers = { curves, ratios, rates: rateDistortion, times };

  return (section) => {
    const zoo = data[section.id];
    const area = section.querySelector(".plots");
    area.hidden = false;
    for (const drawing of area.querySelectorAll(".drawing")) {
      drawing.parentElement.hidden = false;
      const plot = makers[drawing.dataset.plot](zoo, drawing.clientWidth);
      drawing.parentElement.hidden = plot === null;
      drawing.replaceChildren(...(plot ? [plot] : []));
    }
  };
})();
