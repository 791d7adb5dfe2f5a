package livingdoc_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"example.com/groupcheckout/internal/browsertest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc"
)

// limit is the most that the pages of a site may have, in bytes, without pictures.
const limit = 1_000_000

// differ is what it takes to show where real stores differ from each other: what
// is recorded on memory only is the same on each.
const differ = 25_000

// shared is a folder that several tests read, and the first of them makes.
type shared struct {
	once sync.Once
	path string // empty until the folder has been made
}

// all is the folder of what tests share, and the browser of all of them.
var (
	all     string             //nolint:gochecknoglobals // go test offers no other way to hand something from TestMain to a test
	browser browsertest.Shared //nolint:gochecknoglobals // the same
)

// folder returns the folder, which fill makes when it is first asked for. If that fails, so
// do all who ask.
func (s *shared) folder(t *testing.T, fill func(folder string)) string {
	t.Helper()
	s.once.Do(func() {
		folder, err := os.MkdirTemp(all, "") //nolint:usetesting // other tests read it too
		check.Must(t, err)
		folder = filepath.Join(folder, "site")
		fill(folder)
		s.path = folder
	})
	if s.path == "" {
		t.Fatal("another test could not make what this one needs")
	}
	return s.path
}

func TestMain(m *testing.M) {
	var err error
	if all, err = os.MkdirTemp("", "livingdoc-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	browser.Close()
	_ = os.RemoveAll(all) // whatever is left is in the folder for temporary files
	os.Exit(status)
}

// The runs of the project's own features on memory, three times, as if they had been on
// three stores, and the site of them.
var realRecorded, realBuilt shared //nolint:gochecknoglobals // made once for all tests, which only read them

func realRuns(t *testing.T) []string {
	t.Helper()
	folder := realRecorded.folder(t, func(folder string) {
		check.Must(t, os.Mkdir(folder, 0o700))
		check.Must(t, recordReal(folder))
	})
	return []string{folder}
}

// record runs the features of a package of this project on memory, and leaves the
// run in a file.
func record(pkg, file string) error {
	out, err := exec.Command("go", "test", "example.com/groupcheckout/"+pkg, "-count=1", "-run=^TestFeatures$", "-messages="+file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run the features: %w\n%s", err, out)
	}
	return nil
}

func recordReal(folder string) error {
	first := filepath.Join(folder, "memory.ndjson")
	if err := record("features", first); err != nil {
		return err
	}
	text, err := os.ReadFile(first)
	if err != nil {
		return err
	}
	for _, store := range []string{"messagedb", "dynamodb"} {
		renamed := strings.NewReplacer(`"harness on memory"`, `"harness on `+store+`"`, `\"store\":\"memory\"`, `\"store\":\"`+store+`\"`)
		if err := os.WriteFile(filepath.Join(folder, store+".ndjson"), []byte(renamed.Replace(string(text))), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// realSite is the site of the project's own features.
func realSite(t *testing.T) string {
	t.Helper()
	return realBuilt.folder(t, func(folder string) { buildReal(t, folder, "0") })
}

func buildReal(t *testing.T, folder, commit string) livingdoc.Report {
	t.Helper()
	report, err := livingdoc.Build(t.Context(), livingdoc.Config{
		Runs: realRuns(t), Features: "../features", Out: folder, Commit: strings.Repeat(commit, 40),
		Stores: map[string]string{"memory": "Memory", "messagedb": "Message DB", "dynamodb": "DynamoDB"},
	})
	check.Must(t, err)
	return report
}

// drawing is a picture in a page.
var drawing = regexp.MustCompile(`(?s)<svg.*?</svg>`)

// TestTheRealSiteIsSmall, also with a history.
func TestTheRealSiteIsSmall(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "site")
	check.Must(t, os.CopyFS(folder, os.DirFS(realSite(t))))
	report := buildReal(t, folder, "1")
	if report.Examples < 100 || len(report.Stores) != 3 {
		t.Errorf("got %d examples on %d stores, want those of the hotel on three", report.Examples, len(report.Stores))
	}
	pictures := 0
	for name, text := range files(t, folder) {
		if !strings.HasPrefix(name, "builds/") {
			pictures += len(strings.Join(drawing.FindAllString(text, -1), ""))
		}
	}
	size := report.Bytes - pictures
	t.Logf("%d bytes in %d pages, and %d in pictures", size, report.Pages, pictures)
	if size > limit-differ || pictures == 0 {
		t.Errorf("the site has %d bytes in %d pages, want at most %d, and %d in pictures", size, report.Pages, limit-differ, pictures)
	}
}

// TestAFolderOfFeaturesWithoutProse is what the example of the kit has: features at
// the top of a folder, with the code beside them, and no README.md.
func TestAFolderOfFeaturesWithoutProse(t *testing.T) {
	t.Parallel()
	runs := t.TempDir()
	check.Must(t, record("examples/parcels", filepath.Join(runs, "memory.ndjson")))
	pages := build(t, livingdoc.Config{Runs: []string{runs}, Features: "../examples/parcels", Out: filepath.Join(t.TempDir(), "site")})
	for name, want := range map[string]string{
		"index.html":       "<h1>Parcels</h1>",
		"rules/index.html": "<h2 id=sorting>Sorting <a class=anchor href=#sorting",
		"rules/sorting/a-chute-takes-as-many-parcels-as-it-has-room-for.html": "<code class=dev>examples/parcels/sorting.feature:",
		"rules/sorting/the-fourth-parcel-for-destination.html":                "<h2>What happened</h2>",
	} {
		contains(t, name, pages[name], want)
	}
	if _, there := pages["words.html"]; there {
		t.Error("the hotel's words are explained on the site of the parcels")
	}
	followLinks(t, pages)
}
