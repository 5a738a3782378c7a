# Every command a developer or a newcomer needs; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSOLE := dispatcher/console
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: install ## Start everything with the demo community and a live scenario; Ctrl-C stops it
	$(BIN)/rongan demo

.PHONY: install
install: $(VENV)/.installed $(CONSOLE)/dist/index.html ## Install into .venv and build the console

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24" "setuptools>=75"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	$(BIN)/rongan compile
	touch $@

CONSOLE_SOURCES := $(shell find $(CONSOLE)/src $(CONSOLE)/public $(CONSOLE)/index.html $(CONSOLE)/*.json $(CONSOLE)/*.ts -type f 2>/dev/null)

$(CONSOLE)/node_modules/.installed: $(CONSOLE)/package-lock.json
	cd $(CONSOLE) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.installed $(CONSOLE_SOURCES)
	cd $(CONSOLE) && npm run build --silent
	touch $@

.PHONY: test
test: install ## Run the whole test suite
	$(BIN)/python -m pytest
	cd $(CONSOLE) && npm run test --silent

.PHONY: test-nojit
test-nojit: install ## Run the kernels' tests in plain Python, for coverage and real tracebacks
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --ignore tests/unit/dispatcher/rates/test_hot_spots.py tests/unit/dispatcher/correlation tests/unit/dispatcher/patterns tests/unit/dispatcher/rates tests/unit/dispatcher/risk

.PHONY: test-boundscheck
test-boundscheck: install ## Run the kernels' tests with every array access checked
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$$(mktemp -d) $(BIN)/python -m pytest tests/unit/dispatcher/correlation tests/unit/dispatcher/patterns tests/unit/dispatcher/rates tests/unit/dispatcher/risk

.PHONY: exact
exact: install ## Compare the kernels with their oracles in 10,000 random cases a property (half an hour)
	RONGAN_CASES=10000 RONGAN_HYPOTHESIS=thorough $(BIN)/python -m pytest --timeout=0 tests/unit/dispatcher/correlation tests/unit/dispatcher/patterns tests/unit/dispatcher/rates/test_counting.py tests/unit/dispatcher/risk

.PHONY: faults
faults: install ## Kill the dispatcher at 200 places of a long log and compare what it leaves (minutes)
	RONGAN_KILLS=200 $(BIN)/python -m pytest tests/faults -s

.PHONY: check
check: install ## Format, lint, types and import contracts, of Python and the console
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(CONSOLE) && npm run check --silent

.PHONY: format
format: install ## Format the Python code and mend what ruff can mend
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

.PHONY: bench
bench: install ## Print the figures beside their yardsticks (minutes; `rongan bench NAME --quick` is shorter)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,bench]'
	$(BIN)/rongan bench correlation
	$(BIN)/rongan bench intake

.PHONY: clean
clean: ## Remove what was installed and built; data in .rongan stays
	rm -rf $(VENV) $(CONSOLE)/node_modules $(CONSOLE)/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
