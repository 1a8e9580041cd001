# Every target is one script or one cargo line; read scripts/ for what happens.
.DEFAULT_GOAL := help
.PHONY: help demo demo-stop demo-clean build test soak bench bench-billing screenshots lint

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: ## Build and run Ownkey beside simulated providers
	@scripts/demo.sh

demo-stop: ## Stop a demo that runs in the background (DEMO_DETACH=1)
	@scripts/demo.sh stop

demo-clean: ## Stop it and forget its data (.demo)
	@scripts/demo.sh clean

build: ## Build the release binaries
	@scripts/build.sh

test: ## Install what the tests need and run all of them
	@scripts/test.sh

soak: ## Run the acceptance suites at their full counts
	@scripts/test.sh soak

bench: ## Measure Ownkey beside its peers (CASES=… PEERS=… QUICK=1 for parts)
	@scripts/bench.sh

bench-billing: ## Print what every kind of call is charged beside what its provider bills
	@scripts/bench-billing.sh

screenshots: ## Take a picture of every page of the dashboard in each of its states
	@scripts/screenshots.sh

lint: ## Formatters, lints, house rules
	@scripts/lint.sh
