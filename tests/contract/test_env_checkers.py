"""Gymnasium's and stable-baselines3's own checkers pass without a warning."""

from __future__ import annotations

import subprocess
import sys
import warnings
from importlib.metadata import entry_points

import pytest

gymnasium = pytest.importorskip("gymnasium")

CASES = [
    ("rdebench/RDE-v0", "box"),
    ("rdebench/RDE-v0", "hybrid"),
    ("rdebench/RDESequential-v0", "scm"),
    ("rdebench/RDESequential-v0", "box"),
    ("rdebench/RDESequential-v0", "hybrid"),
]


def make(name, encoding, scenario="paper-m6-v1"):
    return gymnasium.make(f"rdebench.problems.env:{name}", scenario=scenario, encoding=encoding).unwrapped


@pytest.mark.parametrize(("name", "encoding"), CASES)
def test_gymnasium_accepts(name, encoding):
    from gymnasium.utils.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(name, encoding))


@pytest.mark.parametrize(("name", "encoding"), [case for case in CASES if case[1] != "hybrid"])
def test_stable_baselines3_accepts(name, encoding):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(make(name, encoding), skip_render_check=False)


@pytest.mark.parametrize("scenario", ["paper-literal-m12-v1", "class-infeasible-v1", "zoo-m6-v1"])
def test_other_rates_infeasible_instances_and_measured_zoos_are_accepted(scenario):
    from gymnasium.utils.env_checker import check_env

    for name, encoding in (CASES[0], CASES[2]):
        check_env(make(name, encoding, scenario), skip_render_check=True)


def test_the_entry_point_registers_and_may_do_so_again():
    (entry,) = [entry for entry in entry_points(group="gymnasium.envs") if "rdebench" in entry.value]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        entry.load()()
    assert {name for name, _ in CASES} <= set(gymnasium.registry)


def test_a_fresh_interpreter_needs_no_import_of_ours():
    script = (
        "import gymnasium, sys\n"
        "env = gymnasium.make('rdebench.problems.env:rdebench/RDE-v0', scenario='paper-m6-v1')\n"
        "print(env.reset(seed=1)[0].shape, 'torch' in sys.modules, 'PIL' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(114,) False False"
