// Who beats whom: a table of probabilities.
"use strict";
board.plots.set("improvement", (() => {
  const { element } = board;
  const whole = (share) => `${Math.round(share * 100)}`;

  function draw({ improvement: data, shown }) {
    const kept = d3.range(data.solvers.length).filter((i) => shown(data.solvers[i]));
    const rows = kept.map((i) => [data.solvers[i], ...kept.map((j) => {
      if (i === j) return element("td", { class: "same" }, "–");
      const [probability, low, high] = [data.probability[i][j], data.low[i][j], data.high[i][j]];
      if (probability === null) return "–";
      const settled = low !== null && high !== null && (low > 0.5 || high < 0.5);
      const side = probability > 0.5 ? "win" : "lose";
      const depth = Math.min(3, Math.floor(Math.abs(probability - 0.5) * 6.01));
      const range = low === null || high === null ? "" : `, 95 % interval ${whole(low)} – ${whole(high)} %`;
      return element(
        "td", { class: `${side}-${depth}`, title: `${data.solvers[i]} is better than ${data.solvers[j]} with ${whole(probability)} %${range}` },
        settled ? element("b", {}, whole(probability)) : whole(probability),
      );
    })]);
    const heads = ["Better, %", ...kept.map((j) => board.short(data.solvers[j]).replaceAll("+", "+\u200b"))];
    const table = board.smallTable("Probability in % that the solver of the row is better than that of the column", heads, rows);
    table.classList.add("matrix");
    return table;
  }

  return { offered: ({ improvement: data, points }) => points.length > 1 && Boolean(data) && data.solvers.length > 1, draw };
})());
