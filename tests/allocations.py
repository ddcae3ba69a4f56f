"""Made-up instances with every solver's allocation, as the page takes them."""

from __future__ import annotations


def instance(scenario, number, users, solvers, extra):
    """An instance as the referee tells of it: even shares, beside an optimum that gives all to the first user."""

    def given(first):
        share = [first, *[(1 - first) / (users - 1)] * (users - 1)]
        return {
            "status": "feasible",
            "gap": 0.25,
            "reward": 1.0,
            "scm": [int(first > 0.5)] * users,
            "power_w": share,
            "bandwidth_hz": [1e6 * part for part in share],
            "rate": [2e6 * part for part in share],
            "latency_s": [0.001, *[0.0005] * (users - 1)],
        }

    return {
        "scenario": scenario,
        "instance": number,
        "users": users,
        "rate": "shannon",
        "models": ["LeNet", extra],
        "compute_w": [[0.01, 0.02]] * users,
        "deadline_s": [0.001] * users,
        "gain_db": [0.0] * users,
        "power_budget_w": 2.0,
        "bandwidth_budget_hz": 1e6,
        "proved": "optimal",
        "optimum": {"source": "certificate", **given(0.6)},
        "answers": {name: given(1 / users) for name in solvers},
    }
