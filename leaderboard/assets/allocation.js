// One instance: what each user gets from a solver, beside what it gets in the best allocation known.
"use strict";
board.plots.set("allocation", (() => {
  const { element, percent } = board;
  const key = (one) => `${one.scenario}/${one.instance}`;
  const number = (value) => (value === null ? "∞" : String(value));

  function chosen({ allocations: here, state, highlighted, shown, family }) {
    const one = here.find((some) => key(some) === state.instance) ?? here[0];
    const answers = new Map(Object.entries(one.answers));
    const solvers = [...answers.keys()].filter((solver) => shown(solver) || solver === highlighted);
    // Without a wish, the best answer of a learner that is not the optimum itself; else the best one that is not.
    const differ = solvers.filter((solver) => answers.get(solver).scm && answers.get(solver).gap > 1e-3);
    const solver = [highlighted, differ.find((one) => family(one) === "learning"), differ[0], solvers[0]].find((one) => solvers.includes(one));
    return { here, one, answers, solvers, solver };
  }

  // Two bars in a cell, the solver's over the optimum's, each as a share of what is full.
  function bars(text, mine, best, full, other) {
    const bar = (kind, value) => {
      const made = element("i", { class: kind });
      made.style.width = `${Math.min(100, full > 0 ? (100 * (value ?? full)) / full : 0)}%`;
      return made;
    };
    const drawn = element("span", { class: "bars", "aria-hidden": "true" }, bar("mine", mine), ...(best === undefined ? [] : [bar("best", best)]));
    return element("td", {}, text, ...(other === undefined ? [] : [element("small", {}, other)]), drawn);
  }

  function table({ one, answers, solver }) {
    const mine = answers.get(solver);
    const best = one.optimum?.scm ? one.optimum : null;
    const most = (name) => d3.max([...mine[name], ...(best ? best[name] : [])].filter((value) => value !== null)) || 1;
    const [power, bandwidth, rate] = ["power_mw", "bandwidth_khz", "rate"].map(most);
    const needed = (allocation, i) => one.compute_mw[i][allocation.scm[i]];
    const computing = d3.max(d3.range(one.users), (i) => Math.max(needed(mine, i), best ? needed(best, i) : 0)) || 1;
    const pair = (name, i) => [mine[name][i], best ? best[name][i] : undefined];
    const cell = (name, i, full, text) => {
      const [a, b] = pair(name, i);
      return bars(text(a), a, b, full, b === undefined ? undefined : text(b));
    };
    const share = (total) => (value) => percent(value / total, 2);
    const rows = d3.range(one.users).map((i) => {
      const model = one.models[mine.scm[i]];
      const other = best ? one.models[best.scm[i]] : model;
      const late = mine.latency_s[i] === null || mine.latency_s[i] > one.deadline_s[i] * (1 + 1e-9);
      const latency = cell("latency_s", i, one.deadline_s[i], (value) => (value === null ? "∞" : percent(value / one.deadline_s[i], 3)));
      if (late) latency.classList.add("late");
      return [
        String(i + 1),
        element("td", { class: model === other ? "model" : "model other" }, model, element("small", {}, best ? (model === other ? "the same" : other) : "")),
        bars(share(one.power_budget_mw)(needed(mine, i)), needed(mine, i), best ? needed(best, i) : undefined, computing, best ? share(one.power_budget_mw)(needed(best, i)) : undefined),
        cell("power_mw", i, power, share(one.power_budget_mw)),
        cell("bandwidth_khz", i, bandwidth, share(one.bandwidth_budget_khz)),
        cell("rate", i, rate, number),
        latency,
      ];
    });
    const made = board.smallTable(
      `What each user gets from ${solver}${best ? ", and under it in the best allocation known" : ""}`,
      ["User", "Compression model", "Power to compute, of budget", "Power to send, of budget", "Bandwidth, of budget", `Rate, ${one.rate_unit}`, "Latency, of deadline"], rows,
    );
    made.classList.add("allocation");
    return made;
  }

  function sentence({ one, answers, solver }) {
    const mine = answers.get(solver);
    const gap = mine.gap === null || mine.gap === undefined ? "" : `, gap ${percent(mine.gap, 3)}`;
    const against = one.optimum ? ` Best allocation known: from ${one.optimum.source === "certificate" ? "the certificate, proved optimal" : one.optimum.source}.` : " No best allocation is known.";
    const differ = mine.scm && one.optimum?.scm ? d3.count(mine.scm, (model, i) => (model === one.optimum.scm[i] ? NaN : 1)) : null;
    const models = differ === null ? "" : ` ${differ === 0 ? "Every user has the same compression model in both" : `${differ} of ${one.users} users have another compression model in it`}.`;
    return `${solver}: ${mine.status.replaceAll("_", " ")}${gap}.${against}${models}`;
  }

  function choice(text, options, value, change) {
    const made = element("select", {}, ...options.map(([known, words]) => element("option", { value: known }, words)));
    made.value = value;
    made.addEventListener("change", () => change(made.value));
    return element("label", {}, `${text} `, made);
  }

  function draw(context) {
    const found = chosen(context);
    const { here, one, answers, solvers, solver } = found;
    const parts = [element(
      "p", { class: "choices" },
      choice("Instance", here.map((some) => [key(some), some.label]), key(one), (value) => context.change({ instance: value })),
      choice("Solver", solvers.map((name) => [name, name]), solver, (value) => context.change({ solver: value })),
    )];
    if (solver === undefined) return element("div", {}, ...parts, element("p", { class: "about" }, "No solver of the families shown ran on it."));
    parts.push(element("p", { class: "about" }, sentence(found)));
    if (answers.get(solver).scm) parts.push(table(found));
    return element("div", {}, ...parts);
  }

  return { offered: ({ allocations }) => allocations.length > 0, draw };
})());
