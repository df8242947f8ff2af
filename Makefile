# Two targets for people: `make demo` and `make test`. Each sets up what it needs in .venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq -c constraints.txt
NATIVE := CMakeLists.txt $(shell find native -name '*.cpp' -o -name '*.h' -o -name '*.inc')

.PHONY: demo test
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(BIN)/python -m tokenworks.cli.demo

# One worker per core; `make test PYTEST_OPTIONS="-n 0 -k bpe"` runs what is chosen in one process.
test: $(VENV)/installed-test
	$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 8 --dist worksteal $(PYTEST_OPTIONS)

# The build tools live in the environment, so that a changed source rebuilds only what it touches.
$(VENV)/tools: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) cmake nanobind ninja numpy scikit-build-core
	@touch $@

$(VENV)/installed: $(VENV)/tools pyproject.toml $(NATIVE)
	@echo "Building tokenworks"
	@$(PIP) --no-build-isolation -e .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed models/pyproject.toml
	@echo "Installing the test dependencies"
	@$(PIP) --no-build-isolation -e ".[test]" -e ./models
	@touch $@
