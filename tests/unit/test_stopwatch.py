"""Which times the referee believes."""

from __future__ import annotations

import pytest

from rdebench.bench import stopwatch
from rdebench.bench.stopwatch import Stopwatch


class Time:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(stopwatch, "monotonic", time)
    return time


def took(watch: Stopwatch, time: Time, seconds: float, reported: object, between: float = 0.0) -> str | None:
    """One instance that is seen at work after so many seconds; what is wrong with the report."""
    time.now += between
    watch.still_running(time.now)
    watch.start()
    time.now += seconds
    watch.still_running(time.now)
    time.now += 0.01
    return watch.stop(reported)


@pytest.mark.parametrize("reported", [5.0, 5, 100.0, 4.0])
def test_an_honest_report_is_believed(time: Time, reported: float) -> None:
    assert took(Stopwatch(), time, 5.0, reported) is None


@pytest.mark.parametrize("reported", [None, "5", -1.0, float("nan"), float("inf"), [5.0]])
def test_what_is_no_time_is_not(time: Time, reported: object) -> None:
    assert "no time" in str(took(Stopwatch(), time, 5.0, reported))


def test_a_report_that_is_too_short_is_not(time: Time) -> None:
    told = took(Stopwatch(), time, 5.0, 0.001)
    assert told is not None
    assert "reports 0.001 s" in told
    assert "at least 5 s" in told


def test_many_that_are_a_little_short_are_not_either(time: Time) -> None:
    watch = Stopwatch()
    told = [took(watch, time, 0.9, 0.0) for _ in range(5)]
    assert told[0] is None
    assert any(told)


def test_a_busy_machine_is_no_cheat(time: Time) -> None:
    watch = Stopwatch()
    assert not any(took(watch, time, 0.15 + n % 3, float(n % 3), between=0.4) for n in range(100))


def test_work_between_two_instances_counts_but_that_before_the_first_does_not(time: Time) -> None:
    watch = Stopwatch()
    assert took(watch, time, 0.0, 0.0, between=50.0) is None
    assert took(watch, time, 0.0, 0.0, between=5.0) is not None
    watch.rest()
    assert took(watch, time, 0.0, 0.0, between=50.0) is None


def test_only_what_was_seen_counts(time: Time) -> None:
    watch = Stopwatch()
    watch.start()
    time.now += 50.0  # the referee itself was stopped: it cannot know
    assert watch.stop(0.001) is None
