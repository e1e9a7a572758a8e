# What a contributor does every day; CONTRIBUTING.md says when. `uv run` installs what is missing.
RUN := uv run --group dev

.PHONY: help install format check test demo docs

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

install: ## the workflow, linters and test tools, in .venv
	uv sync --group dev

format: ## Python and rule files, as the linters want them
	$(RUN) ruff check --fix
	$(RUN) ruff format
	$(RUN) snakefmt Snakefile rules

check: ## lint, format, types, layers, spelling: seconds
	$(RUN) python -m tests.checks

test: ## the unit tests, on all cores: about a minute
	$(RUN) pytest -q -n auto tests/unit

demo: ## what `uv run snakemake` does
	uv run snakemake

docs: ## write the schemas again, then check links, fields and examples of the pages
	$(RUN) python -m personas.config.reading.schema
	$(RUN) python -m personas.workflow.terminal.plan_document
	$(RUN) python -m personas.workflow.listing
	$(RUN) pytest -q tests/unit/test_docs.py tests/unit/test_examples.py
