# Needs Python 3.11 or newer and make. Every target sets up what it needs; a second call reuses it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-stamp
ROOMS := problems solvers scm_zoo bench leaderboard
SUITES := zoo-v1 paper-v1 small-v1 classes-v1 paper-literal-v1
PRESET ?= quick
RESULTS ?= results
PAGE ?= leaderboard.html
# Test files are spread over the cores; those of one file stay together, as they share what is costly to make.
SPREAD := -n auto --dist loadfile

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup leaderboard test test-all check format perf docs clean
.DEFAULT_GOAL := help

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make .venv with the pinned packages and the project

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "rdebench needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Say which one to use, for example: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; a few minutes on a slow line)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@rm -rf rdebench.egg-info  # left in the checkout it would shadow the installed entry points
	@touch $@

# Exit code 1 of a run means that some solver failed: the page shows where.
leaderboard: setup  ## run every suite, audit every row and write leaderboard.html
	@$(BIN)/rdebench run $(addprefix --suite ,$(SUITES)) --preset $(PRESET) --out $(RESULTS) || test $$? -eq 1
	@$(BIN)/rdebench audit $(RESULTS)
	@$(BIN)/rdebench report $(RESULTS) --out $(PAGE)
	@echo "The leaderboard is $(abspath $(PAGE)): open it in a browser."

test: setup  ## the tests, without the slow ones
	@$(BIN)/python -m pytest $(SPREAD)

test-all: setup  ## the tests, with the slow ones
	@$(BIN)/python -m pytest $(SPREAD) -m ""

check: setup  ## formatting, lint, types, then the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@mkdir -p .types/rdebench
	@for room in $(ROOMS); do ln -sfn ../../$$room .types/rdebench/$$room; done
	@MYPYPATH=.types $(BIN)/mypy -p rdebench
	@$(MAKE) --no-print-directory test

format: setup  ## put the sources into their standard form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

perf: setup  ## measure the speed of the hot paths
	@$(BIN)/rdebench perf

docs: setup  ## build the documentation as a site in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "The documentation is $(abspath site/index.html): open it in a browser."

clean:  ## remove .venv and everything generated except results
	@rm -rf $(VENV) .types .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site *.egg-info
