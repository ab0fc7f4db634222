# make run    set up (once) and run the whole comparison at scale mini, then print the table
# make test   set up (once) and run everything that CI runs
# make check  evaluate the reference results again, four images a cell, and fail where something got worse
# make docs   set up (once) and build the documentation into site/; a warning is an error
# make matrix try the Python and torch versions that are promised (environments in .matrix/)
# make dist   wheel and sdist, checked; make sbom: what they stand on, as CycloneDX; make lock: requirements.lock anew
# make audit  known vulnerabilities of the dependencies, and of our own code
# make cover  the tests with their coverage of the packages
# make readme renew what README and documentation take from the project's own data; make tutorials: what commands print
#
# PYTHON=python3.12 chooses the interpreter. When it already has a torch (2.4 or newer, a CUDA build say), that one is
# used as it is; otherwise constraints.txt decides. VENV=path uses another, even an existing, virtual environment.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
CHECK_ARGS ?=
AUDIT_ARGS ?=

.PHONY: matrix dist lock sbom audit cover run test lint format types unit check docs readme tutorials clean \
  setup setup-dev setup-docs setup-release
.DELETE_ON_ERROR:

run: setup
	$(BIN)/slkd-bench run --all

test: lint types unit check

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev
setup-docs: $(VENV)/.ready-docs
setup-release: $(VENV)/.ready-release

HAS_TORCH := import sys, torch; sys.exit(tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4))

$(BIN)/python:
	@if $(PYTHON) -c '$(HAS_TORCH)' 2>/dev/null; then \
	  echo "using the torch of $(PYTHON)"; $(PYTHON) -m venv --system-site-packages $(VENV); \
	else $(PYTHON) -m venv $(VENV); fi

# The one install command: everything at once under one set of constraints, so that nothing replaces torch on its way in.
INSTALL = if $(BIN)/python -c '$(HAS_TORCH)' 2>/dev/null; then \
	  $(BIN)/python -c 'import torch; print("torch==" + torch.__version__.partition("+")[0])' > $(VENV)/constraints.txt; \
	else cp constraints.txt $(VENV)/constraints.txt; fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(VENV)/constraints.txt

$(VENV)/.ready: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) (once; a few minutes on a slow line)"
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.ready-dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) with what the tests need (once)"
	@$(INSTALL) -e '.[dev]'
	@touch $(VENV)/.ready $@

$(VENV)/.ready-docs: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) with what the documentation needs (once)"
	@$(INSTALL) -e '.[docs]'
	@touch $(VENV)/.ready $@

$(VENV)/.ready-release: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) with what a release needs (once)"
	@$(INSTALL) -e '.[release]'
	@touch $(VENV)/.ready $@

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-cache > /dev/null || $(BIN)/lint-imports --no-cache

format: setup-dev
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

types: setup-dev setup-docs  # the pages are typed too, against mkdocs
	$(BIN)/mypy

unit: setup-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: setup-dev
	$(BIN)/slkd-bench check --fast $(CHECK_ARGS)

docs: setup-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "built site/index.html"

matrix:
	$(PYTHON) tools/matrix.py

cover: setup-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=90 $(PYTEST_ARGS)

dist: setup-release sbom
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tools/check_dist.py dist

lock: setup-release  # every dependency of every platform and Python that is promised, with the hashes of its files
	$(BIN)/uv pip compile pyproject.toml --constraints constraints.txt --universal --python-version 3.11 --generate-hashes \
	  --upgrade --quiet --no-header --output-file requirements.lock

sbom: setup-release
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --output-file sbom.json

audit: setup-dev
	$(BIN)/python tools/audit.py $(AUDIT_ARGS)

readme: setup
	$(BIN)/python docs/blocks.py
	$(BIN)/python docs/pictures.py

tutorials: setup-dev
	$(BIN)/python docs/follow.py --renew

clean:
	rm -rf $(VENV) .matrix build dist site sbom.json .mypy_cache .ruff_cache .pytest_cache
