# make setup   virtual environment in .venv with efface in it
# make demo    a small sales office, taken through the whole sentence
# make test    all the tests
# make check   what must hold before a change lands: style, types, rooms, tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Hundreds of tests start efface anew; without compiled modules each start compiles them all.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check lint bench clean requirements

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt pyproject.toml tools/collect.py tools/build_hook.py tools/dlib_resnet.py src/efface/engines/networks/lock.toml src/efface/engines/networks/recognisers.toml tools/samples.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "efface needs Python 3.11 or newer; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python tools/collect.py networks samples
	@$(BIN)/python tools/collect.py recognisers || echo "Without a recogniser, what needs one says so; everything else works."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: setup
	$(BIN)/python -m efface.testing.demo

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

# The hashed list is made from pyproject.toml; it names no host.
requirements:
	uv export --quiet --format requirements.txt --group dev --all-extras --no-emit-project --no-header -o requirements.txt
	rm -f uv.lock

clean:
	rm -rf $(VENV) build dist samples
