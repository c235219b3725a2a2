# Everything runs in .venv, which these commands make and keep in step with requirements/.

VENV := .venv
PY := $(VENV)/bin/python
REQUIREMENTS := dev demo demo-wagtail bench docs
PYTEST_ARGS ?= -n 2

.SHELLFLAGS := -euc
.DELETE_ON_ERROR:
.PHONY: help demo demo-wagtail test test-django test-cms lint format oracle exactness publishing simulate bench bench-quick bench-scale docs requirements clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## serve a django-cms site from the cache (PORT=8000 PAGES=170)
	@exec $(PY) example/serve.py

demo-wagtail: $(VENV)/.demo-wagtail ## serve a Wagtail site from the cache (PORT=8000)
	@exec $(PY) example_wagtail/serve.py

test: lint ## everything that must pass: lint, then all tests (PYTEST_ARGS="-n 2")
	$(PY) -m pytest $(PYTEST_ARGS) tests

test-django: $(VENV)/.dev ## only Django's own tests of HTTP caching, run with our drop-ins
	$(PY) -m pytest tests/upstream/test_django.py

test-cms: $(VENV)/.dev ## only django-cms's own tests, all of them, run with our app
	$(PY) -m pytest tests/upstream/test_cms.py

lint: $(VENV)/.dev ## ruff, the layers, types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m mypy

format: $(VENV)/.dev ## put the code in order, and the tables made from it
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) docs/tables.py

bench: $(VENV)/.bench ## a hot page from everything that can answer it, on each server (MINUTES=13)
	@exec $(PY) -m bench.run --minutes $(or $(MINUTES),13)

bench-quick: $(VENV)/.bench ## the same with fewer cases (MINUTES=2.5)
	@exec $(PY) -m bench.run --quick --minutes $(or $(MINUTES),2.5)

bench-scale: $(VENV)/.bench ## many pages: hit rates, and what grows with pages, variants, tags, workers
	@exec $(PY) -m bench.scale

oracle: $(VENV)/.dev ## writes to a news site, and after each every page beside a fresh render (STEPS=10000)
	@exec $(PY) bench/oracle.py --steps $(or $(STEPS),10000) --mix $(or $(MIX),news)

exactness: $(VENV)/.demo ## what each change at the django-cms demo drops, beside what it changes (PAGES=2000)
	@exec $(PY) bench/exactness.py --pages $(or $(PAGES),2000)

publishing: $(VENV)/.dev ## the django-cms demo read by four while an editor publishes (SECONDS=60)
	PUBLISHING_SECONDS=$(or $(SECONDS),60) $(PY) -m pytest tests/demo/test_publishing.py

simulate: $(VENV)/.dev ## hit rates, store traffic and fan-out up to a thousand workers
	@exec $(PY) -m bench.simulate

docs: $(VENV)/.docs ## the documentation, into build/docs; a warning fails
	$(PY) -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

requirements: $(VENV)/.dev ## pin requirements/*.in anew, with hashes
	@for name in $(REQUIREMENTS); do \
		constraint=; test "$$name" = dev || constraint='-c requirements/dev.txt'; \
		$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-header --no-annotate --no-emit-package pip \
			$$constraint requirements/$$name.in -o requirements/$$name.txt; \
	done

clean: ## remove what was built, the environment too
	rm -rf $(VENV) .nox build dist example/var example_wagtail/var
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- the environment -----------------------------------------------------------------

$(VENV)/.made:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			$$python -c 'import ensurepip, venv' 2>/dev/null || { \
				echo "$$python lacks the venv module (Debian: apt install python3-venv)" >&2; \
				exit 1; }; \
			echo "environment: $(VENV), $$($$python --version)"; \
			rm -rf $(VENV); $$python -m venv $(VENV); touch $@; exit 0; \
		fi; \
	done; echo "freshpage needs Python 3.11 or later (make PYTHON=/path/to/python)" >&2; exit 1

# one stamp for each file of requirements
$(VENV)/.%: requirements/%.txt pyproject.toml $(VENV)/.made
	@echo "installing requirements/$*.txt"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@if ! test $* = docs; then $(PY) -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .; fi
	@touch $@
