# `make` lists the targets. A fresh machine needs Go and make, and for the real
# stores either a Docker engine, or Node with npm, Java 17 and Maven; everything
# else is fetched.
#
#   STORE      the store that `features` and `examples` run on: memory, messagedb or dynamodb
#   TAGS       a tag expression that selects scenarios, such as '@payment and not @slow'
#   PROVISION  the only way to bring real stores up: address, container or local;
#              empty means the first that works (see harness/provision)
#   TIME       virtual on memory: pauses and days cost nothing
#   REACTOR    binary on a real store: the built program in a process of its own; or
#              a number of such processes
#   FAULTS     what is to go wrong, such as conflict,kill or all
#   SEED       when: the same seed gives the same run
#   SEEDS      how many seeds explore tries

STORE     ?= memory
TAGS      ?=
PROVISION ?=
TIME      ?=
REACTOR   ?=
FAULTS    ?=
SEED      ?=
SEEDS     ?= 10000
BENCH     ?= .

GO      := go
# What features and examples pass to go test besides.
FEATURES_FLAGS ?= -v

TOOLS   := $(CURDIR)/build/tools
SUMMARY := $(CURDIR)/build/summary
RUNS    := $(CURDIR)/build/runs

# The race detector needs a C compiler; without one the tests run all the same.
RACE := $(if $(shell command -v "$$($(GO) env CC)" 2>/dev/null),-race)

ACTIONLINT_VERSION    := v1.7.12
GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT         := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)

STORES := memory messagedb dynamodb
# The runs of the scenarios that `test` makes.
FULL_RUNS := memory memory-virtual messagedb dynamodb messagedb-reactor-binary messagedb-reactor-3 dynamodb-reactor-binary

# Runs a command while the real stores of some kinds are up. The program is
# built, not run with `go run`, which would hide the exit status and keep signals
# to itself.
with = $(TOOLS)/provision -kind $(1) $(if $(PROVISION),-way $(PROVISION)) --

WITH_ALL = $(call with,messagedb$(comma)dynamodb)
comma   := ,

# The command that a store's scenarios run under; memory needs none. Each run has a
# server of its own: DynamoDB Local looks through the streams of all the tables it
# ever had, also of removed ones, and a second run there takes three times as long.
with_memory    =
with_messagedb = $(call with,messagedb)
with_dynamodb  = $(call with,dynamodb)

# How many scenarios run at once; by default as many as there are cores. On
# DynamoDB they wait for the index between two looks, which leaves room for more.
parallel_dynamodb = -parallel=8

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s  %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## Run the hotel and its reactor in memory and show what happens
	$(GO) run ./cmd/reactor demo

# What test begins with. The linters do the same.
VET := $(GO) vet ./...

# In virtual time all scenarios run twice more, to see that a seed gives the same run.
# That is without the race detector, which has seen them on memory and would take ten
# times as long.
.PHONY: test
test: ## Vet, run every test, and the scenarios on every store
	$(VET)
	rm -rf $(SUMMARY)
	$(MAKE) unit
	$(MAKE) cover
	$(MAKE) STORE=memory TAGS= FEATURES_FLAGS='$(RACE) -run=^TestFeatures' features
	$(MAKE) STORE=memory TAGS= FEATURES_FLAGS= TIME=virtual features
	$(MAKE) STORE=messagedb TAGS= FEATURES_FLAGS=$(RACE) features
	$(MAKE) STORE=dynamodb TAGS= FEATURES_FLAGS=$(RACE) features
	$(MAKE) STORE=messagedb TAGS= FEATURES_FLAGS= REACTOR=binary features
	$(MAKE) STORE=messagedb TAGS= FEATURES_FLAGS= REACTOR=3 features
	$(MAKE) STORE=dynamodb TAGS= FEATURES_FLAGS= REACTOR=binary features
	$(MAKE) STORE=memory TAGS= FEATURES_FLAGS=$(RACE) examples
	$(MAKE) STORE=messagedb TAGS= FEATURES_FLAGS=$(RACE) examples
	$(MAKE) STORE=dynamodb TAGS= FEATURES_FLAGS=$(RACE) examples
	@$(MAKE) summary

# The packages whose tests take longest begin, so that nothing waits for them in the end.
SLOW := ./cmd/reactor ./stores/dynamodb/internal/index ./livingdoc

# How many packages are tested at once: one more than there are cores, since those that
# use real stores or other processes wait for them half of the time.
AT_ONCE = $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# The tests that the race detector would take ten times as long for, to no end: those that
# call check.Unraced, and their packages.
UNRACED = $(shell find . -name '*_test.go' -not -path './build/*' | sort | xargs awk -f internal/check/unraced.awk)

.PHONY: unit
unit: $(TOOLS)/provision ## Run every test but the scenarios
	$(WITH_ALL) $(GO) test $(RACE) -count=1 -timeout=40m -p=$(AT_ONCE) $(SLOW) $$($(GO) list -e ./... | grep -v -e '/features$$' -e '/examples/')
	$(if $(RACE),$(GO) test -count=1 $(UNRACED))

.PHONY: cover
cover: ## Fail if the tests cover less than 95 % of a package of the domain
	@$(GO) test -cover ./domain/... | awk '{ print } match($$0, /coverage: [0-9.]+%/) { n++; if (substr($$0, RSTART + 10) + 0 < 95) low = 1 } \
		END { if (n < 4 || low) { print "make: a package of the domain is covered by less than 95 %, or was not measured"; exit 1 } }'

# What has to be there before something can run on STORE.
ground = $(if $(filter memory,$(STORE)),,$(TOOLS)/provision)
known  = $(if $(filter $(STORES),$(STORE)),,$(error there is no store STORE=$(STORE); choose one of $(STORES)))

# What a run is called in the files that it leaves behind: by its store, and by
# what is unusual about it.
run_name = $(STORE)$(addprefix -,$(TIME))$(addprefix -reactor-,$(REACTOR))$(if $(FAULTS),-faults)

# The flags of a run that are the same for every project.
run_flags = -store=$(STORE) -tagged='$(TAGS)' $(addprefix -time=,$(TIME)) $(addprefix -reactor=,$(REACTOR)) \
	$(if $(FAULTS),-faults='$(FAULTS)') $(addprefix -seed=,$(SEED))

.PHONY: features
features: $(ground) ## Run the scenarios on STORE, those that TAGS selects
	$(known)
	@mkdir -p $(RUNS)
	$(with_$(STORE)) $(GO) test ./features -count=1 $(parallel_$(STORE)) $(FEATURES_FLAGS) $(run_flags) \
		-summary=$(SUMMARY)/$(run_name).txt -messages=$(RUNS)/$(run_name).ndjson -junit=$(RUNS)/$(run_name).xml

DOCS := $(CURDIR)/build/docs
# The runs that the documentation is made of. CI has a job for each.
DOCS_RUNS := memory memory-virtual messagedb dynamodb
# What readers call the stores.
DOCS_NAMES := --name=memory=Memory --name='messagedb=Message DB' --name=dynamodb=DynamoDB
# What docs passes to livingdoc besides: what this machine can make.
DOCS_FLAGS ?= $(if $(shell command -v npm),--cucumber) $(if $(shell command -v chromium),--pdf)

# A scenario that fails is shown, and only then is it a failure of make.
.PHONY: docs
docs: ## Run the scenarios on every store and write the living documentation
	rm -f $(DOCS_RUNS:%=$(RUNS)/%.ndjson)
	@mkdir -p $(RUNS)
	@git rev-parse HEAD > $(RUNS)/commit 2>/dev/null || rm -f $(RUNS)/commit
	@failed=; $(MAKE) -k docs-runs || failed=yes; \
	$(MAKE) site || exit 1; \
	test -z "$$failed" || { echo "make: a run failed; the documentation shows what did" >&2; exit 1; }

.PHONY: docs-runs
docs-runs: $(DOCS_RUNS:%=docs-run-%)

docs-run-%:
	$(MAKE) STORE=$(firstword $(subst -, ,$*)) TIME=$(word 2,$(subst -, ,$*)) TAGS= FAULTS= FEATURES_FLAGS= features

.PHONY: site
site: ## Write the living documentation of the runs that docs has made
	$(GO) run ./cmd/livingdoc $(DOCS_RUNS:%=--from=$(RUNS)/%.ndjson) --out=$(DOCS) --commit="$$(cat $(RUNS)/commit 2>/dev/null || git rev-parse HEAD 2>/dev/null)" $(DOCS_NAMES) $(DOCS_FLAGS)

.PHONY: lighthouse
lighthouse: ## Have Lighthouse look at the site, which fails for what is not perfect but speed
	LIVINGDOC_LIGHTHOUSE=yes $(GO) test ./livingdoc -count=1 -timeout=1h -v -run='^TestLighthouse$$'

.PHONY: explore
explore: ## Try SEEDS orders of goroutines and faults on memory, in virtual time
	$(GO) test ./features -count=1 -timeout=0 -v -run='^TestExplore$$' -explore=$(SEEDS) $(addprefix -seed=,$(SEED)) $(if $(FAULTS),-faults='$(FAULTS)')

# How many seeds the matrix of faults tries.
MATRIX ?= 2

# How many seeds of clerks who work side by side are tried.
CLERKS ?= 1000

# How many groups of three stays are checked out on each real store, once with 1 and once
# with 3 slots, while three reactors are paused, killed and replaced: 5,100 stays on each
# store.
TORMENTED ?= 850

# How often servers fail, are away, freeze and crash under a reactor.
OUTAGES ?= 1

# How many stays of five events a table of DynamoDB has that is adopted.
ADOPTED ?= 4000

# Where tests note what they tried, and how often.
TRIED := $(CURDIR)/build/tried.txt
untried torture matrix planted faulty night: export TRIED := $(TRIED)

.PHONY: torture
torture: untried matrix planted faulty night ## Everything that is to break it; this takes half an hour
	@$(MAKE) tried

.PHONY: untried
untried:
	@mkdir -p $(dir $(TRIED))
	@rm -f $(TRIED) $(SUMMARY)/*-faults.txt

.PHONY: tried
tried: ## List what was tried since the last torture began, and how often, as rows of docs/guarantees.md
	@awk -f internal/tried/table.awk $(TRIED) | sort
	@cat /dev/null $(wildcard $(SUMMARY)/*-faults.txt)

.PHONY: faulty
faulty: ## Clerks side by side with CLERKS seeds, and all faults on the real stores
	$(GO) test ./steps/hotel -count=1 -timeout=0 -run='ClerksAndTheReactorAtOnceInVirtualTime$$' -clerk-seeds=$(CLERKS) $(addprefix -clerk-seed=,$(SEED))
	$(MAKE) STORE=messagedb FAULTS=all TAGS= FEATURES_FLAGS= features
	$(MAKE) STORE=dynamodb FAULTS=all TAGS= FEATURES_FLAGS= features
	$(MAKE) STORE=messagedb FAULTS=all REACTOR=3 TAGS= FEATURES_FLAGS= features

OUTAGE_TESTS := AFailOverThatLost|AnErasedEvent|APausedReplica|AMissingIndexer|AnOutageOfTheStore|OnAFrozenServer|ACrashOfTheServer|QuickRestarts|SlotsAreShared|QuarantineOn

.PHONY: night
night: $(TOOLS)/provision ## Kills, pauses, deployments, fail-overs, outages and stalls under reactors and indexers, and a big table that is adopted
	$(WITH_ALL) $(GO) test ./cmd/reactor -count=1 -timeout=0 -parallel=5 -v -run='SeveralReactorsAgree|AnIndexerThatSleptDoesNoHarm' -tormented-groups=$(TORMENTED) -asleep=1m
	$(WITH_ALL) $(GO) test ./cmd/reactor -count=$(OUTAGES) -timeout=0 -parallel=6 -v -run='$(OUTAGE_TESTS)'
	$(WITH_ALL) $(GO) test ./cmd/reactor -count=1 -timeout=0 -v -run='IndexersThatAreKilled|ATableIsAdoptedWhile|TellsA(Secret|Key)' -adopted-stays=$(ADOPTED) -every-text
	$(GO) test ./stores/dynamodb/internal/index -count=1 -timeout=0 -v -run='ATableWithAPastIsAdopted$$' -past-streams=20000

.PHONY: matrix
matrix: ## Run every scenario under every kind of fault with MATRIX seeds, on memory
	$(GO) test ./features -count=1 -timeout=0 -v -run='^TestEveryScenarioHoldsUnderEveryFault$$' -matrix=$(MATRIX) $(addprefix -seed=,$(SEED)) $(if $(FAULTS),-faults='$(FAULTS)')
	@mkdir -p $(dir $(TRIED))
	@printf 'TestEveryScenarioHoldsUnderEveryFault\tmemory\tseeds of every scenario and every kind of fault\ttimes\t%s\n' '$(MATRIX)' >> $(TRIED)

.PHONY: planted
planted: ## Plant bugs, take checks away, and see that each is caught, with a message that leads to it
	$(GO) test ./planted -count=1 -timeout=60m -v -run='^TestEvery(Bug|Sabotage)IsCaught$$' -planted

# The godog command tidies go.mod before it builds, so it has to be tidy.
.PHONY: godog
godog: ## Run the scenarios on memory by the godog command, which must change nothing
	cd features && $(GO) run github.com/cucumber/godog/cmd/godog@v0.16.0 run --strict --format progress .
	git diff --exit-code -- go.mod go.sum

.PHONY: planted-faults
planted-faults: ## The same while everything else goes wrong too; this takes ten minutes
	$(GO) test ./planted -count=1 -timeout=60m -v -run='^TestEveryBugIsCaught$$' -planted -planted-faults

.PHONY: cli
cli: ## Make docs/cli.md, the help texts and the recorded screens anew
	$(GO) generate ./cmd/reactor

.PHONY: steps
steps: ## List the steps of the scenarios with their uses
	$(GO) test ./features -count=1 -v -steps

.PHONY: examples
examples: $(ground) ## Run the examples of other domains on STORE
	$(known)
	$(with_$(STORE)) $(GO) test ./examples/... -count=1 $(parallel_$(STORE)) $(FEATURES_FLAGS) $(run_flags)

# For new and rename: the path of a module. For new: the folder, and what it begins with.
MODULE  ?=
DIR     ?=
EXAMPLE ?= parcels

.PHONY: new
new: ## Make a project of your own in DIR, a module of the path MODULE, from EXAMPLE
	$(if $(and $(MODULE),$(DIR)),,$(error say what to make and where: make new MODULE=host/owner/name DIR=../name))
	@$(GO) run ./cmd/new --module='$(MODULE)' --example='$(EXAMPLE)' '$(DIR)'

.PHONY: rename
rename: ## Give this module the path MODULE, in every file that names it
	$(if $(MODULE),,$(error say the new path: make rename MODULE=host/owner/name))
	@$(GO) run ./cmd/rename '$(MODULE)'

.PHONY: summary
summary:
	@for run in $(FULL_RUNS); do \
		test -s $(SUMMARY)/$$run.txt || { echo "make: the run $$run left no $(SUMMARY)/$$run.txt: its scenarios did not run" >&2; exit 1; }; \
	done
	@echo
	@cat $(FULL_RUNS:%=$(SUMMARY)/%.txt)
	$(if $(RACE),,@echo "The race detector was off: it needs a C compiler, and there is none.")

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters (golangci-lint and actionlint, at pinned versions)
	$(GO) mod tidy -diff
	$(GOLANGCI_LINT) run ./...
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION) -shellcheck= -pyflakes=

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code
	$(GOLANGCI_LINT) fmt ./...

.PHONY: bench
bench: ## Measure appends, the feed, reactions and whole groups beside the bare stores, in ten minutes
	$(GO) run ./cmd/bench --commit "$$(git rev-parse --short HEAD)" $(BENCH_FLAGS)

.PHONY: benchmarks
benchmarks: $(TOOLS)/provision ## Run the benchmarks of packages that BENCH selects
	$(WITH_ALL) $(GO) test -run='^$$' -bench='$(BENCH)' -benchmem ./...

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf build

# Always asked for, since only Go knows whether it is up to date.
.PHONY: $(TOOLS)/provision
$(TOOLS)/provision:
	@$(GO) build -o $@ ./harness/provision/cmd/provision

$(GOLANGCI_LINT):
	@echo "building golangci-lint $(GOLANGCI_LINT_VERSION), once; this takes some minutes"
	@mkdir -p $(TOOLS)/new
	GOBIN=$(TOOLS)/new $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv $(TOOLS)/new/golangci-lint $@
