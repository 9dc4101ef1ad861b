# Needs git, make and Python 3.11, 3.12 or 3.13. `make help` lists the targets.
#
#   PYTHON=python3.12   the interpreter for .venv        NO_UV=1      pip, even where uv is installed
#   REQUIRE=all         a skipped test is a failure      SLOW=1       the slow tests too
#   PYTEST="-k name"    more options for pytest          UPGRADE=1    `make requirements` takes newer versions
#
# Nothing outside the clone is written (except by `make system`): caches and settings of tools lie in .venv/cache.

BIN := .venv/bin
CACHE := $(CURDIR)/.venv/cache

export PYTHON NO_UV
export MPLBACKEND := agg
export MPLCONFIGDIR := $(CACHE)/matplotlib
export XDG_CACHE_HOME := $(CACHE)
export XDG_CONFIG_HOME := $(CACHE)/config
export XDG_DATA_HOME := $(CACHE)/data
export IPYTHONDIR := $(CACHE)/ipython
export JUPYTER_CONFIG_DIR := $(CACHE)/jupyter/config
export JUPYTER_DATA_DIR := $(CACHE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(CACHE)/jupyter/runtime
export WARMUP_REQUIRE := $(REQUIRE)
export SLOW

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bench requirements system clean venv-run venv-dev

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: venv-run ## write an example customer and plan its migration (report in out/demo)
	@test -f demo-customer/scenario.toml || $(BIN)/warmup demo demo-customer
	@$(BIN)/warmup plan demo-customer/scenario.toml -o out/demo; code=$$?; \
	if [ $$code -eq 1 ]; then \
	    echo "The plan is written, and it says what is not good enough about the migration (exit code 1 of warmup plan)."; \
	elif [ $$code -ne 0 ]; then exit $$code; fi
	@echo "Open out/demo/report.html in a browser."

test: venv-dev ## every check: lint, types, tests, documentation
	@if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    .ci/system || { [ "$(REQUIRE)" != all ] && echo "Going on without: tests that need it are skipped."; }; fi
	@$(MAKE) lint
	$(BIN)/python -m pytest -n 2 $(PYTEST)
	@$(MAKE) docs

lint: venv-dev ## style, format and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv-dev ## put the code into the project's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: venv-dev ## the documentation as HTML, in docs/_build
	$(BIN)/python -m sphinx --fail-on-warning --nitpicky --quiet -b html docs docs/_build

bench: venv-dev ## measure every bar; each prints its ratio
	@failed=; for file in benchmarks/[!_]*.py; do \
	    echo "== $$file"; $(BIN)/python "$$file" || failed="$$failed $$file"; done; \
	if [ -n "$$failed" ]; then echo "Below the bar:$$failed"; exit 1; fi

COMPILE = $(BIN)/uv pip compile --no-config --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" --quiet \
	$(if $(UPGRADE),--upgrade)

requirements: venv-dev ## pin the dependencies of pyproject.toml with hashes
	$(COMPILE) pyproject.toml --group build -o requirements/run.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(COMPILE) --group sdist -c requirements/dev.txt -o requirements/sdist.txt

system: ## install a browser, fonts and servers for the tests (apt, as root; starts no service)
	@.ci/system

clean: ## remove what these targets made: .venv, caches, builds, out/demo, demo-customer
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist docs/_build out/demo demo-customer
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv-run venv-dev: venv-%:
	@.ci/venv $*
