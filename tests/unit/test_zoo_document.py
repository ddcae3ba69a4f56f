"""What docs/zoo.md says about the shipped zoo is what its cards say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_table_and_the_result_are_those_of_the_cards():
    spec = importlib.util.spec_from_file_location("zoo_figures", DOCS / "figures" / "zoo.py")
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    text = (DOCS / "zoo.md").read_text(encoding="utf-8")
    assert figures.with_blocks(text, figures.shipped()) == text, "run python docs/figures/zoo.py"
