"""What the paper leaves open, as data: every choice is a scenario that can be drawn, and one step from another."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rdebench.bench.reproduction.decisions import Reading, readings
from rdebench.bench.reproduction.presets import PRESETS, READINGS, USERS, base, changed

ALL = {reading.key: reading for reading in readings()}
COMPUTED = [reading for reading in ALL.values() if not reading.reason]


def test_keys_are_unique_and_what_each_is_compared_with_exists():
    assert len(ALL) == len(readings()) > 60
    for reading in ALL.values():
        assert reading.against is None or not ALL[reading.against].reason


@pytest.mark.parametrize("preset", PRESETS)
def test_both_presets_go_through_the_whole_list(preset):
    listed = {
        reading.decision.number for reading in ALL.values() if reading.preset == preset and reading.decision
    }
    text = Path(__file__).parents[2].joinpath("docs", "problem.md").read_text(encoding="utf-8")
    open_list = text.partition("## What the paper leaves open")[2]
    assert listed == {int(number) for number in re.findall(r"^\| (\d+) \|", open_list, re.MULTILINE)}


@pytest.mark.parametrize("reading", COMPUTED, ids=lambda reading: reading.key)
def test_every_reading_can_be_drawn(reading):
    problem = reading.scenario().instance(0, 1)
    assert problem.users == 12
    assert np.isfinite(problem.gain).all()


@pytest.mark.parametrize("reading", COMPUTED, ids=lambda reading: reading.key)
def test_a_reading_differs_from_what_it_is_compared_with(reading):
    if reading.against is None:
        return
    other = ALL[reading.against]
    if reading.scenario().content_hash() == other.scenario().content_hash():
        assert reading.options() or reading.alternative.altered is not None


def test_what_cannot_be_computed_says_why_and_changes_nothing():
    idle = [reading for reading in ALL.values() if reading.reason]
    assert {reading.decision.number for reading in idle} == {4, 6, 8, 9, 10, 13, 15, 21, 22}
    assert not any(reading.alternative.changes or reading.alternative.options for reading in idle)


@pytest.mark.parametrize("reading", COMPUTED, ids=lambda reading: reading.key)
def test_common_random_numbers(reading):
    """Unless the channel itself is changed, user m of instance n stands where it stands in the preset."""
    mine, own = reading.scenario(), Reading(reading.preset).scenario()
    if mine.channel.model_copy(update={"noise_psd_dbm_per_hz": 0.0}) != own.channel.model_copy(
        update={"noise_psd_dbm_per_hz": 0.0}
    ):
        return
    pairs = [(mine.instance(n, 1).gain, own.instance(n, 1).gain) for n in range(8)]
    equal = [np.array_equal(one, other) for one, other in pairs]
    # Where an instance without an answer is drawn again, and only there, whether it has one matters.
    assert sum(equal) >= (4 if own.limits.feasible_only else 8)


def test_energy_of_one_image():
    reading = ALL["main-power-energy"]
    problem = reading.alternative.altered(reading.scenario().instance(0, 1))
    assert problem.scm_power[0] * 1e3 == pytest.approx([12.24, 28.62, 18.02, 57.95])


def test_a_preset_with_fewer_users():
    for preset in PRESETS:
        for users in USERS:
            scenario = base(preset, users)
            assert scenario.users == [users]
            assert f"m{users}" in scenario.id


def test_a_change_of_the_reward_keeps_the_instances():
    scenario = base("main", 12)
    for name in READINGS:
        other = changed(scenario, {"reward.reading": name})
        assert other.reward_function().reading == name
        assert other.instance(3, 1).content_hash() == scenario.instance(3, 1).content_hash()
