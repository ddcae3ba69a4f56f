"""Figures, the check of the optimum, and explanations of wrong answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rdebench.bench.commands.verify_display import _choices
from rdebench.bench.cross_check import CrossCheck, _compare
from rdebench.bench.verification import _loss, figures
from rdebench.bench.wrong_choice import explain, worst_answer
from rdebench.problems import Allocation, Scenario
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.allocation import InnerSolver


def rows(*entries):
    """Rows of one solver on one scenario: (status, rde, target) or more columns by name."""
    common = {
        "scenario": "small-v1",
        "solver": "mine",
        "reference_status": "optimal",
        "against": "optimum",
        "message": None,
        "solve_seconds": 0.5,
    }
    frame = pd.DataFrame([common | {"instance": index} | entry for index, entry in enumerate(entries)])
    frame["loss"] = _loss(frame)
    return frame


def entry(status, rde, **more):
    return {"status": status, "rde": rde, "target": 10.0} | more


def test_figures_of_every_kind_of_answer():
    frame = rows(
        entry("optimal", 10.0),
        entry("feasible", 9.0, solve_seconds=0.1),
        entry("violated", 12.0),
        entry("error", np.nan, message="Traceback\nValueError: no", solve_seconds=np.nan),
        entry("skipped", np.nan),
        entry("infeasible", np.nan, reference_status="infeasible", against="proved bound", target=np.nan),
    )
    (found,) = figures(frame)
    assert (found.instances, found.skipped, found.infeasible) == (4, 1, 2)
    assert found.mean_gap == pytest.approx((0.0 + 0.1 + 1.0 + 1.0) / 4)
    assert found.worst_gap == 1.0
    assert found.p95_gap == 1.0
    assert found.optimal_share == 0.25
    assert found.median_seconds == 0.5
    assert found.against == "optimum"
    assert found.failure == "instance 3: ValueError: no"


def test_a_claim_of_infeasibility_on_a_feasible_instance_counts_as_a_gap_of_one():
    (found,) = figures(rows(entry("invalid", np.nan, message="claims that the instance is infeasible")))
    assert (found.mean_gap, found.infeasible) == (1.0, 1)


def test_a_solver_that_is_skipped_everywhere_has_no_figures():
    assert figures(rows(entry("skipped", np.nan))) == []


def verdict(**row):
    check = CrossCheck()
    common = {"status": "optimal", "reference_status": "optimal", "rde": 1.0, "reference_rde": 1.0}
    _compare(pd.Series(common | {"message": None} | row), "here", check)
    return check


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"rde": 1.0 + 2e-6}, "the best RDE is 1.000002 by exhaustive search and 1.0 by the certificate"),
        ({"rde": 1.0 - 2e-6}, "the best RDE is 0.999998"),
        ({"reference_status": "infeasible"}, "ends as optimal, the certificate as infeasible"),
        ({"status": "infeasible"}, "ends as infeasible, the certificate as optimal"),
        ({"status": "error", "message": "no"}, r"ends as error \(no\)"),
    ],
)
def test_a_contradiction_is_named(row, fault):
    (found,) = verdict(**row).faults
    assert pd.Series([found]).str.contains(fault).all(), found


@pytest.mark.parametrize(
    ("row", "compared"),
    [
        ({}, 1),
        ({"rde": 1.0 - 0.5e-6}, 1),
        ({"status": "infeasible", "reference_status": "infeasible"}, 1),
        ({"status": "skipped", "rde": np.nan}, 0),
        ({"status": "time_limit", "rde": np.nan}, 0),
        ({"reference_status": "unknown"}, 0),
        ({"reference_status": "bounded", "reference_rde": 0.9}, 0),
    ],
)
def test_agreement_and_no_opinion_are_no_fault(row, compared):
    check = verdict(**row)
    assert check.faults == []
    assert check.compared == compared


@pytest.fixture(scope="module")
def problem():
    return Scenario.load("small-v1").instance(3, 1)


@pytest.fixture(scope="module")
def best(problem):
    return make_solver("exhaustive").solve(problem, rng=np.random.default_rng(0), budget=Budget())


def answer(problem, best, scm, power=None, bandwidth=None):
    """A row as the referee writes it; the exact allocation unless another one is given."""
    exact = InnerSolver(problem).allocate(np.array(scm)[None]).allocation
    power = exact.power[0] if power is None else power
    bandwidth = exact.bandwidth[0] if bandwidth is None else bandwidth
    found = problem.evaluate(Allocation(np.array(scm), power, bandwidth))
    loss = 1.0 - float(found.rde) / best.bound if found.feasible else 1.0
    names = ("power", "bandwidth", "min_bandwidth", "latency", "sign")
    return pd.Series(
        {
            "solver": "mine",
            "scenario": "small-v1",
            "instance": 3,
            "status": "feasible" if found.feasible else "violated",
            "loss": loss,
            "scm": list(scm),
            "power_w": power,
            "bandwidth_hz": bandwidth,
            "best_scm": list(best.scm),
            "against": "optimum",
            "reference_status": "optimal",
            **{f"violation_{name}": float(getattr(found.violations, name)) for name in names},
        }
    )


def one_change(problem, best):
    """The best answer with one user's SCM changed, feasible and not as good."""
    inner = InnerSolver(problem)
    for user in range(problem.users):
        for model in range(problem.models):
            scm = best.scm.copy()
            scm[user] = model
            value = inner.values(scm[None])[0]
            if 0 < value < best.bound * (1 - 1e-3):
                return user, scm, float(value)
    raise AssertionError("no such change")


def test_one_wrong_choice_costs_what_undoing_it_gains(problem, best):
    user, scm, value = one_change(problem, best)
    found = explain(problem, answer(problem, best, scm))
    assert [one.user for one in found.users if one.differs] == [user]
    chosen, right = problem.scm_names[scm[user]], problem.scm_names[best.scm[user]]
    assert (found.users[user].chosen.scm, found.users[user].best.scm) == (chosen, right)
    assert "all of the gap is in the SCMs" in found.sentences[0]
    rise = f"rises by {best.bound / value - 1:.2%}"
    assert found.sentences[1].startswith(f"user {user} takes {chosen} where {right} is best")
    assert found.sentences[1].endswith(rise)
    assert len(found.sentences) == 2
    assert found.best_rde == pytest.approx(best.bound)
    assert found.rde == pytest.approx(value)


def test_shares_are_in_the_stated_units(problem, best):
    user, scm, _ = one_change(problem, best)
    found = explain(problem, answer(problem, best, scm)).users[user]
    allocation = Allocation(best.scm, best.power, best.bandwidth)
    evaluation = problem.evaluate(allocation)
    assert found.best.power_mw == pytest.approx(best.power[user] * 1e3)
    assert found.best.bandwidth_khz == pytest.approx(best.bandwidth[user] / 1e3)
    assert found.best.rate == pytest.approx(evaluation.rate[user] / 1e6)
    assert found.best.latency_s == pytest.approx(evaluation.latency[user])
    assert found.deadline_s == problem.max_latency[user]
    assert found.gain_db == pytest.approx(10 * np.log10(problem.gain[user] / problem.gain.max()))


def test_right_scms_and_poor_shares(problem, best):
    row = answer(problem, best, best.scm, best.power * 0.999999, best.bandwidth * 0.9999999)
    equal = explain(problem, row)
    assert not any(one.differs for one in equal.users)
    assert equal.sentences[-1] == "its SCMs are a best choice: all of the gap is in power and bandwidth"


def test_a_broken_constraint_comes_first(problem, best):
    found = explain(problem, answer(problem, best, best.scm, best.power * 2))
    share = (best.power.sum()) / problem.power_budget
    assert found.gap == 1.0
    assert found.sentences[0] == f"it breaks power by {share:.2%} of its limit"


def test_scms_that_nothing_makes_feasible(problem, best):
    inner = InnerSolver(problem)
    worst = np.full(problem.users, problem.scm_names.index("DPN-26"))
    assert inner.values(worst[None])[0] == -np.inf
    found = explain(problem, answer(problem, best, worst, best.power, best.bandwidth))
    assert "no power and bandwidth make these SCMs feasible" in found.sentences
    wrong = int((worst != best.scm).sum())
    assert sum(sentence.startswith("user ") for sentence in found.sentences) == wrong


def test_of_many_wrong_choices_the_largest_are_told_and_the_rest_counted():
    problem = Scenario.load("small-v1").instance(0, 1)
    users = np.arange(14) % problem.users
    columns = ("scm_power", "scm_latency", "distortion", "payload", "gain", "max_latency")
    many = problem.replace(
        **{name: getattr(problem, name)[users] for name in columns},
        power_budget=problem.power_budget * 8,
        bandwidth_budget=problem.bandwidth_budget * 8,
    )
    best = make_solver("certified").solve(many, rng=np.random.default_rng(0), budget=Budget())
    wrong = (best.scm + 1) % many.models
    found = explain(many, answer(many, best, wrong, best.power, best.bandwidth))
    assert all(user.differs for user in found.users)
    assert len(found.explained) == sum(sentence.startswith("user ") for sentence in found.sentences) == 10
    assert any(sentence.startswith("4 more users differ") for sentence in found.sentences)
    values = InnerSolver(many).values(np.where(np.eye(15, 14, -1, dtype=bool), best.scm, wrong))
    change = np.abs(np.maximum(values[1:], 0.0) - max(values[0], 0.0))
    others = np.setdiff1d(np.arange(14), found.explained)
    assert change[others].max() <= change[found.explained].min()
    assert _choices(found).row_count == 2 * 10


def test_another_best_answer_is_not_wrong(problem, best):
    """Two identical users may be exchanged."""
    twin = np.array([0, 0])
    two = problem.replace(
        **{
            name: getattr(problem, name)[twin]
            for name in ("scm_power", "scm_latency", "distortion", "payload")
        },
        **{name: getattr(problem, name)[twin] for name in ("gain", "max_latency")},
    )
    values = InnerSolver(two).values(np.array([[0, 1], [1, 0]]))
    assert values[0] == pytest.approx(values[1])
    answers = make_solver("exhaustive").solve(two, rng=np.random.default_rng(0), budget=Budget())
    row = answer(two, answers, answers.scm[::-1].copy())
    assert not any(one.differs for one in explain(two, row).users)


def test_the_worst_answer_is_one_with_decisions():
    frame = pd.DataFrame(
        {
            "loss": [0.1, 1.0, 0.3, 0.5],
            "scm": [[0], None, [1], [1]],
            "against": ["optimum", "optimum", "optimum", "proved bound"],
            "reference_status": ["optimal", "optimal", "optimal", "bounded"],
        }
    )
    assert worst_answer(frame)["loss"] == 0.3
    assert worst_answer(frame[frame["scm"].isna()]) is None
    assert worst_answer(frame.assign(loss=0.0)) is None
