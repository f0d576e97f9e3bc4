# bookingd. `make run` starts everything, `make test` checks everything; `make help` lists the rest.
# ARGS are handed on: make run ARGS="--config my.toml", make test ARGS="tests/domain -x".

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help run test test-full servers bench lint format clean

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Tests run on so many workers, each with servers of its own. What ARGS names runs in one process, to be followed; so does
# everything on servers of yours, which cannot be had twice.
WORKERS ?= 2
ALONE = $(ARGS)$(BOOKINGD_TEST_DATABASE_URL)$(BOOKINGD_TEST_AMQP_URL)$(BOOKINGD_TEST_REDIS_URL)
BESIDE = $(if $(ALONE),,--numprocesses $(WORKERS) --dist loadfile)

# What pip says, one line a library instead of five; its errors come on standard error, unfiltered.
# What setuptools has to say to whoever packages is not for whoever installs.
PIP_INSTALL = PYTHONWARNINGS=ignore $(BIN)/python -m pip install --disable-pip-version-check --no-input
PIP_PROGRESS = sed -un -e 's/^Collecting \([^ ]*\).*/   \1/p' -e 's/^Installing collected.*/   installing .../p'

help: ## What there is
	sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: $(VENV)/installed ## Start the daemon with everything it needs (Ctrl-C stops it)
	exec $(BIN)/bookingd run $(ARGS)

test: servers ## Style, types, import contracts and the test suite
	failed=0
	$(MAKE) --no-print-directory lint || failed=1
	$(BIN)/pytest $(BESIDE) $(ARGS) || failed=1
	exit $$failed

test-full: servers ## The tests that take minutes or many processes
ifeq ($(ALONE),)
	failed=0
	$(BIN)/pytest -m "full and not alone" $(BESIDE) || failed=1
	$(BIN)/pytest -m "full and alone" || failed=1
	exit $$failed
else
	$(BIN)/pytest -m full $(ARGS)
endif

servers: $(VENV)/installed-test ## The servers that the tests start: root gets them installed, others are told
	$(BIN)/python -m tests.servers
	# Where PYTHONDONTWRITEBYTECODE is set, each process that a test starts would compile all of it again.
	$(BIN)/python -m compileall -q bookingd actors handlers

bench: servers ## Each performance figure as a comparison (benchmarks/README.md)
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(VENV)/installed-test ## Style, types and import contracts
	failed=0
	$(BIN)/ruff check . || failed=1
	$(BIN)/ruff format --check . || failed=1
	$(BIN)/mypy || failed=1
	$(BIN)/lint-imports || failed=1
	exit $$failed

format: $(VENV)/installed-test ## Bring the source into the style of the house
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what can be made again; never var/, which holds your data
	rm -rf $(VENV) build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find actors bookingd handlers tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
	if [ -d var ]; then echo "var/ is still there: it holds the database and the keys."; fi

# A second start skips this: the stamp is older than setup.cfg only after setup.cfg changed. A stamp beside
# no program counts for nothing.
ifneq ($(shell test -x $(BIN)/python && test -x $(BIN)/bookingd && echo there),there)
.PHONY: $(VENV)/installed $(VENV)/installed-test
endif
$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/python
	echo "bookingd: installing libraries into $(VENV)/ (a minute or two the first time)"
	$(PIP_INSTALL) --editable . | $(PIP_PROGRESS) || $(CANNOT_INSTALL)
	touch $@
	echo "bookingd: installed"

$(VENV)/installed-test: setup.cfg pyproject.toml | $(BIN)/python
	echo "bookingd: installing libraries and test tools into $(VENV)/ (a minute or two the first time)"
	$(PIP_INSTALL) --editable '.[test]' | $(PIP_PROGRESS) || $(CANNOT_INSTALL)
	touch $@ $(VENV)/installed
	echo "bookingd: installed"

CANNOT_INSTALL = { echo "bookingd: pip could not install what setup.cfg names; the reason is above." \
	"A Python package index must be reachable (behind a proxy: set https_proxy or PIP_INDEX_URL)." >&2; exit 1; }

# Debian parts the venv module from Python: root gets it installed, everybody else is told its name.
$(BIN)/python:
	python=
	for candidate in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			python=$$candidate
			break
		fi
	done
	if [ -z "$$python" ]; then
		echo "bookingd: Python 3.11 or newer is needed, and none of $(or $(PYTHON),python3 python3.14 … python3.11) is." \
			"Install one, or name it: make run PYTHON=/path/to/python3" >&2
		exit 1
	fi
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
		package=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			echo "bookingd: installing $$package, which Python's venv module comes in"
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$$package" >/dev/null || {
				echo "bookingd: apt-get could not install $$package; the reason is above." >&2; exit 1; }
		else
			echo "bookingd: Python's venv module is missing. Install it: sudo apt-get install $$package" >&2
			exit 1
		fi
	fi
	echo "bookingd: making $(VENV)/ with $$("$$python" --version)"
	"$$python" -m venv --clear $(VENV)
