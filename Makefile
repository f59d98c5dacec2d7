# The front door: each target sets up what it needs in a virtual environment of its own.
PYTHON ?= python3
VENV   ?= .venv
DIR    ?= /var/lib
ARGS   ?=
PYTEST ?=
RUN    := $(VENV)/bin/python

.PHONY: probe test unit attacks fuzz check bench docs dist clean help

help:            ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

probe: $(VENV)/runs   ## Ask whether DIR can back a container engine's storage
	@$(RUN) -m fscaps $(ARGS) $(DIR)

test: $(VENV)/tests   ## Run all tests; as root on real file systems and engines
	$(RUN) -m pytest $(PYTEST)

unit: $(VENV)/tests   ## Run the tests that need neither root nor a mount
	$(RUN) -m pytest tests/unit $(PYTEST)

attacks: $(VENV)/tests ## Attack every system call of a run, not a part; takes hours, and root
	FSCAPS_ATTACKS=all $(RUN) -m pytest tests/attacks $(PYTEST)

fuzz: $(VENV)/fuzzes  ## Fuzz all that is parsed; ARGS="--seconds 60" for each target
	$(RUN) fuzz/fuzz.py $(ARGS)

check: $(VENV)/checks ## Lint, check types and imports
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	PATH="$(abspath $(VENV))/bin:$$PATH" pyright --verifytypes fscaps --ignoreexternal
	$(VENV)/bin/lint-imports

bench: $(VENV)/tests  ## Measure speed, calls and memory against podman info and hg debugfs
	$(RUN) bench/bench.py $(ARGS)

docs: $(VENV)/runs    ## Write the reference pages that are made from the code
	$(RUN) docs/reference/generate.py
	PYTHONPATH=src:. $(RUN) -m lab.page

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check 'pip >=25.1'

$(VENV)/runs: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/tests: pyproject.toml $(VENV)/runs
	$(RUN) -m pip install --quiet --disable-pip-version-check --group test
	@touch $@

$(VENV)/checks: pyproject.toml $(VENV)/tests
	$(RUN) -m pip install --quiet --disable-pip-version-check --group check
	@touch $@

$(VENV)/fuzzes: pyproject.toml $(VENV)/runs
	$(RUN) -m pip install --quiet --disable-pip-version-check --group fuzz
	@touch $@

clean:           ## Remove what these targets made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
