"""What a solver says of itself is held against what is known: exact solvers, and answers at a time limit."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from rdebench.bench import reference
from rdebench.bench.rows import REFERENCE_SCHEMA, SCHEMA
from rdebench.bench.verdicts import EXACT_GAP, RefereeError, answered, failed, judge

KNOWN = {"status": "optimal", "value": 10.0, "bound": 10.0, "source": "certified"}


def judged(*rows: dict[str, Any], **known: Any) -> pd.DataFrame:
    plain = {"suite": "s-v1", "scenario": "s-v1", "instance": 0, "instance_hash": "x", "status": "feasible"}
    references = [reference.row(reference.unknown("x")) | known]
    return judge(
        pa.Table.from_pylist([plain | row for row in rows], SCHEMA).to_pandas(),
        pa.Table.from_pylist(references, REFERENCE_SCHEMA).to_pandas(),
    )


def test_a_solver_that_says_exact_and_is_beaten_by_a_proof_is_invalid() -> None:
    (row,) = judged({"solver": "a", "exact": True, "rde": 9.9}, **KNOWN).to_dict("records")
    assert row["status"] == "invalid"
    assert row["message"] == "says that it is exact, but found 9.9 where 10.0 can be reached"
    assert row["gap"] == 1.0


def test_a_solver_that_says_exact_and_is_beaten_by_another_is_invalid_without_any_proof() -> None:
    rows = judged({"solver": "a", "exact": True, "rde": 9.9}, {"solver": "b", "exact": False, "rde": 10.0})
    assert rows["status"].tolist() == ["invalid", "feasible"]


@pytest.mark.parametrize("rde", [10.0, 10.0 * (1 - 0.9 * EXACT_GAP)])
def test_an_exact_solver_within_the_tolerance_of_the_optimum_is_believed(rde: float) -> None:
    assert judged({"solver": "a", "exact": True, "rde": rde}, **KNOWN)["status"].iloc[0] != "invalid"


@pytest.mark.parametrize("flag", [False, None])
def test_a_solver_that_does_not_say_exact_may_be_beaten(flag: bool | None) -> None:
    assert judged({"solver": "a", "exact": flag, "rde": 5.0}, **KNOWN)["status"].iloc[0] == "feasible"


def test_an_answer_at_a_time_limit_keeps_its_status_and_its_gap_and_is_no_failure() -> None:
    rows = judged(
        {"solver": "a", "status": "time_limit", "rde": 9.0}, {"solver": "b", "status": "time_limit"}, **KNOWN
    )
    assert rows["status"].tolist() == ["time_limit", "time_limit"]
    assert rows["gap"].tolist() == [pytest.approx(0.1), 1.0]
    assert failed(rows).tolist() == [False, True]


def test_an_exact_solver_cut_short_is_not_called_a_liar() -> None:
    assert judged({"solver": "a", "status": "time_limit", "exact": True, "rde": 9.0}, **KNOWN)["status"].iloc[
        0
    ] == ("time_limit")


def test_an_answer_at_a_time_limit_refutes_false_claims_and_false_references() -> None:
    late = {"solver": "a", "status": "time_limit", "rde": 11.0}
    rows = judged(late, {"solver": "b", "rde": 10.0, "claimed_bound": 10.5})
    assert rows["status"].tolist() == ["time_limit", "invalid"]
    with pytest.raises(RefereeError, match="exceeds the proved bound"):
        judged(late, **KNOWN)


def test_who_has_an_answer_at_the_time_limit_has_not_failed():
    rows = pd.DataFrame(
        {
            "status": ["feasible", "optimal", "time_limit", "time_limit", "violated"],
            "rde": [1.0, 1.0, 1.0, None, 1.0],
        }
    )
    assert answered(rows).tolist() == [True, True, True, False, False]
    assert failed(rows).tolist() == [False, False, False, True, False]
