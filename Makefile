.DEFAULT_GOAL := help
DOTNET ?= dotnet

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

OUTPUT ?= artifacts/gofer
build: ## one executable that needs nothing beside it; OUTPUT=/path/gofer, RID=linux-arm64 for another machine
	@tools/publish "$(OUTPUT)" $(RID)

release: ## that executable for Linux, macOS and Windows with its checksums, and the .NET tool, in artifacts/
	@tools/release artifacts

compile: ## build everything, warnings are errors
	$(DOTNET) build

run: ## a server with everything in one process, on 127.0.0.1:8080
	$(DOTNET) run --project src/Cli -- dev

demo: ## start everything, run an example and show it
	$(DOTNET) run --project src/Cli -- demo

test: ## all tests; as root on Debian they start the Docker Engine that they need
	$(DOTNET) test

engine: ## a Docker engine of the tests' own (root); eval its output
	@bash tests/testbed/docker.sh up

format: ## let the formatter write
	$(DOTNET) format

bench: ## the engine's speed as ratios to bare SQL and to other queues, see docs/operations/performance.md
	$(DOTNET) run -c Release --project bench

docs: openapi ## write what is generated of the documentation

book: ## the documentation as a website under artifacts/book, where mdBook is installed
	@command -v mdbook >/dev/null || { echo "mdBook is not on the PATH: install it (https://rust-lang.github.io/mdBook), or read docs/ as it is." >&2; exit 1; }
	mdbook build docs

openapi: ## write docs/openapi.json, docs/schemas and src/Client anew from the code
	GOFER_TEST_APPROVE=1 $(DOTNET) test --project tests/Unit

.PHONY: help build release compile run demo test engine format bench docs book openapi
