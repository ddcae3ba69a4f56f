// Tabs, the scenario filter, sorting and the plots. The tables are plain HTML already; names from the data are
// only ever set as text.
"use strict";
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const suites = [...document.querySelectorAll(".suite")];
  const shown = new Map(suites.map((suite) => [suite, 0]));
  document.documentElement.classList.add("js");

  // Tabs

  const bar = document.getElementById("tabs");
  const tabs = suites.map((suite) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${suite.id}`;
    tab.textContent = suite.dataset.name;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", suite.id);
    suite.setAttribute("role", "tabpanel");
    suite.setAttribute("aria-labelledby", tab.id);
    bar.append(tab);
    return tab;
  });

  function open(index) {
    suites.forEach((suite, i) => { suite.hidden = i !== index; });
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
    });
    draw(suites[index]);
  }

  function choose(index) {
    history.replaceState(null, "", `#${suites[index].id}`);
    open(index);
    tabs[index].focus();
  }

  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(index));
    tab.addEventListener("keydown", (event) => {
      const last = tabs.length - 1;
      const moves = {
        ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last,
      };
      if (!(event.key in moves)) return;
      event.preventDefault();
      choose(moves[event.key]);
    });
  });

  // Filter by scenario

  function filter(suite) {
    suite.querySelectorAll(".view").forEach((view, i) => { view.hidden = i !== shown.get(suite); });
  }

  for (const suite of suites) {
    const views = [...suite.querySelectorAll(".view")];
    const select = suite.querySelector(".filter select");
    if (!select) continue;
    select.append(...views.map((view, i) => new Option(view.dataset.title, i)));
    suite.querySelector(".filter").hidden = views.length < 2;
    select.value = 0;
    select.addEventListener("change", () => {
      shown.set(suite, Number(select.value));
      filter(suite);
      if (!suite.classList.contains("zoo")) draw(suite);
    });
    filter(suite);
  }

  // Sorting: solvers that did not run on every instance stay behind the others, and missing values come last.

  function sort(table, column, descending) {
    const sign = descending ? -1 : 1;
    const value = (row) => row.cells[column].dataset.sort;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return sign * (column === 0 ? x.localeCompare(y) : x - y);
    };
    const partial = (row) => row.classList.contains("partial");
    const rows = [...table.tBodies[0].rows];
    table.tBodies[0].append(...rows.sort((a, b) => partial(a) - partial(b) || compare(a, b)));
  }

  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const label = head.querySelector(".head");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label.textContent;
      label.replaceChildren(button);
      button.addEventListener("click", () => {
        const opposite = { ascending: "descending", descending: "ascending" };
        const order = opposite[head.getAttribute("aria-sort")] ?? head.dataset.first;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        sort(table, column, order === "descending");
      });
    });
  }

  // Plots

  const NONE = 1e-6;  // gaps up to this count as none
  const seconds = (s) => (s >= 1 ? `${+s.toPrecision(2)} s` : s >= 1e-3 ? `${+(s * 1e3).toPrecision(2)} ms` : `${+(s * 1e6).toPrecision(2)} µs`);
  const percent = (gap) => `${+(gap * 100).toPrecision(1)} %`;
  const powers = (low, high) => d3.range(Math.ceil(Math.log10(low) - 1e-9), Math.log10(high) + 1e-9).map((e) => 10 ** e);
  const few = (ticks, most) => ticks.filter((_, i) => (ticks.length - 1 - i) % Math.ceil(ticks.length / most) === 0);

  // A logarithmic axis has no zero: gaps of none sit on a floor below the smallest gap that is one.
  function floorOf(points) {
    const gaps = points.flatMap((p) => [p.gap, ...p.gaps]).filter((gap) => gap > NONE);
    return 10 ** (Math.floor(Math.log10(Math.min(0.1, ...gaps))) - 1);
  }

  function draw(suite) {
    if (suite.classList.contains("zoo")) return globalThis.zooPlots(suite);
    if (suite.classList.contains("learners")) return globalThis.learnerPlot(suite);
    const points = plots[suite.id][shown.get(suite)].points;
    const area = suite.querySelector(".plots");
    area.hidden = points.length === 0;
    const width = area.clientWidth;
    if (area.hidden || width === 0) return;
    const floor = floorOf(points);
    const timed = points.filter((p) => p.seconds !== null);
    const [scatter, strips] = area.querySelectorAll(".drawing");
    scatter.replaceChildren(...(timed.length ? [scatterPlot(timed, floor, width)] : []));
    strips.replaceChildren(stripPlot(points, floor, width));
  }

  function scatterPlot(points, floor, width) {
    const place = (gap) => Math.max(gap, gap > NONE ? floor * 2 : floor);
    // More than a decade, so that there always is a power of ten to label.
    const domain = [d3.min(points, (p) => p.seconds) / 3, d3.max(points, (p) => p.seconds) * 4];
    const front = points.filter((p) => p.front).sort((a, b) => a.seconds - b.seconds);
    const color = (p) => (p.front ? "var(--accent)" : "var(--mark)");
    const svg = Plot.plot({
      width, height: width < 500 ? 340 : 420, marginLeft: 52, marginRight: 12, marginBottom: 40, insetBottom: 24,
      style: { background: "none", fontSize: "12px" },
      x: { type: "log", domain, label: "Median time per instance", labelArrow: "right" },
      y: { type: "log", domain: [floor, 1.4], label: "Mean gap", labelArrow: "up" },
      marks: [
        Plot.axisX(few(powers(...domain), width / 80), { tickFormat: seconds, tickSize: 0 }),
        Plot.gridY(powers(floor * 10, 1), { stroke: "var(--line)", strokeOpacity: 1 }),
        Plot.axisY(powers(floor * 10, 1), { tickFormat: percent, tickSize: 0 }),
        Plot.ruleY([floor], { stroke: "var(--mark)", strokeDasharray: "3 3" }),
        Plot.text(["proved optimal"], { frameAnchor: "bottom-left", dx: 4, dy: -6, fill: "var(--soft)" }),
        Plot.line(front, { x: "seconds", y: (p) => place(p.gap), stroke: "var(--accent)", strokeOpacity: 0.45, strokeWidth: 1.5 }),
        Plot.link(points.filter((p) => p.gap_low < p.gap_high), {
          x: "seconds", y1: (p) => place(p.gap_low), y2: (p) => place(p.gap_high), stroke: color, strokeWidth: 1.5,
        }),
        Plot.dot(points, {
          x: "seconds", y: (p) => place(p.gap), r: 4.5, stroke: color, strokeWidth: 1.5,
          fill: (p) => (p.partial ? "var(--paper)" : color(p)), tip: true,
          title: (p) => `${p.solver}\ngap ${p.label}\n${seconds(p.seconds)} per instance\n${p.instances} instances`,
        }),
      ],
    });
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "Mean gap against median time per instance; the table has the numbers.");
    label(svg, points, place, width);
    return svg;
  }

  // Each name goes to the first free place beside its mark: right, left, above, below, then further off.
  function label(svg, points, place, width) {
    const [x, y] = [svg.scale("x").apply, svg.scale("y").apply];
    const marks = points.map((p) => ({ p, x: x(p.seconds), y: y(place(p.gap)) }));
    const taken = marks.map((m) => [m.x - 6, m.y - 6, m.x + 6, m.y + 6]);
    const overlap = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
    const layer = d3.select(svg).append("g").attr("class", "labels").attr("aria-hidden", "true");
    for (const { p, x, y } of marks) {
      const text = layer.append("text").attr("class", "label").text(short(p.solver));
      const length = 7 * short(p.solver).length;
      const places = [10, 24, 40].flatMap((d) => [
        [x + 10, y + d - 10], [x - 10 - length, y + d - 10], [x + 10, y + 10 - d], [x - 10 - length, y + 10 - d],
        [x - length / 2, y - d - 6], [x - length / 2, y + d + 6],
      ]).filter(([left, middle]) => left > 54 && left + length < width && middle > 8);
      const box = ([left, middle]) => [left, middle - 7, left + length, middle + 7];
      const cost = (spot) => d3.sum(taken, (other) => overlap(box(spot), other));
      const spot = places.find((candidate) => cost(candidate) === 0) ?? d3.least(places, cost) ?? [x + 10, y];
      taken.push(box(spot));
      const left = spot[0] < x - 9 && spot[0] + length <= x;
      text.attr("x", left ? spot[0] + length : spot[0]).attr("y", spot[1]).attr("dy", "0.32em").attr("text-anchor", left ? "end" : "start");
    }
  }

  const short = (name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

  function stripPlot(points, floor, width) {
    const place = (gap) => Math.max(gap, floor);
    const ticks = points.flatMap((p) => p.gaps.map((gap) => ({ solver: p.solver, gap })));
    const longest = d3.max(points, (p) => short(p.solver).length);
    const svg = Plot.plot({
      width, height: 60 + 30 * points.length, marginLeft: Math.min(16 + 7 * longest, 0.42 * width), marginRight: 20, marginTop: 8, marginBottom: 40,
      style: { background: "none", fontSize: "12px" },
      x: { type: "log", domain: [floor, 1], label: "Gap", labelArrow: "right" },
      y: { type: "band", domain: points.map((p) => p.solver), label: null, tickSize: 0, tickFormat: short, padding: 0.35 },
      marks: [
        Plot.gridX(powers(floor, 1), { stroke: "var(--line)", strokeOpacity: 1 }),
        Plot.axisX([floor, ...few(powers(floor * 10, 1), width / 110)], { tickSize: 0, tickFormat: (gap) => (gap === floor ? "optimal" : percent(gap)) }),
        Plot.tickX(ticks, {
          x: (t) => place(t.gap), y: "solver", strokeOpacity: 0.45, strokeWidth: 1.5,
          stroke: (t) => (t.gap >= 1 ? "var(--bad)" : "var(--accent)"),
        }),
        Plot.dot(points, {
          x: (p) => place(p.median), y: "solver", symbol: "diamond", r: 5, fill: "var(--ink)", stroke: "var(--paper)",
          tip: true, title: (p) => `${p.solver}\nmean gap ${p.label}\n${p.instances} instances`,
        }),
      ],
    });
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "Gap of each instance, by solver; the table has the means.");
    return svg;
  }

  // Start

  if (suites.length === 0) return;
  const current = () => suites[tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true")];
  const wanted = () => Math.max(0, suites.findIndex((suite) => `#${suite.id}` === location.hash));
  bar.hidden = suites.length < 2;
  open(wanted());
  addEventListener("hashchange", () => open(wanted()));
  let drawn = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === drawn) return;
    drawn = innerWidth;
    requestAnimationFrame(() => draw(current()));
  });
})();
