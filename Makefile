# What one does with this repository; `make` lists it. Each target is a file of scripts/.
.DEFAULT_GOAL := help
.PHONY: help up demo-board down status test board bench check docs clean configure compile FORCE

help: ## List these targets, configuration packages and the workspace's state
	@awk -F ':.*## ' '/^[a-z\/%-]+:.*## /{ \
	  sub("cmd/%", "cmd/<namespace>/<package>/<command>", $$1); sub("br/%", "br/<target>", $$1); \
	  printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@scripts/skiff overview

configure: ## Join the layers of SKIFF_CONFIG in SKIFF_WORKSPACE, say what a compile would make anew
	@scripts/skiff configure

compile: ## Make the image of the workspace, or what changed of it; FORCE=1 all of it
	@scripts/skiff compile $(if $(FORCE),--force)

# quoted, so that a target with a character of the shell's is a name and no more
cmd/%: FORCE ## Run a command of a configuration package
	@scripts/skiff run '$(subst ','\'',$*)'

br/%: FORCE ## Run a target of Buildroot in the workspace
	@scripts/skiff br '$(subst ','\'',$*)'

up: ## Install what is missing, start Crew, deploy the demo app with a real git push
	@scripts/up

demo-board: ## Make an image with Crew, boot it in QEMU, push an app to it; KEEP=1 leaves it running
	@scripts/demo-board

down: ## Stop what `make up` started; the data stays
	@scripts/down

status: ## Say what runs where
	@scripts/status

test: ## Run every test; T=<files> picks some
	@scripts/test $(T)

board: ## Boot an arm64 image in QEMU, write cards, start one through U-Boot
	@scripts/test test/board/boot.test.ts test/board/card.test.ts test/board/uboot.test.ts

bench: ## Measure against peers; B=<names> picks some of push, live, swap, ssh, memory, scratch
	@scripts/bench $(B)

check: ## Types, lint and shell scripts
	@scripts/check

docs: ## Write docs/settings.md and docs/commands.md from the tables in src
	@scripts/docs

clean: ## Empty the workspace; remove what can be made again (node_modules, dist, bench/results.json)
	@if [ -d "$${SKIFF_WORKSPACES:-workspaces}" ]; then scripts/skiff clean; fi
	rm -rf node_modules dist bench/results.json
