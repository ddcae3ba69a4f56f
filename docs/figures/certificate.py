"""Draw docs/figures/certificate.svg: the bound against the price of bandwidth, for three sizes.

Run it with ``python docs/figures/certificate.py`` (matplotlib comes with the ``search`` extra).
"""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np

from rdebench.problems import Scenario
from rdebench.solvers import Budget
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.bounds import PricedProblem
from rdebench.solvers.certified import Certified
from rdebench.solvers.price_kernel import best_price

plt.rcParams.update({"svg.hashsalt": "rdebench", "font.family": "sans-serif", "font.size": 10})
figure, axes = plt.subplots(figsize=(7.2, 4.2))
scenario = Scenario.load("class-heterogeneous-v1")
for users, colour in ((6, "#d55e00"), (12, "#0072b2"), (48, "#009e73")):
    problem = scenario.model_copy(update={"users": [users]}).instance(1, 0, split="train")
    inner = InnerSolver(problem)
    priced = PricedProblem(inner, np.isfinite(problem.min_rate))
    optimum = Certified(1e-9).prove(problem, Budget()).value
    _, theta, _ = priced.root()
    steps, row = np.linspace(-1.2, 1.2, 241), np.empty_like(priced.nats)
    bounds = [
        best_price(
            priced.shannon, priced.snr, priced.nats, priced.compute, priced.floor, priced.weight,
            priced.epsilon, theta * np.exp(step), 0.0, row,
        )[0]
        for step in steps
    ]  # fmt: skip
    axes.plot(np.exp(steps), np.array(bounds) / optimum - 1, color=colour, label=f"{users} users")
axes.set(
    xscale="log",
    yscale="log",
    xlabel="price of bandwidth over its best value",
    ylabel="bound over optimum - 1",
)
axes.set_xticks([0.3, 0.5, 1, 2, 3], ["0.3", "0.5", "1", "2", "3"])
axes.minorticks_off()
axes.grid(alpha=0.3)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.tight_layout()
figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})
