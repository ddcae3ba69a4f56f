// Starts the page: tabs, filters and plots follow what the reader has chosen, and so does the link.
"use strict";
(() => {
  const { element } = board;
  const data = new Map(Object.entries(JSON.parse(document.getElementById("suites").textContent)));
  const sections = [...document.querySelectorAll(".suite")];
  const bar = document.getElementById("tabs");
  document.documentElement.classList.add("js");
  if (sections.length === 0) return;

  let state = board.state.fresh();
  const known = (id) => (sections.some((section) => section.id === id) ? id : sections[0].id);
  const current = () => sections.find((section) => section.id === known(state.section));

  // Changes what is chosen; the link follows, without a new entry in the history.
  function change(wanted) {
    Object.assign(state, wanted);
    state.section = known(state.section);
    history.replaceState(null, "", board.state.write(state));
    show();
  }

  // Suites: what belongs to a section that compares solvers

  class Suite {
    constructor(section) {
      this.section = section;
      this.data = data.get(section.id);
      this.families = new Map(this.data.families);
      this.index = new Map(Object.entries(this.data.index));
      this.find = (selector) => section.querySelector(selector);
      this.built = new Map([[0, [...this.find(".tables").children]]]);
      this.made = new Map();  // the last of what was made for each figure, to make it again only after a change
      this.shownView = 0;
      for (const part of this.built.get(0)) this.ready(part);
      this.controls();
      this.plotTabs();
    }

    // A table's headings sort, and say so in the link.
    ready(part) {
      board.tables.sortable(part.querySelector("table"), (sort) => change({ sort }));
    }

    controls() {
      const form = this.find(".controls");
      form.hidden = false;
      form.addEventListener("submit", (event) => event.preventDefault());
      this.selects = [...form.querySelectorAll("select[data-facet]")];
      for (const select of this.selects) {
        select.addEventListener("change", () => change({ facets: new Map(state.facets).set(select.dataset.facet, select.value) }));
      }
      this.boxes = [...form.querySelectorAll("input[type=checkbox]")];
      for (const box of this.boxes) {
        const swatch = board.swatch(box.value);
        box.nextElementSibling.prepend(swatch);
        box.addEventListener("change", () => {
          const hidden = new Set(state.hidden);
          if (box.checked) hidden.delete(box.value);
          else hidden.add(box.value);
          change({ hidden });
        });
      }
      this.time = this.find("select.time");
      this.time.hidden = false;
      this.find(".fixed").hidden = true;
      this.time.addEventListener("change", () => change({ time: Number(this.time.value) }));
      const copied = this.find(".copied");
      this.find(".copy").addEventListener("click", async () => {
        history.replaceState(null, "", board.state.write(state));
        try {
          await navigator.clipboard.writeText(location.href);
          copied.textContent = "Copied.";
        } catch {
          copied.textContent = "Copy it from the address bar.";
        }
        setTimeout(() => { copied.textContent = ""; }, 4000);
      });
    }

    plotTabs() {
      this.figures = new Map();
      const tabs = this.find(".plot-tabs");
      for (const figure of this.section.querySelectorAll("figure[data-plot]")) {
        const key = figure.dataset.plot;
        figure.id = `${this.section.id}-${key}`;
        this.figures.set(key, figure);
        tabs.append(board.tab(key, figure.dataset.title, figure, (plot) => change({ plot })));
        figure.querySelector("details").addEventListener("toggle", (event) => {
          if (event.target.open) this.tabulate(figure, key);
        });
      }
      board.tabList(tabs, (plot) => change({ plot }));
      const highlight = this.find("select.solver");
      highlight.append(...[...this.families.keys()].map((name) => element("option", { value: name }, name)));
      highlight.addEventListener("change", () => change({ solver: highlight.value }));
      this.highlight = highlight;
      const kinds = board.families(new Set(this.families.values()));
      this.find(".kinds").append(...kinds.map((family) => element("span", {}, board.swatch(family, true), family)));
    }

    family(solver) { return this.families.get(solver) ?? "other"; }

    // The view of a choice; of one without instances, as a link may ask for, that of as many of its parts as there are.
    chosen() {
      const wanted = this.data.facets.map(([column, values]) => {
        const value = state.facets.get(column) ?? "";
        return values.includes(value) ? value : "";
      });
      for (let i = wanted.length - 1; i >= 0 && !this.index.has(wanted.join("|")); i--) wanted[i] = "";
      return { values: wanted, number: this.index.get(wanted.join("|")) ?? 0 };
    }

    show() {
      const { values, number } = this.chosen();
      const view = this.data.views[number];
      this.selects.forEach((select, i) => {
        select.value = values[i];
        for (const option of select.options) {
          option.disabled = !this.index.has(values.with(i, option.value).join("|"));
        }
      });
      for (const box of this.boxes) box.checked = !state.hidden.has(box.value);
      this.time.value = state.time;
      this.find(".ask").hidden = new Set(view.advice).size === 1;
      this.find(".answer").textContent = view.advice[state.time];
      this.find(".headline").textContent = view.headline;
      this.find(".instances").textContent = view.about;
      this.find(".note").textContent = view.note;
      this.find(".note").hidden = view.note === "";
      this.tables(view, number);
      this.plots(view, number, values);
    }

    tables(view, number) {
      if (!this.built.has(number)) {
        this.built.set(number, view.tables.map(board.tables.make));
        for (const part of this.built.get(number)) this.ready(part);
      }
      const parts = this.built.get(number);
      if (number !== this.shownView) this.find(".tables").replaceChildren(...parts);
      this.shownView = number;
      for (const part of parts) {
        const table = part.querySelector("table");
        board.tables.sort(table, state.sort);
        for (const row of table.tBodies[0].rows) row.hidden = state.hidden.has(this.family(row.dataset.solver));
      }
    }

    context(view, number, values) {
      const shown = (solver) => !state.hidden.has(this.family(solver));
      const scenarios = new Set(view.scenarios);
      const users = values[this.data.facets.findIndex(([column]) => column === "users")] || null;
      return {
        ...view, number, shown, state, change,
        points: view.points.filter((p) => shown(p.solver)),
        family: (solver) => this.family(solver),
        highlighted: this.families.has(state.solver) && shown(state.solver) ? state.solver : "",
        allocations: this.data.allocations.filter((one) => scenarios.has(one.scenario) && (users === null || String(one.users) === users)),
        width: this.find(".plots").clientWidth,
      };
    }

    plots(view, number, values) {
      const area = this.find(".plots");
      area.hidden = false;
      const context = this.context(view, number, values);
      const offered = [...this.figures.keys()].filter((key) => board.plots.get(key).offered(context));
      area.hidden = offered.length === 0;
      const open = offered.includes(state.plot) ? state.plot : offered[0];
      const tabs = this.find(".plot-tabs");
      for (const tab of tabs.children) tab.hidden = !offered.includes(tab.value);
      board.select(tabs, open);
      const { coloured, marked } = board.plots.get(open) ?? {};
      this.find(".kinds").hidden = !coloured && !printing;
      this.find(".highlight").hidden = !coloured && !marked;
      this.highlight.value = context.highlighted;
      for (const option of this.highlight.options) option.hidden = option.value !== "" && !context.shown(option.value);
      for (const [key, figure] of this.figures) {
        figure.hidden = !(key === open || (printing && offered.includes(key)));
        if (!figure.hidden) this.draw(figure, key, context);
      }
      this.context_ = context;
    }

    draw(figure, key, context) {
      const plot = board.plots.get(key);
      const width = printing ? 680 : figure.clientWidth;
      if (width === 0) return;
      const last = `${context.number} ${width} ${[...state.hidden]} ${state.solver} ${state.instance}`;
      if (this.made.get(key) === last) return;
      this.made.set(key, last);
      figure.querySelector(".drawing").replaceChildren(plot.draw({ ...context, width }));
      const details = figure.querySelector("details");
      details.hidden = !plot.figures;
      if (details.open) this.tabulate(figure, key);
    }

    tabulate(figure, key) {
      const [summary] = figure.querySelector("details").children;
      figure.querySelector("details").replaceChildren(summary, board.plots.get(key).figures(this.context_));
    }
  }

  // Start

  let printing = false;
  const suites = new Map(sections.filter((section) => data.has(section.id)).map((section) => [section.id, null]));
  const others = new Map([["zoo", () => globalThis.zooPlots], ["learners", () => globalThis.learnerPlot], ["reproduction", () => globalThis.reproductionPlots]]);

  function show() {
    const section = current();
    for (const one of sections) one.hidden = one !== section;
    board.select(bar, section.id);
    if (suites.has(section.id)) {
      if (suites.get(section.id) === null) suites.set(section.id, new Suite(section));
      suites.get(section.id).show();
    } else {
      for (const [kind, plots] of others) if (section.classList.contains(kind)) plots()?.(section, state, change);
    }
  }

  for (const section of sections) bar.append(board.tab(section.id, section.dataset.name, section, (id) => change({ section: id })));
  board.tabList(bar, (id) => change({ section: id }));
  bar.hidden = sections.length < 2;

  // Tables and pictures of the other sections have no place in the link.
  for (const section of sections.filter((one) => !data.has(one.id))) {
    for (const table of section.querySelectorAll("table")) {
      if (table.querySelector(".head")) board.tables.sortable(table, (sort) => board.tables.sort(table, sort));
    }
    const views = [...section.querySelectorAll(".view")];
    const select = section.querySelector(".filter select");
    if (!select || views.length === 0) continue;
    const choose = () => views.forEach((view, i) => { view.hidden = i !== Number(select.value); });
    select.append(...views.map((view, i) => element("option", { value: i }, view.dataset.title)));
    section.querySelector(".filter").hidden = views.length < 2;
    select.addEventListener("change", choose);
    choose();
  }

  const follow = () => { state = board.state.read(location.hash); show(); };
  addEventListener("hashchange", follow);
  follow();

  let drawn = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === drawn) return;
    drawn = innerWidth;
    requestAnimationFrame(show);
  });
  // On paper every plot of the view is there, as wide as the paper.
  addEventListener("beforeprint", () => { printing = true; show(); });
  addEventListener("afterprint", () => { printing = false; show(); });
  performance.mark("interactive");
})();
