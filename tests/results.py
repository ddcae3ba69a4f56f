"""Made-up but realistic results for the tests of the leaderboard: shapes as in a real run."""

import re

import numpy as np
import pandas as pd

XSS = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"

SOLVERS = {  # mean gap, seconds
    "random": (0.62, 3e-5),
    "average": (0.47, 2.5e-5),
    "heuristic-rde": (0.55, 4e-5),
    "random+exact": (0.19, 9e-4),
    "average+exact": (0.081, 7e-4),
    "heuristic-rde+exact": (0.034, 8e-4),
    "exhaustive": (0.0, 2.3),
}
SCENARIOS = ("paper-m6-v1", "paper-m12-v1", "tight-m12-v1")
VIOLATIONS = ("power", "bandwidth", "min_bandwidth", "latency", "sign")


def result_rows(suite, scenarios, instances, solvers, rate="shannon", seed=0):
    """Feasible rows of a suite whose optima are all proved."""
    rng = np.random.default_rng(seed)
    rows = []
    for scenario in scenarios:
        for instance in range(instances):
            bound = rng.lognormal(16.3, 0.3) if rate == "shannon" else rng.lognormal(2.0, 0.3)
            for solver, (gap, seconds) in solvers.items():
                lost = float(np.clip(gap * rng.lognormal(-0.1, 0.5), 0, 0.97))
                rde = bound * (1 - lost)
                rows.append(
                    {
                        "suite": suite,
                        "scenario": scenario,
                        "instance": instance,
                        "instance_hash": f"{scenario}{instance}",
                        "suite_seed": 1,
                        "users": int(re.search(r"-m(\d+)", f"{scenario}-m12")[1]),
                        "rate": rate,
                        "solver": solver,
                        "status": "optimal" if lost < 1e-6 else "feasible",
                        "message": None,
                        "rde": rde,
                        "reward": rde / (1e6 if rate == "shannon" else 1.0),
                        "solve_seconds": seconds * rng.lognormal(0, 0.4),
                        "policy": None,
                        "fit_seconds": np.nan,
                        "bound": bound,
                        "bound_source": "exhaustive",
                        "reference_status": "optimal",
                        "reference_rde": bound,
                        "gap": 1 - rde / bound,
                        **{f"violation_{name}": 0.0 for name in VIOLATIONS},
                    }
                )
    return pd.DataFrame(rows)


def with_status(rows, where, status):
    """The rows where ``where`` holds turned into runs with a status that has no feasible answer."""
    rows = rows.copy()
    rows.loc[where, "status"] = status
    rows.loc[where, "gap"] = np.nan if status == "skipped" else 1.0
    if status == "violated":
        rows.loc[where, ["violation_latency", "reward"]] = [0.8, -4.0]
    else:
        rows.loc[where, ["rde", "reward", *(f"violation_{name}" for name in VIOLATIONS)]] = np.nan
    if status == "skipped":
        rows.loc[where, "solve_seconds"] = np.nan
    return rows


def all_infeasible(suite="paper-literal-v1", instances=25):
    """A suite on which no instance has a feasible allocation, as in the literal reading of the paper."""
    rows = result_rows(suite, ["paper-literal-m12-v1"], instances, SOLVERS, rate="spectral", seed=1)
    rows[["bound", "reference_rde"]] = np.nan
    rows["reference_status"] = "infeasible"
    rows["status"], rows["gap"] = "violated", 1.0
    rows["reward"] -= 45
    rows["violation_power"] = 47.2
    rows["violation_latency"] = np.where(rows["solver"] == "random", np.inf, 0.31)
    proved = rows["solver"] == "exhaustive"
    rows.loc[proved, "status"], rows.loc[proved, "gap"] = "infeasible", 0.0
    rows.loc[proved, ["rde", "reward", *(f"violation_{name}" for name in VIOLATIONS)]] = np.nan
    return rows


def stress():
    """Failures, violations, skipped runs, a refuted instance, both rates, and a solver named to do harm."""
    solvers = {**SOLVERS, XSS: (0.002, 0.04)}
    first = result_rows("stress-v1", ["near-m6-v1"], 20, solvers, seed=2)
    second = result_rows("stress-v1", ["spectral-m12-v1"], 20, solvers, rate="spectral", seed=3)
    rows = pd.concat([first, second], ignore_index=True)
    on = rows["scenario"] == "spectral-m12-v1"
    rows = with_status(rows, on & (rows["solver"] == "exhaustive"), "skipped")
    rows = with_status(rows, (rows["solver"] == "random") & (rows["instance"] < 8), "violated")
    rows = with_status(rows, (rows["solver"] == XSS) & (rows["instance"] == 3), "error")
    rows = with_status(
        rows, (rows["solver"] == "heuristic-rde+exact") & (rows["instance"] == 4), "time_limit"
    )
    refuted = (rows["instance"] == 19) & ~on
    rows = with_status(rows, refuted & ~rows["solver"].isin(["exhaustive", "random"]), "infeasible")
    rows = with_status(rows, refuted & (rows["solver"] == "random"), "violated")
    rows = with_status(rows, refuted & (rows["solver"] == "exhaustive"), "infeasible")
    rows.loc[refuted, "reference_status"] = "infeasible"
    rows.loc[refuted, ["bound", "reference_rde"]] = np.nan
    return rows


def example_manifest():
    solvers = [
        {"name": name, "summary": f"What {name} does, in one line.", "configuration": {}} for name in SOLVERS
    ]
    solvers[0]["configuration"] = {"samples": 1}

    def suite(title, question, scenarios):
        described = [
            {"id": name, "title": name.replace("-", " "), "description": "", "reward_unit": "Mbit/s"}
            for name in scenarios
        ]
        return {
            "title": title,
            "question": question,
            "preset": "standard",
            "seed": 1,
            "scenarios": described,
            "solvers": solvers,
        }

    return {
        "format": "rdebench-results/1",
        "suites": {
            "paper-v1": suite(
                "The paper's setting", "Who comes close to the optimum in the paper's setting?", SCENARIOS
            ),
            "paper-literal-v1": suite(
                "The paper, taken literally",
                "What if every number is read as printed?",
                ["paper-literal-m12-v1"],
            ),
            "stress-v1": suite("Stress", "What breaks?", ["near-m6-v1", "spectral-m12-v1"]),
        },
        "code_hash": "3f9c1d2ab7e04c55",
        "versions": {"rdebench": "0.1.0", "numpy": "2.4.6", "scipy": "1.17.1", "python": "3.12.3"},
        "machine": {"system": "Linux", "processor": "x86-64", "cores": 8, "memory_gib": 32},
        "created": "2026-01-05T10:00:00Z",
    }


def example_rows():
    return pd.concat(
        [result_rows("paper-v1", SCENARIOS, 25, SOLVERS), all_infeasible(), stress()], ignore_index=True
    )
