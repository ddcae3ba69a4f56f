"""The exact method is timed, and only proofs count."""

from __future__ import annotations

from rdebench.bench.reproduction import exact
from rdebench.bench.reproduction.exact import exact_times
from rdebench.problems import Scenario


def test_optima_and_infeasibility_are_proofs():
    shares = []
    small, hopeless = exact_times({"small-v1": 3, "class-infeasible-v1": 2}, report=shares.append)
    users = Scenario.load("small-v1").instance(0, seed=1).users
    assert (small["users"], small["instances"], small["proved"], small["infeasible"]) == (users, 3, 3, 0)
    assert (hopeless["instances"], hopeless["proved"], hopeless["infeasible"]) == (2, 2, 2)
    assert 0 < small["seconds"] <= small["seconds_p99"]
    assert shares == [0.5, 1.0]


def test_an_answer_far_from_its_bound_is_no_proof(monkeypatch):
    class Careless(exact.Certified):
        """Claims a bound that its answer does not reach."""

        def solve(self, problem, *, rng, budget):
            found = super().solve(problem, rng=rng, budget=budget)
            return type(found)(found.scm, found.power, found.bandwidth, bound=2 * found.bound)

    monkeypatch.setattr(exact, "Certified", Careless)
    (one,) = exact_times({"small-v1": 2})
    assert one["proved"] == 0
