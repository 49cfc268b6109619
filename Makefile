# What one does with this repository; `make` lists it. Each target is a file of scripts/.
.DEFAULT_GOAL := help
.PHONY: help up down status test bench check docs clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Install what is missing, start Crew, deploy the demo app with a real git push
	@scripts/up

down: ## Stop what `make up` started; the data stays
	@scripts/down

status: ## Say what runs where
	@scripts/status

test: ## Run every test; T=<files> picks some
	@scripts/test $(T)

bench: ## Measure against peers; B=<names> picks some of push, live, swap, ssh, memory, scratch
	@scripts/bench $(B)

check: ## Types, lint and shell scripts
	@scripts/check

docs: ## Write docs/settings.md and docs/commands.md from the tables in src
	@scripts/docs

clean: ## Remove what can be made again (node_modules, dist, bench/results.json)
	rm -rf node_modules dist bench/results.json
