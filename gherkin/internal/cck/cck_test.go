package cck

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/fetch"
)

// unsupported names the samples that do not match, with the reason.
func unsupported() map[string]string {
	return map[string]string{
		"empty":    "a scenario without steps proves nothing and fails here; to the kit it is a success",
		"markdown": "the Go parser of Gherkin reads no Markdown",
	}
}

// The score that this project claims.
const (
	samplesInKit = 46
	samplesExact = 44
)

// Set for the process that runs the samples, since most of them go red.
const (
	kitEnv    = "CCK_KIT"    // the folder of the samples
	outputEnv = "CCK_OUTPUT" // the folder for their messages
)

func TestCompatibilityKit(t *testing.T) {
	t.Parallel()
	kit, out := kit(t), t.TempDir()
	schema, err := Schema(t.Context())
	check.Must(t, err)
	folders := folders(t, kit)
	if diff := cmp.Diff(folders, slices.Sorted(maps.Keys(samples()))); diff != "" {
		t.Fatalf("samples of the kit that have no steps in samples() (-), and the reverse (+):\n%s", diff)
	}

	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunSamples$") //nolint:gosec // the test binary itself
	command.Env = append(os.Environ(), kitEnv+"="+kit, outputEnv+"="+out)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	_ = command.Run() // it fails, as samples do
	if text := output.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic: ") {
		t.Errorf("the run of the samples broke:\n%s", text)
	}

	exact := 0
	for _, name := range folders {
		t.Run(name, func(t *testing.T) {
			written := filepath.Join(out, name+".ndjson")
			reason, expected := unsupported()[name]
			if _, err := os.Stat(written); err != nil {
				if !expected {
					t.Fatalf("no messages were written: %v\n%s", err, output.String())
				}
				t.Logf("not supported: %s", reason)
				return
			}
			check.OK(t, Validate(schema, written))
			want, got := normal(t, filepath.Join(kit, name, name+".ndjson")), normal(t, written)
			same := slices.Equal(want, got)
			switch {
			case same && expected:
				t.Errorf("the sample matches, although the table says %q: take it out of the table", reason)
			case same:
				exact++
			case expected:
				t.Logf("not supported: %s\n%s", reason, difference(want, got))
			default:
				t.Errorf("the messages differ (-want +got):\n%s", difference(want, got))
			}
		})
	}
	t.Logf("Cucumber Compatibility Kit 30.0.0: %d of %d samples are exact", exact, len(folders))
	if len(folders) != samplesInKit || exact != samplesExact {
		t.Errorf("got %d of %d samples exact, want %d of %d", exact, len(folders), samplesExact, samplesInKit)
	}
}

// TestTheTableNamesOnlySamples guards the table against names that are no longer there.
func TestTheTableNamesOnlySamples(t *testing.T) {
	t.Parallel()
	for name, reason := range unsupported() {
		if _, known := samples()[name]; !known || strings.TrimSpace(reason) == "" {
			t.Errorf("%q is not a sample, or has no reason", name)
		}
	}
}

// TestDifferenceIsSeen shows that the comparison can fail.
func TestDifferenceIsSeen(t *testing.T) {
	t.Parallel()
	want := []string{"a", "a", "b"}
	for name, test := range map[string]struct {
		got  []string
		want string
	}{
		"one more": {[]string{"a", "a", "b", "c"}, "+ c\n"},
		"one less": {[]string{"a", "b"}, "- a\n"},
		"order":    {[]string{"b", "a", "a"}, "the same lines, in another order\n"},
	} {
		check.Equal(t, name, test.want, difference(want, test.got))
	}
}

// folders lists the samples of the kit.
func folders(t *testing.T, kit string) []string {
	t.Helper()
	entries, err := os.ReadDir(kit)
	check.Must(t, err)
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// kit returns the folder of the samples.
func kit(t *testing.T) string {
	t.Helper()
	dir, err := fetch.NPM(t.Context(), fetch.Package{
		Name: "@cucumber/compatibility-kit", Version: "30.0.0", Folder: "cucumber-compatibility-kit-30.0.0",
		SHA512: "R01Sfp3aPx1CWT9x0hUFMJ3xrAqMpSqQDbzVq3kD5fWBRkkBYmlLhM4p4BukT5MGn6BwEsf9saKT4vD7gsKATg==",
	}, nil)
	check.Must(t, err)
	return filepath.Join(dir, "features")
}
