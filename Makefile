# Two commands do everything on a fresh machine: `make report` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: report test fuzz lint types docs dist format clean

report: $(VENV)/.base
	$(BIN)/ctxemb compare benchmarks/quick.toml --output report
	@echo "open report/report.html"

test: $(VENV)/.test
	$(BIN)/python -m pytest

# Mutated files of every reader, checkpoint, store and spec; each test damages as many. Takes hours.
fuzz: $(VENV)/.test
	CTXEMB_FUZZ=$(or $(COUNT),7000) $(BIN)/python -m pytest -q -k "mutated or whole_texts" \
		tests/models tests/tasks tests/text tests/vectors tests/comparison

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

dist: $(VENV)/.test
	rm -rf dist build/dist-check
	$(BIN)/python -m build --outdir dist .
	$(PYTHON) -m venv build/dist-check
	build/dist-check/bin/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt dist/*.whl
	cd build && dist-check/bin/ctxemb models
	cd build && dist-check/bin/ctxemb embed --text "I sat by the bank ." -o dist-check/vectors

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.base: $(VENV)/.python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable .
	touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable ".[test,lint]"
	touch $@ $(VENV)/.base

$(VENV)/.docs: $(VENV)/.test
	$(PIP) install --constraint constraints.txt --editable ".[test,lint,docs]"
	touch $@

clean:
	rm -rf $(VENV) report dist build docs/_build .pytest_cache .mypy_cache .ruff_cache
