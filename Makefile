# Every target sets up what it needs by itself; `make help` lists them.
SHELL := /bin/bash
VENV := .venv
PROOF := .venv-proof
DOCS := .venv-docs
PYTHON := $(VENV)/bin/python
# In memory where 8 GB are free: tests with a database wait for the disk half of their time. `make soak` uses the disk.
FREE_GB := $(shell df --output=avail -BG /dev/shm 2>/dev/null | tail -1 | tr -dc 0-9)
TEST_FOLDERS := $(shell [ "0$(FREE_GB)" -ge 8 ] && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)

# The engine's library is compiled once for its sources, where a C compiler is; it says so where none is.
COMPILE := $(PYTHON) dashboard/engine/compiled/build.py || true

# Compiled modules are kept whatever the environment says: tests start hundreds of processes, and each would compile anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test quick check style types collected tested soak soak-of-outages soak-of-more soak-of-examples proof docs bench pictures wheel clean
.DEFAULT_GOAL := help

help:            ## this list
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/run.ok: requirements.txt
	@echo "Setting up: a virtual environment in $(VENV) and the packages of requirements.txt (once, about a minute)"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Weightbase needs Python 3.11 or newer."; exit 1; }
	@test -x $(PYTHON) || python3 -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m pip install -q --disable-pip-version-check -r requirements.txt
	@$(PYTHON) -m dashboard.charts.small_bundle || echo "Charts use plotly's full bundle: 1.5 MB instead of 0.5 MB, once per browser."
	@touch $@

$(VENV)/dev.ok: requirements.txt requirements-dev.txt
	@echo "Setting up: packages for tests and checks (once)"
	@test -x $(PYTHON) || python3 -m venv $(VENV)
	@$(PYTHON) -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@$(PYTHON) -m dashboard.charts.small_bundle || echo "Charts use plotly's full bundle: 1.5 MB instead of 0.5 MB, once per browser."
	@touch $@ $(VENV)/run.ok

run: $(VENV)/run.ok          ## start the dashboard on 127.0.0.1:8000
	@$(COMPILE)
	@$(PYTHON) app.py

quick: $(VENV)/dev.ok        ## the fast tests, under a minute: no server, no browser, no pages, no killed processes, none marked slow
	@$(COMPILE)
	$(TEST_FOLDERS) $(PYTHON) -m pytest -q -n 2 --hypothesis-profile=quick -m "not server and not browser and not processes and not slow and not soak" tests/unit tests/rules tests/contract

check: $(VENV)/dev.ok        ## lint, format and types
	@$(MAKE) --no-print-directory -j2 style types

style: $(VENV)/dev.ok
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/dev.ok
	$(VENV)/bin/mypy

collected: $(VENV)/dev.ok  # of a new checkout once in one process, so that not all four rewrite and compile each module of tests
	@test -d tests/unit/__pycache__ || found=$$($(PYTHON) -m pytest -q --collect-only 2>&1) || { echo "$$found" | tail -n 60; exit 1; }

test: $(VENV)/dev.ok         ## all tests, with a real browser and real processes, and what `make check` does
	@tests/install_system_packages.sh
	@$(MAKE) --no-print-directory -j2 style collected
	@$(MAKE) --no-print-directory -j2 types tested

tested: $(VENV)/dev.ok  # four on two cores, and types beside them: many tests wait for processes of their own
	@$(COMPILE)
	$(TEST_FOLDERS) $(PYTHON) -m pytest -q -n 4 --dist worksteal --durations=10

soak: $(VENV)/dev.ok         ## what takes long: outages, disks that fill, more of each kind; needs root, for it mounts small disks
	@tests/install_system_packages.sh
	@$(COMPILE)
	@$(MAKE) --no-print-directory -k -j2 soak-of-outages soak-of-more soak-of-examples  # what fails ends none of the others

soak-of-outages: $(VENV)/dev.ok  # most of its time it waits
	$(PYTHON) -m pytest -q --durations=10 -m "" tests/soak

soak-of-more: $(VENV)/dev.ok
	$(PYTHON) -m pytest -q -n 2 --dist worksteal --durations=10 -m soak tests

soak-of-examples: $(VENV)/dev.ok
	$(PYTHON) -m pytest -q -n 2 --dist worksteal --hypothesis-profile=soak -m "hypothesis and not soak" tests

$(PROOF)/ok: requirements.txt requirements-dask.txt requirements-dev.txt requirements-proof.txt
	@echo "Setting up: all packages and the real frameworks in $(PROOF) (once, about a gigabyte)"
	@test -x $(PROOF)/bin/python || python3 -m venv $(PROOF)
	@$(PROOF)/bin/python -m pip install -q --disable-pip-version-check -r requirements-proof.txt
	@touch $@

proof: $(PROOF)/ok           ## PyTorch, Keras, Lightning, ONNX Runtime and scikit-learn themselves, in an environment of their own
	$(PROOF)/bin/python -m pytest -q -p no:cacheprovider -c tests/proof/pytest.ini --rootdir tests/proof tests/proof

$(DOCS)/ok: requirements-docs.txt
	@echo "Setting up: MkDocs and its theme in $(DOCS) (once)"
	@test -x $(DOCS)/bin/python || python3 -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip install -q --disable-pip-version-check -r requirements-docs.txt
	@touch $@

docs: $(DOCS)/ok             ## the docs as a site, which the dashboard shows at /help/docs/; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet

bench: $(VENV)/dev.ok        ## every benchmark (or ONLY="store runs"), and a table of all figures in benchmarks/results/
	@$(COMPILE)
	@$(PYTHON) benchmarks/_all.py $(ONLY)

pictures: $(VENV)/dev.ok     ## every page type, light, dark, narrow and empty, as pictures in screenshots/, to look at
	@tests/install_system_packages.sh
	@$(PYTHON) -m tests.pictures

wheel: $(VENV)/dev.ok docs   ## dist/: the wheel, with the docs as a site, and the source distribution
	$(PYTHON) -m build --no-isolation --outdir dist .

clean:           ## remove the virtual environment and caches (never data/)
	rm -rf dashboard/engine/compiled/kernels-*.so $(VENV) $(PROOF) $(DOCS) dashboard/docs_site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
