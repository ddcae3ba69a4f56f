"""The learners: each finds a known answer from a blind start, the same one again, and keeps it without pickle."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from importlib import resources

import numpy as np
import platformdirs
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sb3_contrib")

from rdebench.problems import Allocation, Scenario  # noqa: E402
from rdebench.solvers import Budget, make_solver  # noqa: E402
from rdebench.solvers.allocation import FEASIBLE, InnerSolver  # noqa: E402
from rdebench.solvers.ppo.learner import PolicyError  # noqa: E402

from ..instances import random_problem  # noqa: E402
from ..tiny import barely_trained, blind, few_instances, optima, tiny  # noqa: E402

GENERAL = ("ppo-hybrid", "ppo-hybrid+exact", "ppo-maskable", "amortized", "amortized-best-of-64")
LEARNERS = (*GENERAL, "ppo", "ppo-paper")
KERNELS = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """Where described instances of these tests are kept."""
    return tmp_path_factory.mktemp("described")


@pytest.fixture(autouse=True)
def small(monkeypatch, described):
    """Few instances, one thread, and caches that are not the user's."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", KERNELS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(described))
    few_instances(monkeypatch)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def loaded(name, users=None):
    solver = make_solver(name)
    solver.load(barely_trained(name, users))
    return solver


def solved(solver, problem, seed=0):
    found = solver.solve(problem, rng=np.random.default_rng(seed), budget=Budget())
    return found, problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))


def gap(solver, problems, best):
    """Mean of 1 - rde / optimum; an infeasible answer counts 1."""
    scored = [solved(solver, problem)[1] for problem in problems]
    gaps = [
        1.0 - float(s.rde) / optimum if s.feasible else 1.0 for s, optimum in zip(scored, best, strict=True)
    ]
    return float(np.mean(gaps))


@pytest.mark.parametrize(
    ("name", "steps", "before", "after"),
    [
        ("ppo-hybrid+exact", 30_000, 0.05, 0.02),
        ("ppo-hybrid", 50_000, 0.25, 0.22),
        ("ppo-maskable", 12_000, 0.05, 0.02),
        ("amortized", 6_000, 0.05, 0.01),
        ("ppo", 20_000, 0.9, 0.35),
        ("ppo-paper", 6_000, 0.9, 0.35),
    ],
)
def test_a_blind_start_finds_the_known_answer(monkeypatch, name, steps, before, after):
    """From the first SCM for everybody (or, in a box, the large one) to near the optimum by trying all."""
    from rdebench.solvers.ppo import hybrid, maskable

    monkeypatch.setattr(hybrid, "LEARNING_RATE", 6e-3)
    monkeypatch.setattr(maskable, "LEARNING_RATE", 3e-3)
    blind(monkeypatch)
    problems = tiny().sample(30, 0)
    learner = make_solver(name)
    learner.train([tiny()], seed=0, budget=Budget(evaluations=steps))
    assert learner.curve[0].steps == 0
    assert learner.curve[0].gap > before
    assert gap(learner, problems, optima(problems)) < after
    assert learner.steps_trained >= steps
    assert learner.curve[-1].steps == learner.steps_trained


class Stop(Exception):
    """Stands for an interruption."""


def weights(name, steps, folder=None, stop_at=None, seed=0):
    """The weights after a training; interrupted at a report, if it is to be."""
    reports = []

    def report(point):
        reports.append(point)
        if len(reports) == stop_at:
            raise Stop

    learner = make_solver(name)
    learner.train([tiny()], seed=seed, budget=Budget(evaluations=steps), folder=folder, report=report)
    return learner.tensors()


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("name", "steps"),
    [("ppo-hybrid", 12_000), ("ppo-hybrid+exact", 12_000), ("ppo-maskable", 12_000), ("amortized", 3_000)],
)
def test_the_same_seed_gives_the_same_weights_even_if_interrupted(monkeypatch, tmp_path, name, steps):
    from rdebench.solvers.ppo import expert_iteration, sb3_training

    whole = weights(name, steps)
    monkeypatch.setattr(expert_iteration, "REPORT_SECONDS", -1.0)
    monkeypatch.setattr(sb3_training, "REPORT_SECONDS", -1.0)
    with pytest.raises(Stop):
        weights(name, steps, tmp_path, stop_at=3)
    resumed = make_solver(name)
    resumed.train([tiny()], seed=0, budget=Budget(evaluations=steps), folder=tmp_path)
    assert resumed.curve[0].steps == 0
    assert equal(resumed.tensors(), whole)
    assert not equal(weights(name, steps, seed=1), whole)


@pytest.mark.parametrize("name", ["ppo", "ppo-paper"])
def test_the_same_seed_gives_the_same_weights_in_a_box(name):
    whole = weights(name, 1)
    assert equal(weights(name, 1), whole)
    if name == "ppo":
        assert not equal(weights(name, 1, seed=1), whole)


def test_a_finished_training_is_not_gone_on_with(tmp_path):
    first = weights("amortized", 1_000, tmp_path)
    assert equal(weights("amortized", 1_000, tmp_path), first)


def test_a_damaged_checkpoint_is_named(tmp_path):
    weights("amortized", 600, tmp_path)
    checkpoint = tmp_path / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors is damaged"):
        weights("amortized", 600, tmp_path)


def test_a_box_is_for_one_scenario_with_one_number_of_users():
    for scenarios in ([Scenario.load("small-v1")], [tiny(), tiny(4)]):
        with pytest.raises(PolicyError, match="one scenario with one number of users"):
            make_solver("ppo").train(scenarios, seed=0, budget=Budget(evaluations=1))
    ppo = loaded("ppo")
    assert ppo.supports(tiny().sample(1, 0)[0]) is None
    assert "is not for 4 users and 2 SCMs" in ppo.supports(tiny(4).sample(1, 0)[0])


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_saved_answers_as_before(tmp_path, name):
    first = loaded(name)
    first.save(tmp_path / "again")
    second = make_solver(name)
    second.load(tmp_path / "again")
    assert equal(first.tensors(), second.tensors())
    for problem in tiny().sample(3, 5):
        one, two = (solved(solver, problem, seed=3)[0] for solver in (first, second))
        for part in ("scm", "power", "bandwidth"):
            np.testing.assert_array_equal(getattr(one, part), getattr(two, part))
    record = json.loads((tmp_path / "again" / "policy.json").read_text())
    data = (tmp_path / "again" / "policy.safetensors").read_bytes()
    assert record["policy"] == first.policy_name()
    assert record["scenarios"] == {"tiny-v1": tiny().content_hash()}
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert record["curve"][0][0] == 0
    assert second.curve == first.curve
    assert len(data) < 1_000_000
    assert {file.name for file in (tmp_path / "again").iterdir()} == {"policy.json", "policy.safetensors"}


def test_a_trained_learner_answers_as_what_it_saves(tmp_path):
    learner = make_solver("ppo-hybrid")
    learner.train([tiny()], seed=0, budget=Budget(evaluations=1))
    learner.save(tmp_path)
    again = make_solver("ppo-hybrid")
    again.load(tmp_path)
    for problem in tiny().sample(5, 6):
        one, two = (solved(solver, problem)[0] for solver in (learner, again))
        np.testing.assert_array_equal(one.power, two.power)


def altered(**changes):
    def alter(folder):
        record = json.loads((folder / "policy.json").read_text())
        (folder / "policy.json").write_text(json.dumps(record | changes))

    return alter


def truncated(folder):
    """A file that was cut off, and a record that was made to fit it."""
    data = (folder / "policy.safetensors").read_bytes()[:-100]
    (folder / "policy.safetensors").write_bytes(data)
    altered(sha256=hashlib.sha256(data).hexdigest())(folder)


DAMAGES = {
    "no record": (lambda folder: (folder / "policy.json").unlink(), "no readable policy"),
    "no weights": (lambda folder: (folder / "policy.safetensors").unlink(), "no readable policy"),
    "not JSON": (lambda folder: (folder / "policy.json").write_text("{"), "no readable policy"),
    "not text": (lambda folder: (folder / "policy.json").write_bytes(b"\xff\xfe\x00"), "no readable policy"),
    "a list": (lambda folder: (folder / "policy.json").write_text("[]"), "another format"),
    "another format": (altered(format="rdebench-policy/0"), "another format"),
    "another solver": (altered(policy="ppo"), "another policy"),
    "another physics": (altered(physics=0), "another physics"),
    "another sum": (altered(sha256="0" * 64), "not the file that policy.json tells of"),
    "one bit": (
        lambda folder: (folder / "policy.safetensors").write_bytes(
            (folder / "policy.safetensors").read_bytes()[:-1] + b"\x01"
        ),
        "not the file that policy.json tells of",
    ),
    "cut off": (truncated, "does not fit this version"),
    "no curve": (altered(curve=None), "does not fit this version"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_policy_is_refused_in_plain_words(tmp_path, damage, said):
    folder = tmp_path / "policy"
    shutil.copytree(barely_trained("ppo-hybrid"), folder)
    damage(folder)
    with pytest.raises(PolicyError, match=said) as caught:
        make_solver("ppo-hybrid").load(folder)
    assert "Traceback" not in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "other"), [("ppo-maskable", "amortized"), ("ppo-hybrid", "ppo-hybrid+exact")]
)
def test_the_policy_of_another_solver_is_refused(tmp_path, name, other):
    with pytest.raises(PolicyError, match="another policy"):
        make_solver(name).load(barely_trained(other))
    # and weights of another network, whatever the record says
    folder = tmp_path / "policy"
    shutil.copytree(barely_trained("ppo"), folder)
    altered(policy=name)(folder)
    with pytest.raises(PolicyError, match="does not fit this version"):
        make_solver(name).load(folder)


def test_sampling_uses_the_policy_of_the_greedy_one():
    make_solver("amortized-best-of-64").load(barely_trained("amortized"))


def test_nothing_is_pickled():
    forbidden = re.compile(
        r"\bpickle\b(?! \w+ is|\))|torch\.(load|save)\(|allow_pickle=True|model\.save\(|PPO\.load\(|joblib"
    )
    files = [file for file in resources.files("rdebench.solvers.ppo").iterdir() if file.name.endswith(".py")]
    assert len(files) > 15
    for file in files:
        code = re.sub(r'""".*?"""|#.*', "", file.read_text(), flags=re.DOTALL)
        assert not forbidden.search(code), file.name


@pytest.mark.parametrize("name", LEARNERS)
def test_a_batch_is_a_loop(name):
    """Up to the rounding of a network that sees several instances at once, in single precision in a box."""
    solver, problems = loaded(name), tiny().sample(4, 2)
    rngs = [np.random.default_rng(n) for n in range(4)]
    batch = solver.solve_batch(problems, rngs=rngs, budgets=[Budget() for _ in problems])
    for n, (problem, found) in enumerate(zip(problems, batch, strict=True)):
        alone, _ = solved(solver, problem, seed=n)
        np.testing.assert_array_equal(found.scm, alone.scm)
        for part in ("power", "bandwidth"):
            rounding = 1e-12 if name in GENERAL else 1e-6
            np.testing.assert_allclose(getattr(found, part), getattr(alone, part), rtol=rounding)


@pytest.mark.parametrize("name", GENERAL)
@pytest.mark.parametrize(
    "scenario", ["class-near-infeasible-v1", "class-tight-power-v1", "small-v1", "zoo-m6-v1"]
)
def test_a_policy_that_has_learnt_next_to_nothing_still_answers_feasibly(name, scenario):
    solver = loaded(name)
    for problem in Scenario.load(scenario).sample(5, 3):
        _, scored = solved(solver, problem)
        assert scored.feasible, scored.violations


@pytest.mark.parametrize("name", GENERAL)
def test_a_proved_infeasible_instance_gets_an_answer_of_the_right_form(name):
    solver = loaded(name)
    for problem in Scenario.load("class-infeasible-v1").sample(2, 3):
        found, scored = solved(solver, problem)
        assert not scored.feasible
        assert scored.violations.sign == 0.0
        assert found.scm.shape == found.power.shape == found.bandwidth.shape == (problem.users,)
        assert np.isfinite(found.power).all()
        assert found.status is None  # a policy proves nothing


def edge(kind):
    """A problem at an edge of what there is."""
    rng = np.random.default_rng(5)
    problem = random_problem(rng, 3, 2, demand=0.3)
    if kind == "one user, one SCM":
        return random_problem(rng, 1, 1, demand=0.5)
    if kind == "one SCM":
        return random_problem(rng, 5, 1, demand=0.3)
    if kind == "nothing to send":
        return problem.replace(payload=np.zeros((3, 2)))
    if kind == "a silent channel, nothing to send":
        payload = problem.payload.copy()
        payload[1] = 0.0
        return problem.replace(gain=problem.gain * [1.0, 0.0, 1.0], payload=payload)
    if kind == "a silent channel":
        return problem.replace(gain=problem.gain * [1.0, 0.0, 1.0])
    if kind == "a forbidden pair":
        latency = problem.scm_latency.copy()
        latency[0, 0] = latency[2, 1] = 11.0
        return problem.replace(scm_latency=latency)
    if kind == "a user with no SCM in time":
        return problem.replace(max_latency=np.array([10.0, 0.05, 10.0]))
    if kind == "equal users":
        same = {
            n: np.repeat(getattr(problem, n)[:1], 3, axis=0) for n in ("scm_power", "scm_latency", "payload")
        }
        same["distortion"] = np.repeat(problem.distortion[:1], 3, axis=0)
        return problem.replace(gain=np.full(3, problem.gain[0]), **same)
    if kind == "spectral":
        return random_problem(rng, 4, 3, "spectral", min_share=0.4, demand=0.4)
    if kind == "spectral without a least bandwidth":
        return random_problem(rng, 4, 3, "spectral", min_share=0.4).replace(min_bandwidth=0.0)
    if kind == "spectral as printed, larger budgets":
        printed = Scenario.load("paper-literal-m12-v1").sample(1, 0)[0]
        return printed.replace(payload=printed.payload / 1e3, power_budget=1e3 * printed.power_budget)
    assert kind == "least bandwidths fill the band"
    return random_problem(rng, 4, 3, min_share=1.0, demand=0.3)


EDGES = {
    "one user, one SCM": True,
    "one SCM": True,
    "nothing to send": True,
    "a silent channel, nothing to send": True,
    "a silent channel": False,
    "a forbidden pair": True,
    "a user with no SCM in time": False,
    "equal users": True,
    "spectral": True,
    "spectral without a least bandwidth": None,
    "spectral as printed, larger budgets": True,
    "least bandwidths fill the band": True,
}


@pytest.mark.parametrize("kind", EDGES)
@pytest.mark.parametrize("name", GENERAL)
def test_edges(name, kind):
    problem, solver = edge(kind), loaded(name)
    found = solver.solve(problem, rng=np.random.default_rng(0), budget=Budget())
    scms = np.stack(np.unravel_index(np.arange(min(problem.models**problem.users, 4096)),
                                     (problem.models,) * problem.users), axis=1)  # fmt: skip
    possible = bool((InnerSolver(problem).allocate(scms).status == FEASIBLE).any())
    if EDGES[kind] is None:
        assert found.status == "unbounded"
        return
    assert possible == EDGES[kind] or problem.models**problem.users > 4096
    scored = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
    assert scored.feasible == EDGES[kind], scored.violations
    assert scored.violations.sign == 0.0


@pytest.mark.parametrize("name", LEARNERS)
def test_one_evaluation_is_enough_for_an_answer(name):
    problem, budget = tiny().sample(1, 4)[0], Budget(evaluations=1)
    found = loaded(name).solve(problem, rng=np.random.default_rng(0), budget=budget)
    assert found.scm.shape == (3,)
    assert budget.used <= 1
