# Everything runs from .venv at the root, made on first use by python3 alone.
# `make up` starts the platform, `make test` runs the whole suite, `make check` every check.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

# Nothing of the caller's environment may lead our Python astray.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

TEST_SECONDS_MAX := 900
CHAOS_SECONDS_MAX := 3600
# Tests wait more than they compute: two cores have time for more than two of them.
WORKERS ?= 4

.PHONY: help install up test test-chaos test-mixed check static fmt generated lock \
	bench-start bench-ledger bench-send bench-flows clean

help:
	@echo 'make up ARGS="…"   start everything embedded, show a demo, serve'
	@echo 'make test          the whole suite (ARGS="tests/unit -k …" narrows it)'
	@echo 'make test-chaos    the long tests that kill processes'
	@echo 'make test-mixed    five hundred transactions of all flows on two workers and two apis'
	@echo 'make check         formatting, lint, types, imports, generated files, tests'
	@echo 'make fmt           format and mend what can be mended'
	@echo 'make generated     write the SDL and the generated documents'
	@echo 'make lock          renew requirements/*.lock'
	@echo 'make bench-start | bench-ledger | bench-send | bench-flows'

install: $(STAMP)

# uv comes with its own pinned hashes; it then installs exactly what the lock names.
$(STAMP): requirements/dev.lock requirements/bootstrap.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo 'python3 (3.11 or newer) is needed' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed; set PYTHON=…' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements/bootstrap.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

up: $(STAMP)
	@exec $(BIN)/diboas up $(ARGS)

test: $(STAMP)
	@timeout --foreground --kill-after=10 $(TEST_SECONDS_MAX) \
		$(BIN)/python -m pytest -n $(WORKERS) -m 'not chaos' $(ARGS)

test-chaos: $(STAMP)
	@timeout --foreground --kill-after=10 $(CHAOS_SECONDS_MAX) $(BIN)/python -m pytest -m chaos $(ARGS)

test-mixed: $(STAMP)
	@timeout --foreground --kill-after=10 $(CHAOS_SECONDS_MAX) \
		$(BIN)/python -m pytest -m chaos tests/integration/mixed $(ARGS)

check: static test

static: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generated --check

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generated: $(STAMP)
	$(BIN)/python -m tools.generated --write

# No hosts, no annotations: the locks name versions and hashes alone.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
lock: $(STAMP)
	$(LOCK) --upgrade pyproject.toml --output-file requirements/base.lock
	$(LOCK) --upgrade pyproject.toml --group pyproject.toml:dev --constraint requirements/base.lock \
		--output-file requirements/dev.lock
	$(LOCK) --upgrade requirements/bootstrap.in --output-file requirements/bootstrap.lock
	@! grep -nE 'https?://|index-url' requirements/*.lock

bench-start bench-ledger bench-send bench-flows: bench-%: $(STAMP)
	@$(BIN)/python -m bench.$* $(ARGS)

clean:
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
