// Package groupcheckout_test looks at the project as a whole.
package groupcheckout_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

const module = "example.com/groupcheckout/"

// allowed says which packages of the project a package may import outside its
// tests. It is the structure of the project; docs/structure.md has it in words. A
// trailing /... stands for everything below.
func allowed() map[string][]string {
	return map[string][]string{
		// The hotel.
		"domain":               {},
		"domain/gueststay":     {"domain", "es"},
		"domain/groupcheckout": {"domain", "es"},
		"domain/audit":         {"domain", "domain/...", "es"},
		"checkout":             {"domain", "domain/...", "es", "reactor", "stores", "internal/plural"},
		"checkout/demo":        {"domain", "domain/...", "es", "checkout", "reactor", "reactor/feed", "stores", "stores/intercept", "internal/pause", "internal/plural"},
		"steps":                {"domain", "domain/...", "es", "gherkin", "internal/plural", "livingdoc/evidence"},
		"steps/hotel":          {"domain", "domain/...", "es", "checkout", "harness", "reactor", "stores", "internal/plural"},
		"features":             {},

		// The kit.
		"es":                {},
		"es/aggregatetest":  {"es", "internal/check"},
		"reactor":           {"es", "reactor/feed", "internal/pause", "internal/plural"},
		"reactor/monitor":   {"es", "reactor", "reactor/feed", "internal/plural"},
		"reactor/feed":      {"es"},
		"stores":            {"es", "reactor/feed"},
		"stores/memory":     {"es", "reactor/feed", "stores"},
		"stores/messagedb":  {"es", "internal/plural", "reactor/feed", "stores", "stores/messagedb/...", "internal/pause"},
		"stores/dynamodb":   {"es", "reactor/feed", "stores", "stores/dynamodb/internal/...", "internal/pause", "internal/reach"},
		"stores/address":    {"stores", "stores/memory", "stores/messagedb", "stores/dynamodb", "internal/nearest", "internal/oneline"},
		"stores/intercept":  {"es", "reactor/feed"},
		"stores/storetest":  {"es", "reactor/feed", "internal/check", "internal/pause"},
		"gherkin":           {"internal/nearest"},
		"gherkin/suite":     {"gherkin", "internal/plural"},
		"gherkin/report":    {"gherkin", "gherkin/suite"},
		"gherkin/editors":   {"internal/fetch"},
		"harness":           {"es", "gherkin", "harness/faults", "harness/internal/history", "harness/internal/process", "internal/pause", "internal/proxy", "livingdoc/evidence", "reactor", "reactor/feed", "stores", "stores/intercept", "stores/memory", "internal/plural"},
		"harness/messagedb": {"harness", "harness/internal/gate", "harness/provision", "stores", "stores/memory", "stores/messagedb", "stores/messagedb/dsn"},
		"harness/dynamodb":  {"harness", "harness/internal/gate", "harness/provision", "stores", "stores/dynamodb"},
		"harness/run":       {"gherkin", "gherkin/...", "harness", "harness/faults", "reactor", "stores", "internal/plural"},
		"harness/faults":    {"es", "internal/nearest", "internal/pause", "reactor", "reactor/feed", "stores/intercept"},
		"harness/provision": {"harness/internal/guarded", "internal/fetch", "internal/oneline", "stores/messagedb/dsn"},
		"livingdoc":         {"livingdoc/..."},

		// Inside of the rooms.
		"stores/messagedb/dsn":                {"internal/nearest", "internal/reach"},
		"stores/dynamodb/lambda":              {"stores/dynamodb/internal/index", "stores/dynamodb/internal/table"},
		"stores/dynamodb/internal/table":      {"es", "internal/plural", "internal/pause"},
		"stores/dynamodb/internal/index":      {"es", "internal/plural", "reactor/feed", "stores/dynamodb/internal/table", "stores/dynamodb/internal/shards", "internal/pause"},
		"stores/dynamodb/internal/shards":     {"es", "reactor/feed", "stores/dynamodb/internal/table", "internal/pause"},
		"stores/dynamodb/internal/faketable":  {"es", "stores/dynamodb/internal/table"},
		"stores/dynamodb/internal/fakestream": {"es", "stores/dynamodb/internal/shards"},
		"stores/dynamodb/internal/dynamotest": {"es", "stores/dynamodb/internal/table", "harness/provision", "harness/provision/provisiontest"},
		"gherkin/internal/cck":                {"internal/fetch"},
		"gherkin/internal/selftest":           {},
		"harness/internal/gate":               {"harness/faults", "internal/proxy"},
		"harness/internal/guarded":            {},
		"harness/internal/history":            {"es", "internal/plural"},
		"harness/internal/process":            {"es", "harness/internal/guarded", "internal/fetch", "reactor", "reactor/feed", "internal/plural"},
		"harness/provision/cmd/provision":     {"harness/provision"},
		"harness/provision/provisiontest":     {"harness/provision", "internal/check"},
		"livingdoc/evidence":                  {},
		"livingdoc/internal/chart":            {},
		"livingdoc/internal/fixture":          {"gherkin", "gherkin/...", "livingdoc/evidence"},
		"livingdoc/internal/github":           {"livingdoc/internal/run"},
		"livingdoc/internal/glossary":         {},
		"livingdoc/internal/history":          {"livingdoc/internal/run"},
		"livingdoc/internal/run":              {"livingdoc/evidence"},
		"livingdoc/internal/stock":            {"internal/fetch"},
		"livingdoc/internal/timeline":         {"internal/plural", "livingdoc/evidence"},
		"internal/check":                      {},
		"internal/fetch":                      {},
		"internal/golden":                     {},
		"internal/browsertest":                {"internal/check", "internal/fetch"},
		"internal/completion":                 {},
		"deploy":                              {},
		"internal/modulepath":                 {},
		"internal/nearest":                    {},
		"internal/oneline":                    {},
		"internal/pause":                      {},
		"internal/plural":                     {},
		"internal/program":                    {"internal/terminal", "internal/version"},
		"internal/proxy":                      {},
		"internal/quickstart":                 {},
		"internal/reach":                      {},
		"internal/terminal":                   {},
		"internal/tried":                      {},
		"internal/version":                    {},

		// Programs, examples, planted bugs, and all of that as files.
		"cmd/reactor":                 {"checkout", "checkout/...", "internal/completion", "internal/nearest", "internal/oneline", "internal/pause", "internal/quickstart", "internal/terminal", "domain", "domain/...", "es", "reactor", "reactor/...", "stores", "stores/...", "internal/plural", "internal/version"},
		"cmd/indexer-lambda":          {"es", "internal/oneline", "stores/dynamodb", "stores/dynamodb/lambda"},
		"cmd/bench":                   {"checkout", "domain", "domain/...", "es", "features", "harness", "harness/provision", "harness/run", "internal/plural", "internal/program", "internal/terminal", "reactor", "reactor/feed", "stores", "stores/dynamodb", "stores/intercept", "stores/memory", "stores/messagedb", "steps", "steps/hotel"},
		"cmd/scale":                   {"internal/plural", "internal/program", "internal/terminal"},
		"cmd/livingdoc":               {"internal/program", "livingdoc"},
		"cmd/rename":                  {"internal/modulepath", "internal/program", "internal/plural"},
		"cmd/new":                     {".", "internal/modulepath", "internal/program", "internal/plural"},
		"examples/parcels":            {"es", "reactor", "stores"},
		"examples/parcels/cmd/sorter": {"examples/parcels", "reactor", "reactor/monitor", "stores/address"},
		"planted":                     {},
		".":                           {},
	}
}

// testOnly are the packages that may link the testing package.
func testOnly() []string {
	return []string{"es/aggregatetest", "stores/storetest", "stores/dynamodb/internal/dynamotest", "harness/provision/provisiontest", "gherkin/suite", "harness/run", "internal/golden", "internal/browsertest", "internal/tried"}
}

// TestImportsFollowTheStructure reads the imports of every package.
func TestImportsFollowTheStructure(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{range .Imports}}{{.}} {{end}}", "./...").Output()
	check.Mustf(t, err, "list the packages")
	seen := 0
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, ours := strings.CutPrefix(name, module)
		if !ours {
			name = "." // this package
		}
		seen++
		check.OK(t, permit(name, strings.Fields(imports)))
	}
	if seen < 10 {
		t.Errorf("only %d packages were found: the listing has changed its form:\n%s", seen, out)
	}
}

// TestImportsAreReallyChecked shows that the check can fail.
func TestImportsAreReallyChecked(t *testing.T) {
	t.Parallel()
	for name, imports := range map[string]string{
		"es":               "example.com/groupcheckout/stores/memory",
		"reactor":          "example.com/groupcheckout/domain/gueststay",
		"stores/messagedb": "example.com/groupcheckout/stores/memory",
		"steps":            "example.com/groupcheckout/stores/memory",
		"cmd/reactor":      "testing",
		"cmd/livingdoc":    "example.com/groupcheckout",
		"no/such/package":  "fmt",
	} {
		if err := permit(name, []string{imports}); err == nil {
			t.Errorf("%s imports %s: got no error, want one", name, imports)
		}
	}
	if err := permit("domain/gueststay", []string{"example.com/groupcheckout/es", "fmt"}); err != nil {
		t.Errorf("domain/gueststay imports es: got %v, want no error", err)
	}
}

func permit(name string, imports []string) error {
	rules, known := allowed()[name]
	if !known {
		return fmt.Errorf("package %s is not in the table of imports: say in imports_test.go what it may import, and in docs/structure.md what it is if it is a folder of its own", name)
	}
	for _, imported := range imports {
		if imported == "testing" && !contains(testOnly(), name) {
			return fmt.Errorf("package %s imports testing, which would be linked into the binary", name)
		}
		if imported+"/" == module {
			imported = module + "."
		}
		imported, ours := strings.CutPrefix(imported, module)
		if ours && !contains(rules, imported) {
			return fmt.Errorf("package %s imports %s, which the structure does not allow; it may import %v", name, imported, rules)
		}
	}
	return nil
}

func contains(rules []string, name string) bool {
	for _, rule := range rules {
		if below, all := strings.CutSuffix(rule, "..."); name == rule || all && strings.HasPrefix(name, below) {
			return true
		}
	}
	return false
}
