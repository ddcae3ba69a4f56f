"""What a result row is: the schema that everything downstream relies on."""

from __future__ import annotations

import pyarrow as pa

FORMAT = "rdebench-rows/3"

STATUSES = (
    "optimal",
    "feasible",
    "violated",
    "infeasible",
    "unbounded",
    "time_limit",
    "memory_limit",
    "invalid",
    "error",
    "skipped",
)
"""optimal (within tolerance of a trusted bound), feasible, violated (breaks a constraint), infeasible and
unbounded (a claim of proof), limits hit (a time limit may come with the last incumbent), invalid (not an
allocation, or a false claim), error (raised or died), skipped."""

FAILURES = ("time_limit", "memory_limit", "invalid", "error")
"""Statuses that make the exit code 1; a time limit only without an answer."""

POLICY_DIGITS = 16
"""Digits of the SHA-256 of a policy that a row holds."""

VIOLATIONS = ("power", "bandwidth", "min_bandwidth", "latency", "sign")

SCHEMA = pa.schema(
    [
        ("suite", pa.string()),
        ("scenario", pa.string()),
        ("scenario_hash", pa.string()),
        ("instance", pa.int32()),
        ("instance_hash", pa.string()),
        ("suite_seed", pa.int64()),
        ("users", pa.int32()),
        ("models", pa.int32()),
        ("rate", pa.string()),
        ("solver", pa.string()),
        ("solver_hash", pa.string()),
        ("exact", pa.bool_()),
        ("policy", pa.string()),
        ("status", pa.string()),
        ("message", pa.string()),
        ("scm", pa.list_(pa.int32())),
        ("power_w", pa.list_(pa.float64())),
        ("bandwidth_hz", pa.list_(pa.float64())),
        ("claimed_bound", pa.float64()),
        ("rde", pa.float64()),
        ("reward", pa.float64()),
        ("total_power_w", pa.float64()),
        ("total_bandwidth_hz", pa.float64()),
        *[(f"violation_{name}", pa.float64()) for name in VIOLATIONS],
        ("solve_seconds", pa.float64()),
        ("fit_seconds", pa.float64()),
        ("evaluations", pa.int64()),
        ("peak_memory_bytes", pa.int64()),
        ("trace_seconds", pa.list_(pa.float64())),
        ("trace_evaluations", pa.list_(pa.int64())),
        ("trace_rde", pa.list_(pa.float64())),
        ("cell", pa.string()),
    ]
)
"""One row per suite, scenario, instance and solver. Null where a status has no such value.

``rde`` is in bit/s (bit/s/Hz under the spectral rate) per unit of weighted distortion, as the referee scored
the decisions; ``reward`` is (12) under the scenario's reading. The bound and the gap are not stored in a row:
they belong to the instance (its reference) and are joined when rows are read. ``policy`` begins the SHA-256 of the
files of the policy that a solver that learns had, and ``fit_seconds`` is what its training took. ``exact`` is the
solver's claim that its answers are optimal. The three lists of the trace are the incumbents that it reported: when,
after how many evaluations, and the best feasible RDE until then, as the referee scored it.
"""

REFERENCE_SCHEMA = pa.schema(
    [
        ("instance_hash", pa.string()),
        ("status", pa.string()),
        ("value", pa.float64()),
        ("bound", pa.float64()),
        ("source", pa.string()),
        ("scm", pa.list_(pa.int32())),
        ("power_w", pa.list_(pa.float64())),
        ("bandwidth_hz", pa.list_(pa.float64())),
    ]
)
"""What the referee itself has proved about an instance: status is optimal (to 1e-6), bounded (to less than that),
infeasible, unbounded or unknown."""
