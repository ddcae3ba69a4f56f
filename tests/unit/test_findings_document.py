"""What docs/findings.md says is what the reproduction that ships says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rdebench.bench.reproduction.claims import judge
from rdebench.bench.reproduction.shipped import shipped

from ..reproductions import example_reproduction

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("findings_figures", DOCS / "figures" / "findings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_shipped_reproduction(figures):
    document = shipped()
    if document is None:
        pytest.skip("no reproduction is installed")
    text = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert figures.with_blocks(text, document) == text, "run python docs/figures/findings.py"


def test_the_verdicts_of_the_shipped_reproduction_are_those_of_its_numbers():
    document = shipped()
    if document is None:
        pytest.skip("no reproduction is installed")
    assert judge(document) == {key: document[key] for key in ("claims", "sensitivity")}


def test_tables_of_a_reproduction(figures):
    document = example_reproduction()
    for number, one in enumerate(document["table1"]):
        one["measured"] = one["measured"] and {
            name: values | {"payload_bits": 8192 + number} for name, values in one["measured"].items()
        }
    made = figures.blocks(
        document
        | judge(document)
        | {"machine": {"cpu": "a core"}, "code_hash": "0" * 64, "created": "2026-01-01"}
    )
    assert "| average | \N{MINUS SIGN}13.50 ± 0.186 |" in made["fig5"]
    assert "\N{MINUS SIGN}13.64 ± 0.210" in made["fig5"]
    assert "| main, hinge | 6 | 5 |" in made["fig4"]
    assert "|x\\| = 100".replace("|x", "\\|x") in made["sensitivity"]
    assert "heuristic-RDE above random" in made["sensitivity"]
    assert "120.0 / 0.190" in made["table1"]
    assert "100 of 100" in made["exact"]
    assert "| bandwidth | a third penalty | the third term would be 0 |" in made["left-out"]
