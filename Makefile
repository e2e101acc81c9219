# Everything installs itself into .venv; a second run finds what stands.
PYTHON ?= python3
BIN := .venv/bin
DATA ?=
CORPUS := $(if $(DATA),open-corpora,demo)
RECIPE := $(if $(DATA),demo-open-corpora,demo)
DEMO := demo-workspace
CROSSTHINK := CROSSTHINK_WORKSPACE=$(DEMO) $(BIN)/crossthink

.PHONY: demo test lint types tests browser install peers benchmarks clean

install: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip install --quiet --python $(BIN)/python \
	    --constraint constraints.txt --editable '.[train,demo,semantic,dev]'
	touch $@

# The whole path: curate, blend, check, ask, train, ask again. What stands is reused, and each step says so.
# `make demo DATA=folder` takes published corpora from a folder instead of the samples.
demo: install
	$(CROSSTHINK) curate $(CORPUS) $(if $(DATA),--data $(DATA))
	$(CROSSTHINK) blend $(RECIPE) --corpus $(CORPUS)
	$(CROSSTHINK) check $(RECIPE)
	$(CROSSTHINK) sql "SELECT stage, reason, count(*) AS rows FROM dropped GROUP BY ALL ORDER BY rows DESC LIMIT 8"
	$(CROSSTHINK) train $(RECIPE) --plan cpu-demo
	$(CROSSTHINK) sql "SELECT component, avg(score) FILTER (step <= 6) AS first_6_steps, avg(score) FILTER (step > 18) \
	    AS last_6_steps, count(*) AS responses FROM rollouts WHERE run_id = \
	    (SELECT run_id FROM runs WHERE blend = '$(RECIPE)' ORDER BY started DESC LIMIT 1) GROUP BY ALL ORDER BY ALL"

# The tables of the README and of docs/: each is one command, all of them take about half an hour.
benchmarks: install
	$(BIN)/python -m benchmarks.exact
	$(BIN)/python -m benchmarks.fuzzy
	$(BIN)/python -m benchmarks.contamination --peers
	$(BIN)/python -m benchmarks.contamination --paraphrases
	$(BIN)/python -m benchmarks.judging
	$(BIN)/python -m benchmarks.verification
	$(BIN)/python -m benchmarks.curation
	$(BIN)/python -m benchmarks.blends
	$(BIN)/python -m benchmarks.random_blends
	$(BIN)/python -m benchmarks.reward
	$(BIN)/python -m benchmarks.asking

# What the benchmarks are held to, in an environment of its own: its requirements are older than ours.
peers: .venv-peers/.installed

.venv-peers/.installed: install
	$(PYTHON) -m venv .venv-peers
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip install --quiet --python .venv-peers/bin/python \
	    'datatrove[processing]==0.10.1' spacy pyarrow orjson
	touch $@

# Debian's Chromium, which the tests open the report in; without one those tests are skipped.
browser:
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium >/dev/null)

test: lint types tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

# In two processes; a file's tests stay together, for they share fixtures.
tests: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf .venv $(DEMO)
