# Every target prepares .venv itself; the second time that takes no time.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) -m tools.bootstrap
PYTEST = $(BOOTSTRAP) test python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test test-full lint format generated clean check-python

help:  ## this list
	@echo 'make TARGET [VARIABLE=value]'
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 14

demo: check-python  ## node, player and viewer on moving objects [SECONDS=20] [DATA=file.npz [SKELETON=coco17]] [PORT=8080]
	@$(BOOTSTRAP) demo lfm demo $(if $(SECONDS),--seconds '$(SECONDS)') \
	  $(if $(DATA),--data '$(DATA)') $(if $(SKELETON),--skeleton '$(SKELETON)') $(if $(PORT),--port '$(PORT)')

test: check-python  ## lint, types, import contracts and every test but the slow ones
	@$(PYTEST)

test-full: check-python  ## the slow tests too
	@$(PYTEST) -m 'slow or not slow'

lint: check-python  ## ruff, pyright and the import contracts
	@$(PYTEST) -m static

format: check-python  ## let ruff rewrite the sources
	@$(BOOTSTRAP) test ruff check --fix .
	@$(BOOTSTRAP) test ruff format .

generated: check-python  ## write anew what is made of the sources: config/lifter.yaml, pages, tables
	@$(BOOTSTRAP) test python -m tools.docs
	@.venv/bin/python -m tools.speed_table
	@.venv/bin/python -m lfm_ros.ros.parameters > config/lifter.yaml

clean:  ## remove .venv, caches and build folders
	@rm -rf .venv build install log *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

check-python:
	@command -v $(PYTHON) >/dev/null || { echo "lfm_ros: no $(PYTHON) found: install python3 (3.10 or newer), or name one with PYTHON=..." >&2; exit 1; }
