# Everything runs from .venv at the root, made on first use by python3 alone.
# `make test` runs the whole suite, `make check` every check.

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
WORKERS ?= 2

.PHONY: help install test check static fmt lock clean

help:
	@echo 'make test          the whole suite (ARGS="tests/unit -k …" narrows it)'
	@echo 'make check         formatting, lint, types, imports, tests'
	@echo 'make fmt           format and mend what can be mended'
	@echo 'make lock          renew requirements/*.lock'

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

test: $(STAMP)
	@timeout --kill-after=10 $(TEST_SECONDS_MAX) \
		$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: static test

static: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# No hosts, no annotations: the locks name versions and hashes alone.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
lock: $(STAMP)
	$(LOCK) --upgrade pyproject.toml --output-file requirements/base.lock
	$(LOCK) --upgrade pyproject.toml --group pyproject.toml:dev --constraint requirements/base.lock \
		--output-file requirements/dev.lock
	$(LOCK) --upgrade requirements/bootstrap.in --output-file requirements/bootstrap.lock
	@! grep -nE 'https?://|index-url' requirements/*.lock

clean:
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
