// Package deploy_test holds what is in this folder to the program that it deploys, and
// docs/operating.md to both: flags, variables, figures, alerts.
package deploy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// The servers of all tests, and the program that is deployed. Each is made for the first
// that asks.
//
//nolint:gochecknoglobals // they take seconds
var (
	messageDBServer = provisiontest.MessageDB()
	dynamoDBServer  = provisiontest.DynamoDB()
	built           = sync.OnceValues(build)
	scratch         string // of the whole run
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "deploy"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	return provisiontest.Main(m, messageDBServer, dynamoDBServer)
}

// build makes the program as the Dockerfile does.
func build() (program string, err error) {
	program = filepath.Join(scratch, "reactor")
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-o", program, "./cmd/reactor")
	command.Dir, command.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the reactor: %w\n%s", err, out)
	}
	return program, nil
}

func reactor(t testing.TB) string {
	t.Helper()
	program, err := built()
	check.Must(t, err)
	return program
}

// run runs a program to its end.
func run(t testing.TB, program string, args ...string) (out string, err error) {
	t.Helper()
	text, err := exec.CommandContext(provisiontest.Within(t), program, args...).CombinedOutput()
	return string(text), err
}

// tool finds a program that only some machines have. Where DEPLOY_NO_SKIP is set, as in
// CI, a test fails without it.
func tool(t testing.TB, name, how string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		if own, err := filepath.Abs(filepath.Join("..", "build", "tools", name)); err == nil {
			if _, err := os.Stat(own); err == nil {
				return own
			}
		}
		missing(t, fmt.Sprintf("%s is not here (%s)", name, how))
	}
	return program
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("DEPLOY_NO_SKIP") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	check.Must(t, err)
	return string(text)
}

// parsed reads a document of YAML or JSON.
func parsed[T any](t testing.TB, name string) (document T) {
	t.Helper()
	check.Mustf(t, yaml.Unmarshal([]byte(read(t, name)), &document), "%s", name)
	return document
}

// service is what the tests look at in a service of compose.yaml.
type service struct {
	Image       string
	Profiles    []string
	Command     []string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	Grace       string `yaml:"stop_grace_period"`
}

func services(t testing.TB) map[string]service {
	t.Helper()
	return parsed[struct{ Services map[string]service }](t, "compose.yaml").Services
}

// container is what the tests look at in the Deployment of kubernetes.yaml.
type deployment struct {
	Spec struct {
		Template struct {
			Spec struct {
				Grace      int `yaml:"terminationGracePeriodSeconds"`
				Containers []struct {
					Args      []string
					Env       []struct{ Name, Value string }
					Resources struct{ Limits struct{ Memory string } }
				}
			}
		}
	}
}

// unit is the value of a key in the systemd unit.
func unit(t testing.TB, key string) string {
	t.Helper()
	_, value, found := strings.Cut(read(t, "reactor.service"), "\n"+key+"=")
	if !found {
		t.Fatalf("reactor.service has no %s", key)
	}
	value, _, _ = strings.Cut(value, "\n")
	return value
}

// commandLines are those of the reactor, by where they stand.
func commandLines(t testing.TB) map[string][]string {
	t.Helper()
	lines := map[string][]string{"reactor.service": strings.Fields(unit(t, "ExecStart"))[1:]}
	for name, s := range services(t) {
		if strings.Contains(s.Image, "hotel/reactor") {
			lines["compose.yaml, "+name] = s.Command
		}
	}
	for i, c := range parsed[deployment](t, "kubernetes.yaml").Spec.Template.Spec.Containers {
		lines[fmt.Sprint("kubernetes.yaml, container ", i)] = c.Args
	}
	for _, doc := range []string{"README.md", "../docs/operating.md", "../docs/dynamodb.md", "../SECURITY.md"} {
		for i, line := range shellLines(read(t, doc)) {
			// By itself, or in a container: … exec SERVICE /reactor …, or run … reactor run …
			if command := regexp.MustCompile(`^(?:docker .* /?)?reactor (.*)$`).FindStringSubmatch(line); command != nil {
				lines[fmt.Sprintf("%s, command %d", doc, i)] = words(command[1])
			}
		}
	}
	return lines
}

// shellLines are the lines of a document that a person is to type.
func shellLines(doc string) (lines []string) {
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(strings.ReplaceAll(doc, "\n   ", "\n"), -1) {
		for line := range strings.Lines(regexp.MustCompile(`\\\n\s*`).ReplaceAllString(block[1], " ")) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// words splits a line as a shell does, as far as these documents go.
func words(line string) (split []string) {
	line, _, _ = strings.Cut(line, " #")
	for _, word := range regexp.MustCompile(`(?:[^\s"']|"[^"]*"|'[^']*')+`).FindAllString(line, -1) {
		split = append(split, strings.NewReplacer(`"`, "", `'`, "").Replace(word))
	}
	return split
}

func TestEveryCommandLineIsOneThatTheProgramTakes(t *testing.T) {
	t.Parallel()
	program := reactor(t)
	lines := commandLines(t)
	if len(lines) < 20 {
		t.Errorf("got only %d command lines, want those of all files", len(lines))
	}
	for where, line := range lines {
		// Flags are looked at before help is given, and what a word stands for is not.
		if out, err := run(t, program, append(slices.Clone(line), "--help")...); err != nil {
			t.Errorf("%s: reactor %s: %v\n%s", where, strings.Join(line, " "), err, out)
		}
	}
	if out, err := run(t, program, "run", "-g", "x", "--no-such-flag", "mdb", "--help"); err == nil {
		t.Errorf("a flag that there is not: got no error, and %s", out)
	}
}

// commands are those that have flags and variables of their own.
func commands() [][]string {
	return [][]string{{"run", "mdb"}, {"run", "dynamo"}, {"audit", "mdb"}, {"index", "dynamo"}, {"init", "mdb"}, {"init", "dynamo"}}
}

func TestEveryVariableIsOneThatTheProgramReads(t *testing.T) {
	t.Parallel()
	known := ""
	for _, command := range commands() {
		out, err := run(t, reactor(t), append(command, "--help")...)
		check.Must(t, err)
		known += out
	}
	known += read(t, "../cmd/indexer-lambda/main.go")
	// What Docker, Go and Grafana read, and not the reactor.
	others := []string{"MDB_IMAGE"}
	used := 0
	for _, name := range []string{"compose.yaml", "kubernetes.yaml", "reactor.service", "indexer-lambda.yaml", "README.md", "../docs/operating.md"} {
		for _, variable := range regexp.MustCompile(`\b(MDB|EQUINOX)_[A-Z_]+`).FindAllString(read(t, name), -1) {
			used++
			if !strings.Contains(known, variable) && !slices.Contains(others, variable) {
				t.Errorf("%s: nothing reads the variable %s", name, variable)
			}
		}
	}
	if used < 15 {
		t.Errorf("got only %d uses of variables, want those of all files", used)
	}
}

// TestWhoeverKillsWaitsForTheStop compares the graces with the default of --stop-limit.
func TestWhoeverKillsWaitsForTheStop(t *testing.T) {
	t.Parallel()
	out, err := run(t, reactor(t), "run", "mdb", "--help")
	check.Must(t, err)
	found := regexp.MustCompile(`(?s)--stop-limit=TIME.*?Default\s+(\w+)\.`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("the help does not tell the default of --stop-limit:\n%s", out)
	}
	limit := duration(t, found[1])
	graces := map[string]time.Duration{
		"reactor.service": duration(t, unit(t, "TimeoutStopSec")),
		"kubernetes.yaml": time.Duration(parsed[deployment](t, "kubernetes.yaml").Spec.Template.Spec.Grace) * time.Second,
	}
	for name, s := range services(t) {
		if len(s.Command) > 0 && s.Command[0] == "run" {
			graces["compose.yaml, "+name] = duration(t, s.Grace)
		}
	}
	if len(graces) != 4 {
		t.Errorf("got the graces %v, want those of two services in compose.yaml besides", graces)
	}
	for where, grace := range graces {
		if grace < limit+3*time.Second {
			t.Errorf("%s: a stop may take %v, and the reactor takes up to %v", where, grace, limit)
		}
	}
}

// TestAPodHasRoomForWhatTheEngineKeeps: one that is killed for want of memory whenever much
// waits would never get through it.
func TestAPodHasRoomForWhatTheEngineKeeps(t *testing.T) {
	t.Parallel()
	out, err := run(t, reactor(t), "run", "mdb", "--help")
	check.Must(t, err)
	keeps := 0
	for _, flag := range []string{"max-held-bytes", "cache-bytes"} {
		found := regexp.MustCompile(`(?s)--` + flag + `=BYTES.*?Default\s+(\w+)\.`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("the help does not tell the default of --%s:\n%s", flag, out)
		}
		keeps += mebibytes(t, strings.TrimSuffix(found[1], "B"))
	}
	for i, c := range parsed[deployment](t, "kubernetes.yaml").Spec.Template.Spec.Containers {
		at := slices.IndexFunc(c.Env, func(e struct{ Name, Value string }) bool { return e.Name == "GOMEMLIMIT" })
		if at < 0 {
			t.Fatalf("container %d: its collector does not know its limit", i)
		}
		collects, limit := mebibytes(t, strings.TrimSuffix(c.Env[at].Value, "B")), mebibytes(t, c.Resources.Limits.Memory)
		if collects < keeps*5/4 || limit < collects*5/4 {
			t.Errorf("container %d: got a limit of %d MiB, and %d for the collector; what is kept takes up to %d", i, limit, collects, keeps)
		}
	}
}

// mebibytes reads a number of them, as 128Mi.
func mebibytes(t testing.TB, text string) int {
	t.Helper()
	number, ok := strings.CutSuffix(text, "Mi")
	n, err := strconv.Atoi(number)
	if err != nil || !ok {
		t.Fatalf("%q is not a number of Mi", text)
	}
	return n
}

func duration(t testing.TB, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	check.Must(t, err)
	return d
}

func TestComposeListensOnThisMachineAloneAndMountsWhatIsThere(t *testing.T) {
	t.Parallel()
	ports := 0
	for name, s := range services(t) {
		if len(s.Profiles) == 0 {
			t.Errorf("%s is in no profile, so it would come up with either", name)
		}
		for _, port := range s.Ports {
			ports++
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: the port %s is open to others", name, port)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			check.OKf(t, check.Error(os.Stat(from)), "%s", name)
		}
		if !strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest") {
			t.Errorf("%s: the image %s has no version", name, s.Image)
		}
	}
	if ports < 6 {
		t.Errorf("got only %d ports, want those of all services", ports)
	}
}

// TestComposeTakesTheFile asks Docker's own program, of either generation.
func TestComposeTakesTheFile(t *testing.T) {
	t.Parallel()
	compose := []string{"docker", "compose"}
	if _, err := run(t, "docker", "compose", "version"); err != nil {
		compose = []string{tool(t, "docker-compose", "and docker has no compose")}
	}
	for _, profile := range []string{"messagedb", "dynamodb"} {
		args := append(slices.Clone(compose[1:]), "-f", "compose.yaml", "--profile", profile, "config", "--quiet")
		if out, err := run(t, compose[0], args...); err != nil {
			t.Errorf("profile %s: %v\n%s", profile, err, out)
		}
	}
}

func TestSystemdTakesTheUnit(t *testing.T) {
	t.Parallel()
	analyze := tool(t, "systemd-analyze", "it comes with systemd")
	file := filepath.Join(t.TempDir(), "reactor.service")
	text := strings.ReplaceAll(read(t, "reactor.service"), "/usr/local/bin/reactor", reactor(t)) // which is not installed
	check.Must(t, os.WriteFile(file, []byte(text), 0o600))
	if out, err := run(t, analyze, "verify", file); err != nil || strings.Contains(out, file) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestTheTemplateOfTheLambdaIsOneThatCloudFormationTakes(t *testing.T) {
	t.Parallel()
	lint := tool(t, "cfn-lint", "pip install cfn-lint==1.58.0")
	if out, err := run(t, lint, "indexer-lambda.yaml"); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}

// TestTheImageIsHealthyWhereTheReactorIs makes the last stage of the Dockerfile from a
// program that is built already, and runs it without any rights.
func TestTheImageIsHealthyWhereTheReactorIs(t *testing.T) {
	t.Parallel()
	docker := tool(t, "docker", "the image is made by it")
	if out, err := run(t, docker, "info"); err != nil {
		missing(t, fmt.Sprintf("no Docker engine answers: %v\n%s", err, out))
	}
	dir, tag := t.TempDir(), "deploy-test-"+strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	_, last, found := strings.Cut(read(t, "Dockerfile"), "\nFROM scratch\n")
	if !found {
		t.Fatal("the last stage of the Dockerfile is none from scratch")
	}
	// The port is one that is free here.
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check.Must(t, err)
	address := listener.Addr().String()
	check.Must(t, listener.Close())
	last = strings.Replace(last, `"health"]`, `"health", "--url", "http://`+address+`/healthz"]`, 1)
	last = "FROM scratch\n" + regexp.MustCompile(`--from=build \S*/(\S+) `).ReplaceAllString(last, "$1 ")
	program, err := os.ReadFile(reactor(t))
	check.Must(t, err)
	for name, content := range map[string][]byte{"Dockerfile": []byte(last), "reactor": program, "ca-certificates.crt": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o755); err != nil { //nolint:gosec // one of them is a program
			t.Fatal(err)
		}
	}
	if out, err := run(t, docker, "build", "-q", "-t", tag, dir); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	env := messageDB(t)
	id, err := run(t, docker, "run", "-d", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host",
		"--health-interval=1s", "-e", "MDB_CONNECTION_STRING="+env["MDB_CONNECTION_STRING"], "-e", "MDB_SCHEMA="+env["MDB_SCHEMA"], tag,
		"run", "--processor-name=Image", "--listen="+address, "mdb")
	id = strings.TrimSpace(id)
	if err != nil {
		t.Fatalf("docker run: %v\n%s", err, id)
	}
	t.Cleanup(func() {
		for _, args := range [][]string{{"rm", "-f", id}, {"rmi", "-f", tag}} {
			if out, err := exec.Command(docker, args...).CombinedOutput(); err != nil {
				t.Errorf("docker %s: %v\n%s", args[0], err, out)
			}
		}
	})
	inspect := func(format string) string {
		out, err := run(t, docker, "inspect", "--format", format, id)
		if err != nil {
			t.Fatalf("docker inspect: %v\n%s", err, out)
		}
		return strings.TrimSpace(out)
	}
	provisiontest.Eventually(t, "the container is healthy", func() bool {
		switch state := inspect("{{.State.Status}}"); state {
		case "running":
			return inspect("{{.State.Health.Status}}") == "healthy"
		default:
			out, _ := run(t, docker, "logs", id)
			t.Fatalf("the container is %s:\n%s", state, out)
			return false
		}
	})
	if user := inspect("{{.Config.User}}"); user == "" || strings.HasPrefix(user, "0") {
		t.Errorf("got the user %q, want one without rights", user)
	}
	if out, err := run(t, docker, "stop", "--time=30", id); err != nil {
		t.Fatalf("docker stop: %v\n%s", err, out)
	}
	check.Equal(t, "exit status of a stop", "0", inspect("{{.State.ExitCode}}"))
}

// messageDB is a database of the test's own, with its checkpoint table, as variables.
func messageDB(t testing.TB) map[string]string {
	t.Helper()
	database, err := messageDBServer.Require(t).NewDatabase(provisiontest.Within(t))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { check.OKf(t, database.Close(), "drop the database of the test") })
	if out, err := run(t, reactor(t), "init", "mdb", "-c", database.AdminConnectionString, "-cs", "checkouts"); err != nil {
		t.Fatalf("reactor init mdb: %v\n%s", err, out)
	}
	return map[string]string{"MDB_CONNECTION_STRING": database.AdminConnectionString, "MDB_SCHEMA": "checkouts"}
}

var errNoAddress = errors.New("the log does not tell the address of the page")

// addressIn is where a reactor serves its page, by its log in JSON.
func addressIn(line string) (string, error) {
	var logged struct{ Msg, Address string }
	if err := json.Unmarshal([]byte(line), &logged); err != nil || logged.Msg != "serving the status page" {
		return "", errNoAddress
	}
	return logged.Address, nil
}

// A store that is down is no reason to end every pod at once.
func TestNoPodIsRestartedWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	manifest := read(t, "kubernetes.yaml")
	if regexp.MustCompile(`(?m)^\s*livenessProbe:`).MatchString(manifest) || !strings.Contains(manifest, "readinessProbe:") {
		t.Error("kubernetes.yaml: want a readiness probe and no liveness probe, which would ask /healthz or nothing of use")
	}
}
