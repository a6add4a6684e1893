# goldpan: `make demo` shows it, `make test` checks it. Both make their own .venv from pinned versions.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
LABEL_STUDIO := .venv-label-studio
AUDIT := .venv-audit
EXPORTS := .venv-exports
NEIGHBOURS := .venv-neighbours
DEMO := demo
# Half as many again as there are cores: tests in the browser wait more than they compute.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 3 / 2)

.PHONY: demo test lint types unit bench peers peers-ui screenshots audit exports neighbours clean help

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("goldpan needs Python 3.11 to 3.13, this is %d.%d; run make PYTHON=python3.11" % sys.version_info[:2] if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

demo: $(VENV)/.runtime ## make the demo project and open the dashboard
	$(BIN)/goldpan demo $(DEMO)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: lint types unit ## lint, types and every test but the slow, the browser's too

bench: $(VENV)/.dev ## the slow checks: benchmarks, and the tests that need minutes or the real data sets
	$(BIN)/python -m pytest -m "slow or shared_data"
	$(BIN)/python -m benchmarks.latency

$(PEERS)/.peers: requirements.lock requirements-dev.lock requirements-peers.lock pyproject.toml
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-peers.lock
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

peers: $(PEERS)/.peers ## an environment with the libraries goldpan is compared with: .venv-peers

$(LABEL_STUDIO)/.installed: requirements-label-studio.txt
	test -x $(LABEL_STUDIO)/bin/python || $(PYTHON) -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-label-studio.txt
	touch $@

peers-ui: $(LABEL_STUDIO)/.installed ## an environment with the program that the page is compared with: .venv-label-studio

$(AUDIT)/.installed: requirements-audit.txt
	test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	touch $@

audit: $(VENV)/.dev $(AUDIT)/.installed ## known weaknesses of the libraries: our own table, then pip-audit where its service answers
	$(BIN)/python -m tests.security.advisories
	$(AUDIT)/bin/python -m tests.security.ask_pip_audit requirements.lock

$(EXPORTS)/.installed: requirements-dev.lock requirements-export-checks.txt
	test -x $(EXPORTS)/bin/python || $(PYTHON) -m venv $(EXPORTS)
	$(EXPORTS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock -r requirements-export-checks.txt
	touch $@

exports: $(EXPORTS)/.installed ## every export read back, also by the libraries that bring too much for .venv
	$(EXPORTS)/bin/python -m pytest tests/labeling/exports

$(NEIGHBOURS)/.installed: requirements-neighbours.txt requirements.lock
	test -x $(NEIGHBOURS)/bin/python || $(PYTHON) -m venv $(NEIGHBOURS)
	$(NEIGHBOURS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-neighbours.txt
	touch $@

neighbours: $(NEIGHBOURS)/.installed ## an environment with the indexes that the search for similar items is compared with: .venv-neighbours

screenshots: $(VENV)/.dev ## draw docs/images anew
	$(BIN)/python -m benchmarks.screenshots

clean: ## remove what was built; projects stay
	rm -rf $(VENV) $(PEERS) $(LABEL_STUDIO) $(AUDIT) $(EXPORTS) $(NEIGHBOURS) .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
