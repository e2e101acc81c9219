# Everything installs itself into .venv; a second run finds what stands.
PYTHON ?= python3
BIN := .venv/bin
DATA ?=
DEMO := demo-workspace

.PHONY: demo test lint types tests install clean

install: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip install --quiet --python $(BIN)/python \
	    --constraint constraints.txt --editable '.[train,demo,dev]'
	touch $@

# Curate, blend, check, ask, train: the whole path. `make demo DATA=folder` takes published corpora instead.
demo: install
	$(BIN)/python -m crossthink.demo --workspace $(DEMO) $(if $(DATA),--data $(DATA))

test: lint types tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

tests: install
	$(BIN)/python -m pytest

clean:
	rm -rf .venv $(DEMO)
