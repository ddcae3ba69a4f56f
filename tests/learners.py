"""A plugin with learners that need no packages: what the referee does with policies is tested with these."""

from __future__ import annotations

import numpy as np

from rdebench.bench import policies

PLUGIN = """
import json, pickle, sys, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from rdebench.solvers import Budget, Solution, Solver

class Modest(Solver):
    "Learns which model is best for everybody, at equal shares."
    name, learns = "modest", True

    def __init__(self, samples=3): self.samples = samples

    def answer(self, problem, model):
        users = problem.users
        power = max(problem.power_budget - problem.scm_power[:, model].sum(), 0.0) / users
        share = np.full(users, problem.bandwidth_budget / users)
        return Solution(np.full(users, model), np.full(users, power), share)

    def value(self, problem, model):
        found = self.answer(problem, model)
        from rdebench.problems import Allocation
        return float(problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).rde)

    def fit(self, scenario, *, seed, budget):
        problems = scenario.sample(self.samples, seed, split="train")
        budget.spend(self.samples * problems[0].models)
        values = [sum(self.value(p, m) for p in problems) for m in range(problems[0].models)]
        self.model = np.array(int(np.argmax(values)))

    def save(self, path): np.save(path / "model.npy", self.model)

    def load(self, path): self.model = np.load(path / "model.npy", allow_pickle=False)

    def solve(self, problem, *, rng, budget):
        budget.spend()
        return self.answer(problem, int(self.model))

class Patient(Modest):
    "The same in steps that are reported and kept, and one policy for every scenario."
    name, general = "patient", True

    def __init__(self, policy_seed=0): self.policy_seed, self.samples = policy_seed, 3

    @classmethod
    def default_scenarios(cls): return ("paper-m6-v1", "small-v1")

    def train(self, scenarios, *, seed, budget, device="cpu", folder=None, report=print):
        file = folder / "checkpoint.json"
        self.steps_trained = json.loads(file.read_text())["steps"] if file.exists() else 0
        self.seconds_trained, self.curve = 0.0, []
        while not budget.exhausted and self.steps_trained < (budget.evaluations or np.inf):
            self.steps_trained, self.seconds_trained = self.steps_trained + 10, self.seconds_trained + 0.02
            self.curve.append(
                SimpleNamespace(steps=self.steps_trained, seconds=self.seconds_trained, gap=0.5, infeasible=0.25)
            )
            report(self.curve[-1])
            (folder / "aside").write_text(json.dumps({"steps": self.steps_trained}))
            (folder / "aside").replace(file)
            time.sleep(0.02)
        self.fit(scenarios[0], seed=seed, budget=Budget())

class Fond(Modest):
    "Keeps a pickle."
    name = "fond"

    def save(self, path): (path / "model.pkl").write_bytes(pickle.dumps(self.model))

class Raiser(Modest):
    "Cannot be trained."
    name = "raiser"

    def fit(self, scenario, *, seed, budget): raise ZeroDivisionError("on purpose")

class Narrow(Modest):
    "Trained on the other rate only."
    name, rates = "narrow", ("spectral",)
"""


def keep(solver, scenarios, model=2, **where):
    """Keep a policy of one of these as if it had been trained."""
    solver.model = np.array(model)
    about = {"seed": 0, "command": "rdebench train", "machine": "a desk", "steps": 3, "seconds": 1.5}
    return policies.keep(solver, scenarios, **about, **where)
