// What the reader has chosen, and the link that says so. A link may come from anybody: what is not known is ignored.
"use strict";
board.state = (() => {
  const BUDGETS = ["0.001", "0.01", "0.1", "1", "none"];
  const FACETS = ["users", "class", "rate"];
  const fresh = () => ({ section: "", facets: new Map(), hidden: new Set(), sort: null, time: 1, plot: "", solver: "", instance: "", reading: "" });

  // #suite-paper-v1&users=12&hide=search,baseline&sort=gap-descending&time=0.1&plot=runtime&solver=ppo&instance=...
  function read(fragment) {
    const state = fresh();
    const [section, ...rest] = fragment.replace(/^#/, "").split("&");
    try { state.section = decodeURIComponent(section); } catch { return state; }
    const given = new URLSearchParams(rest.join("&"));
    for (const column of FACETS) if (given.get(column)) state.facets.set(column, given.get(column));
    state.hidden = new Set((given.get("hide") ?? "").split(",").filter((family) => board.FAMILIES.has(family)));
    const sort = /^([a-z0-9_]+)-(ascending|descending)$/.exec(given.get("sort") ?? "");
    if (sort) state.sort = { key: sort[1], order: sort[2] };
    if (BUDGETS.includes(given.get("time"))) state.time = BUDGETS.indexOf(given.get("time"));
    for (const key of ["plot", "solver", "instance", "reading"]) state[key] = given.get(key) ?? "";
    return state;
  }

  function write(state) {
    const given = new URLSearchParams();
    for (const [column, value] of state.facets) if (value) given.set(column, value);
    if (state.hidden.size) given.set("hide", [...state.hidden].join(","));
    if (state.sort) given.set("sort", `${state.sort.key}-${state.sort.order}`);
    if (state.time !== 1) given.set("time", BUDGETS[state.time]);
    for (const key of ["plot", "solver", "instance", "reading"]) if (state[key]) given.set(key, state[key]);
    const rest = given.toString();
    return `#${encodeURIComponent(state.section)}${rest && "&"}${rest}`;
  }

  return { fresh, read, write };
})();
