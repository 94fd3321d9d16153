# Two commands do everything: `make run` and `make test`.

OPENCODE := deploy/opencode/node_modules/.bin/opencode
WEB := web/dist/index.html
WEB_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/vite.config.ts web/tsconfig.json
DIR := target/kube
# HAProxy and dropbear are in folders that users other than root do not have in their PATH.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
ON_THIS_MACHINE = DEV_EMAIL="$${DEV_EMAIL:-$$(id -un)@localhost}" OPENCODE_PROGRAM="$${OPENCODE_PROGRAM:-$(CURDIR)/$(OPENCODE)}"
NPM_INSTALL := --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help run doctor quick test check unit fuzz bench starts scale clean cluster-up cluster-down opencode web docs tools test-tools web-check cluster-test chart-check manifests image

help: ## Show this list
	@echo "opencode-router: an opencode server for every user, repository and branch"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: tools $(WEB) opencode ## Build everything and start on this machine; Ctrl-C stops it
	@echo "Building the router (the first time takes a few minutes)"
	@cargo build --release --locked --quiet
	@$(ON_THIS_MACHINE) exec target/release/opencode-router

doctor: tools $(WEB) opencode ## Check whether this machine suits `make run`, and say what to do
	@cargo build --release --locked --quiet
	@$(ON_THIS_MACHINE) exec target/release/opencode-router doctor

# A test is in a lane by where it is: tests/tools/lanes. In groups, since two cores are not enough for all lanes at once.
test: tools test-tools opencode $(WEB) ## Check and test everything
	@cargo fmt --check
	@tests/tools/lanes clippy docs page unit machine chart images
	@tests/tools/lanes cluster outages

quick: tools opencode $(WEB) ## What can be told in three minutes: no browser, no cluster
	@cargo fmt --check
	@tests/tools/lanes clippy unit quick

# All of them unless PROMISES names some.
cluster-test: opencode $(WEB) ## All tests on a Kubernetes cluster, their own or that of TEST_KUBECONFIG
	@tests/tools/lanes cluster outages chart

check: $(WEB) ## Format, lints and documentation of the Rust code
	@cargo fmt --check
	@tests/tools/lanes clippy docs

unit: $(WEB) ## Only the fast tests
	@tests/tools/lanes unit

fuzz: $(WEB) ## Run the fuzz targets, FUZZ_SECONDS (60) each
	@tests/tools/fuzz

bench: $(WEB) ## Measure the router beside nginx and haproxy
	@cargo build --release --locked
	@tests/bench/run

starts: opencode $(WEB) ## Measure what a start costs on a Kubernetes cluster, beside the bare Pod
	@cargo build --locked --quiet
	@ROUTER_PROGRAM=target/debug/opencode-router tests/cluster/with \
	  cargo test --locked --quiet --test it starts:: -- --ignored --nocapture

scale: $(WEB) ## Measure the router with thousands of sessions on a Kubernetes API server
	@cargo build --release --locked
	@tests/scale/run

docs: $(WEB) ## Write the pages that are made from the code
	@cargo run --quiet --locked -- print-settings > docs/settings.md
	@cargo run --quiet --locked -- profile-schema > docs/profiles.schema.json

manifests: ## Write the manifests that are made from the chart
	@deploy/manifests/render > deploy/manifests/opencode-router.yaml.new
	@mv deploy/manifests/opencode-router.yaml.new deploy/manifests/opencode-router.yaml

image: ## Build an image: NAME, and if wanted REGISTRY, VERSION, PLATFORMS
	@REGISTRY="$(REGISTRY)" VERSION="$(VERSION)" PLATFORMS="$(PLATFORMS)" deploy/images/build "$(NAME)" $(ARGUMENTS)

cluster-up: ## Start a Kubernetes of its own on this machine, in target/kube or DIR
	@tests/cluster/build
	@tests/cluster/cluster up $(DIR)
	@echo "To use it: export KUBECONFIG=$(abspath $(DIR))/kubeconfig PATH=$(abspath $(DIR))/bin:\$$PATH"

cluster-down: ## Take it down; nothing of it is left
	@tests/cluster/cluster down $(DIR)

clean: ## Remove what was built and installed; the files of sessions stay
	@[ ! -e target/kube ] || tests/cluster/cluster down target/kube
	rm -rf target fuzz/target fuzz/artifacts web/dist web/node_modules deploy/opencode/node_modules tests/browser/node_modules tests/chart/node_modules

tools:
	@tests/tools/build

test-tools:
	@tests/tools/test

opencode: $(OPENCODE) ## Install the pinned opencode into deploy/opencode
$(OPENCODE): deploy/opencode/package.json deploy/opencode/package-lock.json
	@echo "Installing the pinned opencode into deploy/opencode"
	@deploy/opencode/install
	@touch "$@"

web: $(WEB) ## Build the page
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@echo "Installing what the page is built with"
	@cd web && npm ci $(NPM_INSTALL)
$(WEB): web/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "Building the page"
	@cd web && npm run --silent build > /dev/null

web-check: $(WEB)
	@echo "Checking and testing the page"
	@cd web && npm run --silent check && npm run --silent test

chart-check:
	@echo "Testing the chart"
	@tests/chart/run
