"""Makes rliable_intervals.json: what rliable says of made-up scores, the reference of the tests of intervals.

rliable's bootstrap needs an environment of its own, because it does not import with pandas 3:

    python -m venv /tmp/oracle
    /tmp/oracle/bin/pip install rliable==1.2.0 "pandas<3"
    /tmp/oracle/bin/python tests/oracles/rliable_intervals.py
"""

import json
from pathlib import Path

import numpy as np
from rliable import library, metrics

RESAMPLES = 20_000
SHAPES = {"few": (12, 3), "many": (40, 5), "skewed": (25, 2)}


def scores(name, runs, tasks, shift=0.0):
    """Made-up gaps of runs (rows) on tasks (columns): some small, some failures."""
    rng = np.random.default_rng([len(name), runs, tasks])
    gaps = rng.beta(0.5, 4.0, (runs, tasks)) + 0.05 * np.arange(tasks) + shift * rng.random((runs, tasks))
    return np.round(np.where(rng.random((runs, tasks)) < 0.1, 1.0, np.clip(gaps, 0.0, 1.0)), 4)


def interval(given, statistic):
    values, ends = library.get_interval_estimates(
        given, statistic, reps=RESAMPLES, random_state=np.random.RandomState(0)
    )
    value, (low, high) = values["it"], ends["it"][:, 0]
    return [float(np.ravel(value)[0]), float(low), float(high)]


def main():
    found = {}
    for name, (runs, tasks) in SHAPES.items():
        table = scores(name, runs, tasks)
        found[name] = {
            "scores": table.tolist(),
            "iqm": interval({"it": table}, lambda x: np.array([metrics.aggregate_iqm(x)])),
            "mean": interval({"it": table}, lambda x: np.array([metrics.aggregate_mean(x)])),
        }
    ours, theirs = scores("seeds", 40, 1), scores("others", 40, 1, 0.1)
    # rliable calls the larger score the better one.
    pair = {"it": (-ours, -theirs)}
    found["pair"] = {
        "ours": ours.ravel().tolist(),
        "theirs": theirs.ravel().tolist(),
        "probability": interval(pair, lambda x, y: np.array([metrics.probability_of_improvement(x, y)])),
    }
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
    Path(__file__).with_suffix(".json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
