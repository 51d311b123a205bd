# Every target sets up what it needs by itself: a virtual environment in .venv with pinned packages, and on first use a
# private PostgreSQL. A second run starts at once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench lock clean

PYTEST_FLAGS ?= -n 3 --dist worksteal

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup:  ## make .venv with all pinned packages
	@sh scripts/setup.sh

demo: setup  ## play real dialogues before your eyes, on a private PostgreSQL, without any key
	@.venv/bin/truffles demo

test: setup  ## run all tests (PYTEST_FLAGS="-x -k name" narrows them down)
	@.venv/bin/pytest $(PYTEST_FLAGS)

lint: setup  ## check style, types and the contracts between modules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup  ## rewrite the code in the house style
	.venv/bin/ruff format
	.venv/bin/ruff check --fix-only --exit-zero

bench: setup  ## run every benchmark and check its figure against the target
	@status=0; for benchmark in benchmarks/[!_]*.py; do \
		[ -e "$$benchmark" ] || continue; \
		.venv/bin/python "$$benchmark" --check || status=1; \
	done; exit $$status

lock: setup  ## resolve the dependencies anew and write requirements.lock
	.venv/bin/uv lock --upgrade
	.venv/bin/uv export --quiet --no-emit-workspace --all-packages --all-groups --format requirements-txt --no-header --output-file requirements.lock

clean:  ## remove .venv and every cache; data is kept
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find truffles_gateway plugins tests -name __pycache__ -type d -prune -exec rm -rf {} +
