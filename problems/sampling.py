"""Drawing one instance of a scenario."""

from __future__ import annotations

import hashlib

import numpy as np

from . import channel
from .least_power import equal_shares_power, least_power_bracket
from .rde import FloatArray, RDEProblem
from .scenario import Factors, Scenario, ScenarioError

_MOST_DRAWS = 1_000

_PLAINLY = 0.95
"""Share of the power budget within which equal shares are proof enough that an instance is feasible.

Nearer to the budget the bracket decides, whose search may miss an allocation that equal shares happen to find: which
instances are drawn again must not depend on this short cut.
"""


def stream(*names: str | int) -> np.random.Generator:
    """The random stream of a stable name, such as scenario, split, seed and index.

    Hashing the names keeps streams apart and reproducible on every machine, in every order of drawing.
    """
    digest = hashlib.sha256("/".join(str(name) for name in names).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(np.frombuffer(digest, np.uint32).tolist()))


def draw(scenario: Scenario, users: int, rng: np.random.Generator) -> RDEProblem:
    """Draw one instance with the given number of users.

    Args:
        scenario: The scenario.
        users: M.
        rng: Source of all randomness of the instance.

    Returns:
        The instance.
    """
    limits = scenario.limits
    problem = _draw_once(scenario, users, rng)
    if limits.feasible_only:
        draws = 1
        while not _feasible(problem):
            if draws == _MOST_DRAWS:
                raise ScenarioError(
                    f"{scenario.id}: no feasible instance in {draws} draws; give it more power, bandwidth or time"
                )
            problem, draws = _draw_once(scenario, users, rng), draws + 1
    if limits.least_power_factor is not None:
        lower, upper = _least_power(problem)
        # Just above the least power found, or below its lower bound: proved either way.
        reference = upper if limits.least_power_factor > 1 else lower
        problem = problem.replace(power_budget=limits.least_power_factor * reference)
    return problem


def _feasible(problem: RDEProblem) -> bool:
    """Whether an allocation is found that keeps every constraint; most draws need no search."""
    budget = problem.power_budget
    if equal_shares_power(*_needs(problem)) <= _PLAINLY * budget:
        return True
    return _least_power(problem, enough=budget)[1] <= budget


def _least_power(problem: RDEProblem, enough: float = 0.0) -> tuple[float, float]:
    return least_power_bracket(*_needs(problem), enough=enough)


def _needs(problem: RDEProblem) -> tuple[FloatArray, FloatArray, FloatArray, float, float, float]:
    """What decides the least power of an instance."""
    return (
        problem.min_rate,
        problem.scm_power,
        problem.gain,
        problem.noise_psd,
        problem.bandwidth_budget,
        problem.min_bandwidth,
    )


def _draw_once(scenario: Scenario, users: int, rng: np.random.Generator) -> RDEProblem:
    models, limits, devices = scenario.models, scenario.limits, scenario.devices
    table = models.table()
    distortion = table.distortion
    if models.affine_distortion is not None:
        distortion = models.affine_distortion.at_zero_w + models.affine_distortion.per_w * table.power
    gain = _gain(scenario, users, rng)
    shape = (users, len(table.names))
    fields = {
        "scm_power": table.power * _factors(rng, devices.scm_power, (users, 1)),
        "scm_latency": table.latency * _factors(rng, devices.scm_latency, (users, 1)),
        "payload": table.payload * _factors(rng, devices.payload, (users, 1)),
        "distortion": distortion * _factors(rng, devices.distortion, shape),
    }
    problem = RDEProblem(
        rate=scenario.rate,
        scm_names=table.names,
        gain=gain,
        max_latency=limits.max_latency_s * _factors(rng, devices.max_latency, (users,)),
        power_budget=limits.power_w or (limits.power_w_per_user or 1.0) * users,
        bandwidth_budget=limits.bandwidth_hz or (limits.bandwidth_hz_per_user or 1.0) * users,
        min_bandwidth=limits.min_bandwidth_hz,
        noise_psd=10.0 ** (scenario.channel.noise_psd_dbm_per_hz / 10.0 - 3.0),
        distortion_weight=scenario.objective.distortion_weight,
        epsilon=scenario.objective.epsilon,
        **{name: np.broadcast_to(value, shape) for name, value in fields.items()},
    )
    return problem


def _gain(scenario: Scenario, users: int, rng: np.random.Generator) -> FloatArray:
    """Path gain times fading; the paper-like preset takes the amplitude itself as the gain."""
    setting = scenario.channel
    everyone, users = users, 1 if setting.common else users
    gain = np.ones(users)
    if setting.min_distance_m is not None and setting.radius_m is not None:
        distance = channel.uniform_in_cell(rng, users, setting.min_distance_m, setting.radius_m)
        gain = 10.0 ** (-channel.urban_macro_path_loss(distance) / 10.0)
    if setting.rayleigh_scale is not None:
        amplitude = channel.rayleigh_amplitude(rng, users, setting.rayleigh_scale)
        gain = gain * (amplitude if setting.gain_is == "amplitude" else amplitude**2)
    return gain * _factors(rng, scenario.devices.gain, (everyone,))


def _factors(rng: np.random.Generator, limits: Factors, shape: tuple[int, ...]) -> FloatArray:
    """Log-uniform factors; always drawn, so that a changed range does not move the other draws."""
    low, high = np.log(limits)
    return np.asarray(np.exp(low + (high - low) * rng.random(shape)))
