"""The measurements of the referee measure what they say; how fast anything is, no test asserts."""

import pytest

from rdebench.bench import perf_referee


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """One scenario, one solver, few instances."""
    for name, value in {
        "_SCENARIOS": ("small-v1",),
        "_QUICK": ("average",),
        "_BULK": 30,
        "_SLOW": "greedy",
        "_SLOW_SCENARIO": "small-v1",
        "_SLOW_COUNT": 4,
        "_AUDITED_SOLVERS": 1,
        "_AUDITED_INSTANCES": 2,
    }.items():
        monkeypatch.setattr(perf_referee, name, value)


@pytest.mark.usefixtures("small")
def test_the_referee_is_measured_beside_a_plain_loop() -> None:
    found = perf_referee.overhead()
    assert found.name == "referee per instance, 1 quick solvers, 1 scenarios, 30 rows"
    assert found.unit == "ms"
    assert found.peer_value is not None
    assert found.peer_value > 0


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_two_processes_are_measured_beside_processes_that_share_nothing() -> None:
    found = perf_referee.speed_up()
    assert found.value is not None
    assert found.peer_value is not None
    assert min(found.value, found.peer_value) > 0


@pytest.mark.usefixtures("small")
def test_rows_written_and_audited_are_counted() -> None:
    perf_referee._audit.cache_clear()
    found = [perf_referee.written(), perf_referee.audited()]
    perf_referee._audit.cache_clear()
    assert [one.unit for one in found] == ["rows/s", "rows/s"]
    assert all(one.value for one in found)


def test_every_measurement_is_in_the_table() -> None:
    assert [measure for _, measure in perf_referee.measurements()] == [
        perf_referee.overhead,
        perf_referee.speed_up,
        perf_referee.written,
        perf_referee.audited,
    ]
