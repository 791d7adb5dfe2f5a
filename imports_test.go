// Package groupcheckout holds the tests that look at the project as a whole.
package groupcheckout_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

const module = "groupcheckout/"

// allowed says which packages of the project a package may import outside its
// tests. It is the structure of the project; README.md has it in words. A
// trailing /... stands for everything below.
func allowed() map[string][]string {
	return map[string][]string{
		"domain":               {},
		"domain/es":            {},
		"domain/gueststay":     {"domain", "domain/es"},
		"domain/groupcheckout": {"domain", "domain/es"},
		"domain/audit":         {"domain", "domain/es", "domain/gueststay", "domain/groupcheckout"},

		"reactor/feed":     {"domain/es"},
		"reactor":          {"domain/es", "reactor/feed"},
		"reactor/checkout": {"domain/...", "domain", "reactor"},
		"reactor/app":      {"domain/...", "domain", "reactor", "reactor/checkout", "stores"},
		"reactor/demo":     {"domain/...", "domain", "reactor", "reactor/app", "stores"},

		"stores":                                    {"domain/es", "reactor/feed", "stores/memory", "stores/messagedb", "stores/dynamodb", "stores/dynamodb/..."},
		"stores/memory":                             {"domain/es", "reactor/feed"},
		"stores/messagedb":                          {"domain/es", "reactor/feed", "stores/messagedb/dsn"},
		"stores/messagedb/dsn":                      {},
		"stores/dynamodb":                           {"domain/es", "reactor/feed", "stores/dynamodb/..."},
		"stores/dynamodb/table":                     {"domain/es"},
		"stores/dynamodb/index":                     {"domain/es", "reactor/feed", "stores/dynamodb/table", "stores/dynamodb/index/shards"},
		"stores/dynamodb/index/lambda":              {"stores/dynamodb/index", "stores/dynamodb/table"},
		"stores/dynamodb/index/shards":              {"domain/es", "reactor/feed", "stores/dynamodb/table"},
		"stores/dynamodb/index/internal/faketable":  {"domain/es", "stores/dynamodb/table"},
		"stores/dynamodb/index/internal/fakestream": {"domain/es", "stores/dynamodb/index/shards"},
		"stores/dynamodb/internal/dynamotest":       {"domain/es", "stores/dynamodb/table"},

		"stores/intercept": {"domain/es", "reactor/feed"},
		"stores/storetest": {"domain/es", "reactor/feed"},

		"steps":       {"domain", "domain/...", "harness/evidence", "harness/gherkin"},
		"steps/hotel": {"domain", "domain/...", "reactor", "reactor/app", "stores", "harness"},
		"features":    {},
		"planted":     {},

		"harness":                         {"domain/es", "reactor", "reactor/feed", "stores", "stores/...", "harness/..."},
		"harness/run":                     {"harness", "harness/...", "reactor", "stores"},
		"harness/gherkin":                 {},
		"harness/gherkin/suite":           {"harness/gherkin"},
		"harness/gherkin/messages":        {"harness/gherkin", "harness/gherkin/suite"},
		"harness/gherkin/junit":           {"harness/gherkin/suite"},
		"harness/gherkin/cck":             {},
		"harness/gherkin/selftest":        {},
		"harness/gherkin/editors":         {"harness/fetch"},
		"harness/evidence":                {},
		"harness/faults":                  {"domain/es", "reactor", "reactor/feed", "stores/intercept"},
		"harness/faults/proxy":            {},
		"harness/fetch":                   {},
		"harness/process":                 {"domain/es", "reactor", "reactor/feed", "harness/fetch", "harness/internal/guarded"},
		"harness/process/gate":            {"stores/messagedb/dsn"},
		"harness/internal/guarded":        {},
		"harness/provision":               {"harness/fetch", "harness/internal/guarded", "stores/messagedb/dsn"},
		"harness/provision/cmd/provision": {"harness/provision"},
		"harness/provision/provisiontest": {"harness/provision"},

		"harness/livingdoc":          {"harness/evidence", "harness/livingdoc/..."},
		"harness/livingdoc/github":   {"harness/livingdoc/history"},
		"harness/livingdoc/history":  {},
		"harness/livingdoc/run":      {"harness/evidence"},
		"harness/livingdoc/stock":    {"harness/fetch"},
		"harness/livingdoc/timeline": {"harness/evidence"},
		"harness/livingdoc/fixture":  {"harness/evidence", "harness/gherkin", "harness/gherkin/messages", "harness/gherkin/suite"},
		"harness/livingdoc/glossary": {},

		"cmd/livingdoc":    {"harness/livingdoc", "harness/livingdoc/..."},
		"examples/parcels": {"domain/es", "reactor", "stores"},

		"cmd/reactor":        {"domain", "domain/...", "reactor", "reactor/...", "stores", "stores/..."},
		"cmd/indexer-lambda": {"stores", "stores/dynamodb", "stores/dynamodb/..."},
	}
}

// testOnly are the packages that may link the testing package.
func testOnly() []string {
	return []string{"stores/storetest", "stores/dynamodb/internal/dynamotest", "harness/provision/provisiontest", "harness/gherkin/suite", "harness/run"}
}

// TestImportsFollowTheStructure reads the imports of every package.
func TestImportsFollowTheStructure(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{range .Imports}}{{.}} {{end}}", "./...").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, ours := strings.CutPrefix(name, module)
		if !ours {
			continue // this package, which has only tests
		}
		seen++
		if err := check(name, strings.Fields(imports)); err != nil {
			t.Error(err)
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were found: the listing has changed its form:\n%s", seen, out)
	}
}

// TestImportsAreReallyChecked shows that the check can fail.
func TestImportsAreReallyChecked(t *testing.T) {
	t.Parallel()
	for name, imports := range map[string]string{
		"domain/es":        "groupcheckout/stores/memory",
		"reactor":          "groupcheckout/domain/gueststay",
		"stores/messagedb": "groupcheckout/stores/memory",
		"steps":            "groupcheckout/stores/memory",
		"cmd/reactor":      "testing",
		"no/such/package":  "fmt",
	} {
		if err := check(name, []string{imports}); err == nil {
			t.Errorf("%s imports %s: got no error, want one", name, imports)
		}
	}
	if err := check("domain/gueststay", []string{"groupcheckout/domain/es", "fmt"}); err != nil {
		t.Errorf("domain/gueststay imports domain/es: got %v, want no error", err)
	}
}

func check(name string, imports []string) error {
	rules, known := allowed()[name]
	if !known {
		return fmt.Errorf("package %s is not in the table of imports: say in imports_test.go and README.md what it may import", name)
	}
	for _, imported := range imports {
		if imported == "testing" && !contains(testOnly(), name) {
			return fmt.Errorf("package %s imports testing, which would be linked into the binary", name)
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
