package groupcheckout_test

import (
	"os/exec"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// heavy are the modules that a project without real stores must not link, by what
// they are for.
func heavy() map[string]string {
	return map[string]string{
		"github.com/aws/":                  "DynamoDB",
		"github.com/jackc/":                "PostgreSQL",
		"github.com/testcontainers/":       "containers",
		"github.com/moby/":                 "containers",
		"github.com/docker/":               "containers",
		"github.com/fergusstrange/":        "a PostgreSQL of its own",
		"go.opentelemetry.io/":             "telemetry",
		"github.com/prometheus/":           "telemetry",
		"github.com/chromedp/":             "browsers",
		"example.com/groupcheckout/cmd/":   "programs",
		"example.com/groupcheckout/domain": "the hotel",
	}
}

// TestAProjectLinksTheStoresThatItNames lists what the harness brings into a project
// that runs on memory alone.
func TestAProjectLinksTheStoresThatItNames(t *testing.T) {
	t.Parallel()
	if found := linked(t, "./harness/run", "./stores/memory"); len(found) > 0 {
		t.Errorf("a project on memory alone links %v", found)
	}
	if found := linked(t, "./harness/messagedb", "./harness/dynamodb"); len(found) < 3 {
		t.Errorf("got only %v in what real stores link: the check does not find them any more", found)
	}
}

// linked are the heavy modules among what packages depend on.
func linked(t *testing.T, packages ...string) map[string]string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps"}, packages...)...).Output()
	check.Mustf(t, err, "list what %v depend on", packages)
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		for prefix, what := range heavy() {
			if strings.HasPrefix(line, prefix) {
				found[strings.TrimSpace(line)] = what
			}
		}
	}
	return found
}
