package deploy_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// unpacked takes an archive of a release apart and lists what is in it.
func unpacked(t testing.TB, archive, into string) (names []string) {
	t.Helper()
	file, err := os.Open(archive)
	check.Must(t, err)
	defer func() { _ = file.Close() }()
	zipped, err := gzip.NewReader(file)
	check.Must(t, err)
	for entries := tar.NewReader(zipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names
		}
		check.Must(t, err)
		if !entry.FileInfo().Mode().IsRegular() {
			continue
		}
		name := filepath.Base(entry.Name)
		names = append(names, name)
		content, err := io.ReadAll(entries)
		check.Must(t, err)
		check.Must(t, os.WriteFile(filepath.Join(into, name), content, entry.FileInfo().Mode()))
	}
}

// TestAReleaseIsWhole makes the files of a release for this system by the script that the
// workflow runs. What it adds to that, provenance and publishing, only GitHub can do.
func TestAReleaseIsWhole(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds programs anew")
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	out := filepath.Join(t.TempDir(), "release")
	release := func(version string) (string, error) {
		command := exec.CommandContext(t.Context(), filepath.Join("..", ".github", "release"), version, out)
		command.Env = append(os.Environ(), "SYSTEMS="+system)
		text, err := command.CombinedOutput()
		return string(text), err
	}
	if said, err := release("1.2"); err == nil || !strings.Contains(said, "1.2 is no version like v1.2.3") {
		t.Errorf("the version 1.2: got error %v and %q", err, said)
	}
	const version = "v0.1.2-test.1"
	if said, err := release(version); err != nil {
		if strings.Contains(said, "cyclonedx-gomod@") {
			missing(t, "what lists the parts of a program cannot be fetched: "+said)
		}
		t.Fatalf("make a release: %v\n%s", err, said)
	}
	program := "reactor-" + version + "-" + runtime.GOOS + "-" + runtime.GOARCH
	lambda := "indexer-lambda-" + version + "-linux-arm64"
	want := []string{program + ".tar.gz", program + ".cdx.json", lambda + ".tar.gz", lambda + ".cdx.json"}

	var summed []string
	for line := range strings.Lines(read(t, filepath.Join(out, "SHA256SUMS"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		summed = append(summed, name)
		if got := sha256.Sum256([]byte(read(t, filepath.Join(out, name)))); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s has another checksum than SHA256SUMS says", name)
		}
	}
	slices.Sort(want)
	if !slices.Equal(summed, want) {
		t.Errorf("got checksums of %v, want of %v", summed, want)
	}

	dir := t.TempDir()
	held := unpacked(t, filepath.Join(out, program+".tar.gz"), dir)
	for _, name := range []string{"reactor", "LICENSE", "SECURITY.md", "CHANGELOG.md", "operating.md", "reactor.service"} {
		if !slices.Contains(held, name) {
			t.Errorf("the archive of the reactor holds %v, and not %s", held, name)
		}
	}
	if said, err := run(t, filepath.Join(dir, "reactor"), "version"); err != nil || !strings.Contains(said, "reactor") {
		t.Errorf("reactor version: got error %v and %q", err, said)
	}
	if held := unpacked(t, filepath.Join(out, lambda+".tar.gz"), t.TempDir()); !slices.Equal(held, []string{"bootstrap", "indexer-lambda.yaml"}) {
		t.Errorf("the archive of the Lambda holds %v", held)
	}
	for _, name := range []string{program, lambda} {
		var list struct {
			BOMFormat  string
			Metadata   struct{ Component struct{ Version string } }
			Components []struct{ Name string }
		}
		check.Must(t, json.Unmarshal([]byte(read(t, filepath.Join(out, name+".cdx.json"))), &list))
		if list.BOMFormat != "CycloneDX" || list.Metadata.Component.Version != version || len(list.Components) < 10 {
			t.Errorf("%s: got a list of the form %q, of version %q, with %d parts", name, list.BOMFormat, list.Metadata.Component.Version, len(list.Components))
		}
	}
}
