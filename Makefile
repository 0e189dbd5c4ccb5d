# make demo: sets up, then asks a question of a simulated video and prints the answer beside the truth.
# make test: sets up, then checks and tests everything. Both work from a fresh clone and again after it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test check fix bench
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make setup   a virtual environment in .venv with medvid and its development tools"
	@echo "make demo    a question about a simulated video, answered, beside the truth"
	@echo "make test    check, then every test"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make fix     what ruff can mend by itself"
	@echo "make bench   the programs of benchmarks/, where there are any"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: setup
	$(BIN)/medvid demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -q

fix: setup
	$(BIN)/ruff check --fix .

bench: setup
	@for program in $(wildcard benchmarks/*.py); do echo "== $$program"; $(BIN)/python $$program || exit 1; done
