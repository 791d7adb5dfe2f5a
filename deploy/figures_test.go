package deploy_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/monitor"
)

var update = flag.Bool("update", false, "write the table of figures into docs/operating.md instead of comparing it") //nolint:gochecknoglobals // a flag of the test binary

// figure is what a reactor tells of itself under a name.
type figure struct{ kind, help string }

// ours are the figures that are not those of every program in Go.
var ours = regexp.MustCompile(`^(reactor|index|dynamodb)_`)

// figures are all that a reactor tells: what a running one serves on each store, and what
// only comes up once something happened.
func figures(t testing.TB) map[string]figure {
	t.Helper()
	all := map[string]figure{}
	descs := make(chan *prometheus.Desc, 100)
	monitor.NewMetrics().Describe(descs)
	close(descs)
	described := regexp.MustCompile(`fqName: "([^"]+)", help: "([^"]+)"`)
	for desc := range descs {
		found := described.FindStringSubmatch(desc.String())
		if found == nil {
			t.Fatalf("a description has another form than it had: %s", desc)
		}
		kind := "histogram"
		if strings.HasSuffix(found[1], "_total") {
			kind = "counter"
		}
		all[found[1]] = figure{kind, found[2]}
	}
	mdb := messageDB(t)
	fill(t, mdb["MDB_CONNECTION_STRING"])
	maps.Copy(all, served(t, mdb, []string{"--audit-every=1h", "mdb"}, "reactor_lag_seconds{", "reactor_audit_age_seconds "))
	server := dynamoDBServer.Require(t)
	env := map[string]string{
		"EQUINOX_DYNAMO_SERVICE_URL": server.ServiceURL, "EQUINOX_DYNAMO_ACCESS_KEY_ID": server.AccessKeyID,
		"EQUINOX_DYNAMO_SECRET_ACCESS_KEY": "any", "EQUINOX_DYNAMO_TABLE": "deploy" + strings.ReplaceAll(uuid.NewString(), "-", ""),
	}
	initialise := exec.CommandContext(provisiontest.Within(t), reactor(t), "init", "dynamo")
	initialise.Env = environment(env)
	if out, err := initialise.CombinedOutput(); err != nil {
		t.Fatalf("reactor init dynamo: %v\n%s", err, out)
	}
	fill(t, strings.Replace(env["EQUINOX_DYNAMO_SERVICE_URL"], "http://", "dynamodb+http://"+server.AccessKeyID+":any@", 1)+"/"+env["EQUINOX_DYNAMO_TABLE"])
	maps.Copy(all, served(t, env, []string{"dynamo", "--with-indexer"}, "index_spare_seconds{"))
	return all
}

// fill has something in a store that figures can be about.
func fill(t testing.TB, store string) {
	t.Helper()
	if out, err := run(t, reactor(t), "demo", "--quiet", "--groups=1", "--store="+store); err != nil {
		t.Fatalf("reactor demo: %v\n%s", err, out)
	}
}

// environment is that of this process with other stores.
func environment(env map[string]string) (all []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MDB_") && !strings.HasPrefix(variable, "EQUINOX_") {
			all = append(all, variable)
		}
	}
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}

// served runs a reactor until it serves some figures, and returns all that it serves then.
func served(t testing.TB, env map[string]string, store []string, until ...string) map[string]figure {
	t.Helper()
	args := append([]string{"run", "--processor-name=Figures", "--listen=127.0.0.1:0", "--log-format=json"}, store...)
	command := exec.CommandContext(provisiontest.Within(t), reactor(t), args...)
	command.Env = environment(env)
	stderr, err := command.StderrPipe()
	check.Must(t, err)
	check.Must(t, command.Start())
	lines := bufio.NewScanner(stderr)
	address, log := "", ""
	for address == "" && lines.Scan() {
		log += lines.Text() + "\n"
		address, _ = addressIn(lines.Text())
	}
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(stderr) // it ends with the process
		rest <- string(text)
	}()
	defer func() {
		_ = command.Process.Kill() // it may have ended
		log += <-rest
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("reactor %s wrote:\n%s", strings.Join(args, " "), log)
		}
	}()
	if address == "" {
		t.Fatal(errNoAddress)
	}
	var page string
	for _, begins := range until {
		provisiontest.Eventually(t, "the reactor serves "+begins, func() bool {
			page = get(t, "http://"+address+"/metrics")
			return strings.Contains(page, "\n"+begins)
		})
	}
	found := map[string]figure{}
	for _, help := range regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$`).FindAllStringSubmatch(page, -1) {
		found[help[1]] = figure{help[3], help[2]}
	}
	return found
}

func get(t testing.TB, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(provisiontest.Within(t), http.MethodGet, url, http.NoBody)
	check.Must(t, err)
	response, err := http.DefaultClient.Do(request)
	check.Must(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	check.Must(t, err)
	return string(body)
}

const (
	tableBegins = "<!-- figures: go test ./deploy -run Figures -update writes them -->\n"
	tableEnds   = "<!-- end of figures -->\n"
)

// TestFiguresAreThere compares what a reactor really serves with what alerts and dashboard
// ask for, which shows each figure of ours, and with the table for people.
func TestFiguresAreThere(t *testing.T) {
	t.Parallel()
	all := figures(t)
	known := func(name string) bool {
		_, plain := all[name]
		_, histogram := all[strings.TrimSuffix(name, "_bucket")]
		return plain || histogram || name == "up"
	}
	shown := askedByDashboard(t)
	for name := range all {
		if ours.MatchString(name) && !slices.Contains(shown, name) && !slices.Contains(shown, name+"_bucket") {
			t.Errorf("no panel of the dashboard shows %s", name)
		}
	}
	for name, asked := range map[string][]string{"alerts.yml": askedByAlerts(t), "reactor.json": shown} {
		if len(asked) < 15 {
			t.Errorf("%s asks for %d figures only: %v", name, len(asked), asked)
		}
		for _, figure := range asked {
			if !known(figure) {
				t.Errorf("%s asks for %s, which no reactor tells", name, figure)
			}
		}
	}
	if known("reactor_no_such_figure") {
		t.Error("a figure that there is not is known")
	}

	var table strings.Builder
	table.WriteString("| figure | kind | what it is |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if ours.MatchString(name) {
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", name, all[name].kind, all[name].help)
		}
	}
	doc := read(t, "../docs/operating.md")
	before, rest, begins := strings.Cut(doc, tableBegins)
	written, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("docs/operating.md has no place for the figures: %s and %s", tableBegins, tableEnds)
	}
	if *update {
		if err := os.WriteFile("../docs/operating.md", []byte(before+tableBegins+table.String()+tableEnds+after), 0o644); err != nil { //nolint:gosec // as it is
			t.Fatal(err)
		}
		return
	}
	if want := table.String(); written != want {
		t.Errorf("the figures in docs/operating.md are others than those that a reactor tells; go test ./deploy -run Figures -update writes them. Want:\n%s", want)
	}
}

// names are the figures in expressions of PromQL. Numbers, functions and labels have other
// forms.
func names(expressions ...string) []string {
	found := map[string]bool{}
	for _, expression := range expressions {
		expression = regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(expression, "{}")
		for _, name := range regexp.MustCompile(`\b(?:(?:reactor|index|dynamodb|process|go)_\w+|up)\b`).FindAllString(expression, -1) {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// rules is what the tests look at in alerts.yml.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

func askedByAlerts(t testing.TB) []string {
	t.Helper()
	var expressions []string
	for _, group := range parsed[rules](t, "prometheus/alerts.yml").Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
		}
	}
	return names(expressions...)
}

func askedByDashboard(t testing.TB) []string {
	t.Helper()
	dashboard := parsed[struct {
		Panels []struct {
			ID      int
			Targets []struct{ Expr string }
		}
	}](t, "grafana/dashboards/reactor.json")
	var expressions []string
	seen := map[int]bool{}
	for _, panel := range dashboard.Panels {
		if seen[panel.ID] {
			t.Errorf("the dashboard has two panels with the id %d", panel.ID)
		}
		seen[panel.ID] = true
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	return names(expressions...)
}

// TestEachAlertHasItsPlace wants a heading of its own in docs/operating.md for each alert,
// and a test of it.
func TestEachAlertHasItsPlace(t *testing.T) {
	t.Parallel()
	doc, tests := read(t, "../docs/operating.md"), read(t, "prometheus/alerts_test.yml")
	alerts := 0
	for _, group := range parsed[rules](t, "prometheus/alerts.yml").Groups {
		for _, rule := range group.Rules {
			alerts++
			if want := "docs/operating.md#" + strings.ToLower(rule.Alert); rule.Annotations["runbook"] != want {
				t.Errorf("%s: got the runbook %q, want %q", rule.Alert, rule.Annotations["runbook"], want)
			}
			if !strings.Contains(doc, "\n#### "+rule.Alert+"\n") {
				t.Errorf("docs/operating.md does not say, under a heading #### %s, what to do", rule.Alert)
			}
			if severity := rule.Labels["severity"]; severity != "page" && severity != "look" {
				t.Errorf("%s: got the severity %q, want page or look", rule.Alert, severity)
			}
			if !strings.Contains(tests, "alertname: "+rule.Alert+"\n") {
				t.Errorf("alerts_test.yml does not make %s fire", rule.Alert)
			}
		}
	}
	if headings := strings.Count(doc, "\n#### "); headings != alerts {
		t.Errorf("docs/operating.md explains %d alerts, and alerts.yml has %d", headings, alerts)
	}
}

// TestPrometheusTakesConfigurationAndAlerts runs Prometheus' own tool.
func TestPrometheusTakesConfigurationAndAlerts(t *testing.T) {
	t.Parallel()
	promtool := tool(t, "promtool", "make build/tools/promtool")
	for _, args := range [][]string{
		{"check", "config", "--syntax-only", "prometheus/prometheus.yml"},
		{"check", "rules", "prometheus/alerts.yml"},
		{"test", "rules", "prometheus/alerts_test.yml"},
	} {
		if out, err := run(t, promtool, args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
