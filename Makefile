PYTHON ?= python3
BIN := .venv/bin

install: .venv/.installed
.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q uv
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip install --python $(BIN)/python -e '.[train,demo,dev]'
	touch $@
