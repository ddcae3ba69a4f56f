"""Chunks: their size follows what such work has cost."""

from dataclasses import replace

import pytest

from rdebench.bench import chunks
from rdebench.bench.chunks import Chunks
from rdebench.bench.work import Work
from rdebench.problems import Scenario

SCENARIO = Scenario.load("small-v1")


def cells(solver: str, count: int, seed: int = 1) -> list[Work]:
    """Cells of 25 instances."""
    request = {"solver": solver}
    return [
        Work(solver, request, tuple(range(25 * n, 25 * n + 25)), 9.0, solver, SCENARIO, seed, None)
        for n in range(count)
    ]


def drained(waiting: Chunks, threads: int, seconds_each: float) -> list[list[Work]]:
    """All chunks, each done at once and at one cost."""
    taken = []
    while waiting:
        taken.append(waiting.take(threads))
        for item in taken[-1]:
            waiting.learn(item, seconds_each * len(item.indices))
    return taken


def test_one_cell_while_the_cost_is_unknown() -> None:
    waiting = Chunks(cells("a", 9))
    assert [len(waiting.take(1)) for _ in range(3)] == [1, 1, 1]
    assert len(waiting) == 6


def test_later_as_many_as_take_the_time_of_a_chunk() -> None:
    waiting = Chunks(cells("a", 1_000))
    waiting.learn(waiting.take(1)[0], 25 * 0.04)
    assert len(waiting.take(1)) == chunks.TARGET_S / (25 * 0.04)


def test_cost_is_what_all_of_it_took() -> None:
    first, second = cells("a", 2)
    waiting = Chunks([first, second])
    assert waiting.cost(first) is None
    waiting.learn(first, 50.0)
    waiting.learn(second, 25.0)
    assert waiting.cost(first) == 1.5


def test_a_cell_that_takes_longer_than_a_chunk_goes_alone() -> None:
    waiting = Chunks(cells("a", 5))
    waiting.learn(waiting.take(1)[0], 1e4)
    assert len(waiting.take(1)) == 1


def test_no_chunk_is_lost_with_more_than_it_may_hold() -> None:
    waiting = Chunks(cells("a", 10_000))
    waiting.learn(waiting.take(1)[0], 1e-6)
    assert 0 < 25 * len(waiting.take(1)) <= chunks.MOST_INSTANCES


def test_chunks_get_smaller_towards_the_end() -> None:
    sizes = [len(chunk) for chunk in drained(Chunks(cells("a", 400)), 4, 0.02)]
    assert sum(sizes) == 400
    assert sizes[0] == 1
    assert sizes[1:] == sorted(sizes[1:], reverse=True)
    assert sizes[-4:] == [1, 1, 1, 1]
    assert max(sizes) <= 400 / (2 * 4)


def test_what_earlier_cells_took_counts_until_more_is_known() -> None:
    work = [replace(item, expected_seconds=1.0) for item in cells("a", 100)]
    waiting = Chunks(work)
    assert waiting.cost(work[0]) == 1.0 / 25
    assert len(waiting.take(1)) == 20


@pytest.mark.parametrize("other", [cells("b", 3), cells("a", 3, seed=2)])
def test_a_chunk_is_of_one_solver_and_one_seed(other: list[Work]) -> None:
    waiting = Chunks([*cells("a", 3), *other])
    for item in (*cells("a", 1), *other):
        waiting.learn(item, 1e-3)
    taken = [waiting.take(1)]
    while waiting:
        taken.append(waiting.take(1))
    assert [item for chunk in taken for item in chunk] == [*cells("a", 3), *other]
    assert all(len({(item.kind, item.seed) for item in chunk}) == 1 for chunk in taken)


def test_nothing_waits_in_nothing() -> None:
    assert len(Chunks([])) == 0
