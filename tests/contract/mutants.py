"""Solvers with one fault each: for every check of the conformance suite one that fails it, and nothing else."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import random
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from rdebench.problems import RDEProblem
from rdebench.solvers import Budget, Solution, Solver
from rdebench.solvers.exhaustive import Exhaustive
from rdebench.solvers.greedy import Greedy
from rdebench.solvers.heuristic_rde import HeuristicRDE, HeuristicRDEExact
from rdebench.solvers.random_allocation import RandomAllocation

MUTANTS: dict[str, type[Solver]] = {}


def fails(check):
    """Enter a mutant under the name of the check that it must fail."""

    def enter(mutant):
        assert check not in MUTANTS
        vars(mutant).get("name") or setattr(mutant, "name", "mutant")
        MUTANTS[check] = mutant
        return mutant

    return enter


def changed(found, **changes):
    """An answer with something changed in it, where it has decisions."""
    return found if found.status or found.scm is None else replace(found, **changes)


def equal_shares(problem, scm):
    """A plain answer: what the models leave over, in equal parts."""
    left = max(problem.power_budget - problem.scm_power[np.arange(problem.users), scm].sum(), 0.0)
    each = np.full(problem.users, 1.0 / problem.users)
    return Solution(scm, each * left, each * problem.bandwidth_budget)


# Form


@fails("name_and_summary")
class Loud(Greedy):
    """Its name is not lower case."""

    name = "Loud"


@fails("constructor_only_stores")
class Eager(Greedy):
    """Stores something else than it is given."""

    def __init__(self, depth: int = 3):
        self.depth = depth + 1


@fails("configuration_is_data")
class Functional(Greedy):
    """Is configured by a function."""

    def __init__(self, key=len):
        self.key = key


@fails("answer_is_a_solution")
class Tuple(Greedy):
    """Returns a tuple."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return found.scm, found.power, found.bandwidth


@fails("one_number_per_user")
class Column(Greedy):
    """Returns power as a column."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return changed(found, power=found.power[:, None]) if found.scm is not None else found


@fails("scm_holds_integers")
class Floating(Greedy):
    """Returns indices as floats."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return changed(found, scm=np.asarray(found.scm, float)) if found.scm is not None else found


@fails("scm_indices_exist")
class FromOne(Greedy):
    """Counts models from one."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return changed(found, scm=np.full(problem.users, problem.models))


@fails("shares_are_real_numbers")
class Complex(Greedy):
    """Returns complex power."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return changed(found, power=found.power + 0j) if found.scm is not None else found


@fails("shares_are_finite")
class NaN(Greedy):
    """Divides by zero, but not where it can see it coming."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        special = problem.models == 1 or problem.min_bandwidth == 0 or np.ptp(problem.gain) == 0
        if found.scm is None or special or problem.scm_power.min() > problem.power_budget:
            return found
        return changed(found, power=np.where(problem.gain < problem.gain.max(), found.power, np.nan))


@fails("shares_are_not_negative")
class Negative(Greedy):
    """Takes bandwidth away from everybody, in plenty not."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        plenty = problem.scm_power.max(axis=1).sum() * 20 < problem.power_budget
        return found if found.scm is None or plenty else changed(found, bandwidth=-found.bandwidth)


@fails("answer_owns_its_arrays")
class View(Greedy):
    """Sends with the power that the cheapest model computes with, in an array of the problem."""

    def solve(self, problem, *, rng, budget):
        cheapest = int(problem.scm_power.sum(axis=0).argmin())
        found = equal_shares(problem, np.full(problem.users, cheapest))
        return replace(found, power=problem.scm_power[:, cheapest])


@fails("answer_stays_as_it_is")
class OneArray(HeuristicRDE):
    """Uses one array for all answers."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        if not hasattr(self, "kept"):
            self.kept = np.empty(problem.users + 10_000)
        power = self.kept[: problem.users]
        power[:] = found.power
        return replace(found, power=power)

    def solve_batch(self, problems, *, rngs, budgets):
        fresh = [type(self)() for _ in problems]
        return [
            one.solve(problem, rng=rng, budget=budget)
            for one, problem, rng, budget in zip(fresh, problems, rngs, budgets, strict=True)
        ]


# Claims


@fails("status_is_a_proof")
class Proud(Greedy):
    """Says that its answers are optimal."""

    def solve(self, problem, *, rng, budget):
        return replace(super().solve(problem, rng=rng, budget=budget), status="optimal")


@fails("decisions_or_proof")
class Both(Exhaustive):
    """Proves that an instance is infeasible, and answers all the same."""

    exact = False

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        if found.status is None:
            return found
        return replace(equal_shares(problem, np.zeros(problem.users, int)), status=found.status)


@fails("bound_is_a_number")
class NoNumber(Greedy):
    """Claims NaN as a bound."""

    def solve(self, problem, *, rng, budget):
        return replace(super().solve(problem, rng=rng, budget=budget), bound=np.nan)


@fails("bounds_are_valid")
class Liar(HeuristicRDEExact):
    """Claims that nothing is better than its own answer."""

    def solve(self, problem, *, rng, budget):
        from rdebench.problems import Allocation

        found = super().solve(problem, rng=rng, budget=budget)
        rde = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).rde
        return replace(found, bound=float(rde) * 0.99)


@fails("infeasibility_is_true")
class Hasty(HeuristicRDE):
    """Takes its own failure for a proof."""

    def solve(self, problem, *, rng, budget):
        from rdebench.problems import Allocation

        found = super().solve(problem, rng=rng, budget=budget)
        feasible = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).feasible
        return found if feasible else Solution(None, None, None, status="infeasible")


@fails("unboundedness_is_true")
class Boundless(Greedy):
    """Takes every instance of the spectral rate for unbounded."""

    def solve(self, problem, *, rng, budget):
        if problem.rate == "spectral":
            return Solution(None, None, None, status="unbounded")
        return super().solve(problem, rng=rng, budget=budget)


# Randomness


@fails("same_seed_same_answer")
class Own(RandomAllocation):
    """Has a generator of its own."""

    name = "mutant"

    def solve(self, problem, *, rng, budget):
        return super().solve(problem, rng=np.random.default_rng(), budget=budget)


@fails("deterministic_if_it_says_so")
class Sure(RandomAllocation):
    """Says that it is deterministic."""

    name, deterministic = "mutant", True


@fails("no_memory_between_answers")
class Mindful(Greedy):
    """Answers an instance otherwise the second time."""

    def solve(self, problem, *, rng, budget):
        seen = self.__dict__.setdefault("seen", set())
        again = problem.content_hash() in seen
        seen.add(problem.content_hash())
        found = super().solve(problem, rng=rng, budget=budget)
        return changed(found, power=found.power * 0.5) if again and found.scm is not None else found


@fails("global_generators_are_left_alone")
class Reseeding(Greedy):
    """Seeds the global generators."""

    def solve(self, problem, *, rng, budget):
        np.random.seed(0)  # noqa: NPY002
        random.seed(0)
        return super().solve(problem, rng=rng, budget=budget)


# Purity


@fails("problem_is_left_alone")
class Vandal(Greedy):
    """Changes the problem."""

    def solve(self, problem, *, rng, budget):
        object.__setattr__(problem, "epsilon", problem.epsilon * (1 + 1e-9))
        return super().solve(problem, rng=rng, budget=budget)


@fails("no_file_is_written")
class Logger(Greedy):
    """Writes a log."""

    def solve(self, problem, *, rng, budget):
        Path("solver.log").write_text("solved\n")
        found = super().solve(problem, rng=rng, budget=budget)
        if Path.cwd() == Path(__file__).resolve().parents[2]:
            Path("solver.log").unlink()
        return found


@fails("nothing_is_printed")
class Talker(Greedy):
    """Prints."""

    def solve(self, problem, *, rng, budget):
        os.write(1, b"iteration 1\n")
        return super().solve(problem, rng=rng, budget=budget)


@fails("numpy_is_left_alone")
class Muffler(Greedy):
    """Lets numpy ignore errors, from now on."""

    def solve(self, problem, *, rng, budget):
        np.seterr(all="ignore")
        return super().solve(problem, rng=rng, budget=budget)


@fails("process_is_left_alone")
class Settler(Greedy):
    """Sets an environment variable."""

    def solve(self, problem, *, rng, budget):
        os.environ["OMP_NUM_THREADS"] = "64"
        return super().solve(problem, rng=rng, budget=budget)


@fails("classes_are_left_alone")
class Patcher(Greedy):
    """Rewrites a method of the problem."""

    def solve(self, problem, *, rng, budget):
        evaluate = RDEProblem.evaluate
        RDEProblem.evaluate = lambda self, allocation: evaluate(self, allocation)
        return super().solve(problem, rng=rng, budget=budget)


@fails("no_thread_is_left_behind")
class Threader(Greedy):
    """Leaves a thread running."""

    def solve(self, problem, *, rng, budget):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
        return super().solve(problem, rng=rng, budget=budget)


@fails("no_process_is_left_behind")
class Forker(Greedy):
    """Leaves a process running until the next answer."""

    started: list[subprocess.Popen[bytes]] = []  # noqa: RUF012

    def solve(self, problem, *, rng, budget):
        for process in self.started[-1:]:
            process.kill()
            process.wait()
        self.started.append(subprocess.Popen(["sleep", "5"]))
        return super().solve(problem, rng=rng, budget=budget)


# Budget


@fails("evaluations_are_within_the_budget")
class Spendthrift(Greedy):
    """Stops at 50 evaluations, whatever its budget."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=Budget(evaluations=50, listener=budget.listener))
        budget.spend(50)
        return found


@fails("one_evaluation_is_survived")
class Fussy(Greedy):
    """Wants two evaluations at least."""

    def solve(self, problem, *, rng, budget):
        if budget.evaluations == 1:
            raise RuntimeError("too little")
        return super().solve(problem, rng=rng, budget=budget)


@fails("evaluations_are_counted")
class Thief(HeuristicRDEExact):
    """Evaluates in secret."""

    def solve(self, problem, *, rng, budget):
        from rdebench.problems import Allocation

        found = super().solve(problem, rng=rng, budget=budget)
        rows = [np.repeat(getattr(found, name)[None], 20, axis=0) for name in ("scm", "power", "bandwidth")]
        problem.evaluate(Allocation(*rows))
        return found


@fails("seconds_are_respected")
class Sleeper(Greedy):
    """Sleeps under a limit of seconds."""

    def solve(self, problem, *, rng, budget):
        if budget.seconds is not None:
            time.sleep(0.6)
        return super().solve(problem, rng=rng, budget=budget)


@fails("reports_have_the_right_form")
class Mumbler(HeuristicRDE):
    """Reports powers for one user too many."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        budget.report(found.scm, np.append(found.power, 0.0), found.bandwidth)
        return found


@fails("answer_is_no_worse_than_reports")
class Forgetful(Greedy):
    """Forgets the best that it has reported."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        if found.scm is None:
            return found
        budget.report(found.scm, found.power, found.bandwidth)
        return changed(found, power=found.power * 0.5)


# Correctness


@fails("exact_finds_the_optimum")
class Boaster(HeuristicRDEExact):
    """Says that it is exact."""

    exact = True


@fails("plenty_is_feasible")
class Literal(HeuristicRDE):
    """Shares out the whole power, beside what the models take."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return replace(found, power=found.power * problem.power_budget / max(found.power.sum(), 1e-30))


# Invariance


@fails("users_may_be_renumbered")
class Queue(HeuristicRDE):
    """Gives more to the first."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        weight = 1.0 / np.arange(1, problem.users + 1)
        return replace(found, power=found.power.sum() * weight / weight.sum())


@fails("models_may_be_renumbered")
class FirstModel(HeuristicRDE):
    """Gives everybody the first model."""

    def select(self, problem, rng):
        return np.zeros(problem.users, dtype=int)


@fails("units_of_bandwidth_mean_nothing")
class Hertz(HeuristicRDE):
    """Keeps a fixed bandwidth of 1 kHz in reserve."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return replace(found, bandwidth=np.maximum(found.bandwidth - 1e3, found.bandwidth * 0.5))


@fails("units_of_power_mean_nothing")
class Watts(HeuristicRDE):
    """Sends with 2 W at most."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return replace(found, power=np.minimum(found.power, 2.0))


@fails("units_of_time_mean_nothing")
class Seconds(HeuristicRDE):
    """Sends with half the power where deadlines are beyond a minute."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return replace(found, power=found.power * (0.5 if problem.max_latency.min() > 60 else 1.0))


@fails("units_of_distortion_mean_nothing")
class Distorted(HeuristicRDE):
    """Compares distortions with a fixed number."""

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        return replace(found, power=found.power * (0.5 if problem.distortion.max() > 0.01 else 1.0))


# Edges


@fails("one_user_and_one_model")
class Sociable(Greedy):
    """Has no answer for a single user."""

    def solve(self, problem, *, rng, budget):
        if problem.users == 1:
            return Solution(None, None, None)
        return super().solve(problem, rng=rng, budget=budget)


@fails("identical_users")
class Ranker(Greedy):
    """Divides by differences of gains."""

    def solve(self, problem, *, rng, budget):
        if problem.users > 1 and np.ptp(problem.gain) == 0:
            raise ZeroDivisionError("division by zero")
        return super().solve(problem, rng=rng, budget=budget)


@fails("infeasible_is_survived")
class Optimist(Exhaustive):
    """Knows no answer where nothing is feasible."""

    exact = False

    def solve(self, problem, *, rng, budget):
        found = super().solve(problem, rng=rng, budget=budget)
        if found.status == "infeasible":
            raise IndexError("list index out of range")
        return found


@fails("unbounded_is_survived")
class Divider(Greedy):
    """Divides by the least bandwidth."""

    def solve(self, problem, *, rng, budget):
        if problem.rate == "spectral" and problem.min_bandwidth == 0:
            raise ZeroDivisionError("float division by zero")
        return super().solve(problem, rng=rng, budget=budget)


# Flags


@fails("flags_are_of_their_type")
class Wordy(Greedy):
    """Has words for flags."""

    deterministic = "mostly"


@fails("known_failures_carry_reasons")
class Excuse(Greedy):
    """Gives no reason."""

    known_failures = {"units_of_time_mean_nothing_at_all": ""}  # noqa: RUF012


@fails("supports_gives_a_reason")
class Curt(Greedy):
    """Refuses without a word."""

    def supports(self, problem):
        return "" if problem.users == 5 else super().supports(problem)


@fails("other_rates_are_refused")
class Lenient(Greedy):
    """Names one rate, and takes both."""

    rates = ("shannon",)

    def supports(self, problem):
        return None if problem.rate == "spectral" else super().supports(problem)


@fails("its_rates_are_supported")
class Picky(Greedy):
    """Names both rates, and takes one."""

    def supports(self, problem):
        return "not that one" if problem.rate == "spectral" else super().supports(problem)


@fails("more_users_are_refused")
class Crowded(Greedy):
    """Names a limit, and takes any number."""

    max_users = 3

    def supports(self, problem):
        return None


@fails("learns_if_it_says_so")
class Secret(Greedy):
    """Can be trained, and says that it cannot."""

    def fit(self, scenario, *, seed, budget):
        """Nobody calls this."""


# Batch


@fails("batch_answers_every_instance")
class Dropper(Greedy):
    """Drops the last instance of a batch."""

    def solve_batch(self, problems, *, rngs, budgets):
        return super().solve_batch(problems, rngs=rngs, budgets=budgets)[:-1]


@fails("batch_equals_loop")
class Halver(Greedy):
    """Halves the power in a batch."""

    def solve_batch(self, problems, *, rngs, budgets):
        batch = super().solve_batch(problems, rngs=rngs, budgets=budgets)
        return [changed(found, power=found.power * 0.5) for found in batch]


@fails("batch_spends_as_a_loop")
class Payer(Greedy):
    """Spends everything on the first instance of a batch."""

    def solve_batch(self, problems, *, rngs, budgets):
        others = [Budget(evaluations=budget.evaluations) for budget in budgets]
        found = super().solve_batch(problems, rngs=rngs, budgets=others)
        budgets[0].spend(sum(budget.used for budget in others))
        return found


# Learning


class Student(Solver):
    """Learns which part of the power is best sent with."""

    name, learns = "student", True

    def fit(self, scenario, *, seed, budget):
        """Draws a share of power."""
        problem = scenario.sample(1, seed, split="train")[0]
        self.share = float(np.random.default_rng(seed).uniform(0.5, 1.0)) * min(1.0, problem.users)

    def save(self, path):
        """One number."""
        (path / "policy.json").write_text(json.dumps({"share": self.share}))

    def load(self, path):
        """One number."""
        self.share = json.loads((path / "policy.json").read_text())["share"]

    def solve(self, problem, *, rng, budget):
        """The model that computes cheapest."""
        found = equal_shares(problem, problem.scm_power.argmin(axis=1))
        return replace(found, power=found.power * self.share)


@fails("fit_with_one_seed_learns_one_policy")
class Moody(Student):
    """Learns with a generator of its own."""

    moods = itertools.count()

    def fit(self, scenario, *, seed, budget):
        super().fit(scenario, seed=seed + next(self.moods), budget=budget)


@fails("fit_uses_the_training_split")
class Cheat(Student):
    """Trains on what it will be asked."""

    def fit(self, scenario, *, seed, budget):
        scenario.sample(1, seed)
        super().fit(scenario, seed=seed, budget=budget)


@fails("fit_leaves_the_scenario_alone")
class Editor(Student):
    """Makes the scenario easier for itself."""

    def fit(self, scenario, *, seed, budget):
        super().fit(scenario, seed=seed, budget=budget)
        scenario.users.append(2)


@fails("saved_policy_is_data")
class Pickler(Student):
    """Keeps a pickle as well."""

    def save(self, path):
        super().save(path)
        (path / "policy.pkl").write_bytes(pickle.dumps(self.share))


@fails("loaded_policy_answers_the_same")
class Rounder(Student):
    """Saves less than it knows."""

    def save(self, path):
        (path / "policy.json").write_text(json.dumps({"share": round(self.share, 1)}))
