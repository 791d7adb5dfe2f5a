package planted

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"example.com/groupcheckout/internal/tried"
)

// planting is a flag, since a run takes minutes.
var planting = flag.Bool("planted", false, "plant each bug and see that it is caught") //nolint:gochecknoglobals // a flag of go test

// faulty is a flag that has faults injected where a command runs the features: they
// must not excuse a bug.
var faulty = flag.Bool("planted-faults", false, "with -planted, run the features with -faults all, -seed 1 and then others") //nolint:gochecknoglobals // a flag of go test

// fewest is how many bugs there have to be.
const fewest = 20

func TestEachPatchIsWholeAndApplies(t *testing.T) {
	t.Parallel()
	all, err := bugs()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for i, b := range all {
		want := fmt.Sprintf("%02d-", i+1)
		if numbered := b.name[0] >= '0' && b.name[0] <= '9'; numbered && !strings.HasPrefix(b.name, want) {
			t.Errorf("got the patch %s, want its name to begin with %s, or with a word for its topic", b.name, want)
		}
		copies, err := b.plant(root, t.TempDir())
		if err != nil {
			t.Error(err)
		}
		for original, patched := range copies {
			if _, err := parser.ParseFile(token.NewFileSet(), patched, nil, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s makes no Go of %s: %v", b.name, original, err)
			}
		}
		for _, f := range b.files {
			places = append(places, path.Dir(f.NewName))
		}
	}
	if len(all) < fewest {
		t.Errorf("got %d bugs, want at least %d", len(all), fewest)
	}
	for _, place := range []string{"checkout", "reactor", "es", "domain/groupcheckout", "domain/gueststay", "stores/memory", "stores/messagedb", "stores/dynamodb/internal/table"} {
		if !slices.Contains(places, place) {
			t.Errorf("got no bug in %s, want one", place)
		}
	}
}

// TestEveryBugIsCaught plants the bugs. What catches one has to be green without
// it, so each command is run once as it is.
func TestEveryBugIsCaught(t *testing.T) {
	if !*planting {
		t.Skip("it takes minutes; -planted runs it, and so does make torture")
	}
	all, err := bugs()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if *faulty {
		all = underFaults(all)
	}
	intact := t.Run("intact", func(t *testing.T) {
		seen := map[string]bool{}
		for _, b := range all {
			command := strings.Join(b.caughtBy, " ")
			if seen[command] {
				continue
			}
			seen[command] = true
			t.Run(command, func(t *testing.T) {
				t.Parallel()
				if output, passed := goTest(t, root, b.caughtBy, nil); !passed {
					t.Errorf("%s fails although no bug is planted:\n%s", command, output)
				}
			})
		}
	})
	if !intact {
		t.Fatal("a command fails already: whether it catches a bug cannot be told")
	}
	var table report
	t.Run("planted", func(t *testing.T) {
		for _, b := range all {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				copies, err := b.plant(root, t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				output, passed := goTest(t, root, b.caughtBy, copies)
				if *faulty && passed {
					output, passed = b.otherSeeds(t, root, copies)
				}
				err = b.judge(output, passed)
				table.add(b.name, strings.Join(b.caughtBy, " "), err, time.Since(began))
				if err != nil {
					t.Errorf("%s\n%s\n%v; the output of %s was:\n%s", b.what, b.harm, err, strings.Join(b.caughtBy, " "), output)
				}
			})
		}
	})
	tried.Times(t, "", "bugs planted", len(table.rows))
	t.Logf("planted bugs\n%s", table.text())
}

// underFaults has faults injected where bugs are caught by features, and leaves out the
// others. What the output then says depends on the faults.
func underFaults(all []bug) (list []bug) {
	for _, b := range all {
		if !slices.Contains(b.caughtBy, "./features") || slices.Contains(b.caughtBy, "-faults") {
			continue
		}
		b.caughtBy = append(slices.Clone(b.caughtBy), "-faults", "all", "-seed", "1")
		b.says = regexp.MustCompile("FAIL")
		list = append(list, b)
	}
	return list
}

// fewSeeds are the faults that a bug may hide from: what it does once may just then meet
// one that has it fail. A run that people make has another seed each time.
const fewSeeds = 5

// otherSeeds plants a bug under the faults of other seeds, until one catches it. It has
// to be green without the bug there too.
func (b bug) otherSeeds(t *testing.T, root string, copies map[string]string) (output string, passed bool) {
	t.Helper()
	for seed := 2; seed <= fewSeeds; seed++ {
		command := append(slices.Clone(b.caughtBy), "-seed", strconv.Itoa(seed)) // the last counts
		if output, passed = goTest(t, root, command, copies); passed {
			continue
		}
		if intact, sound := goTest(t, root, command, nil); !sound {
			t.Fatalf("%s fails although no bug is planted:\n%s", strings.Join(command, " "), intact)
		}
		return output, false
	}
	return output, true
}

// report is a table of what became of each bug. Calls may overlap.
type report struct {
	mu   sync.Mutex
	rows []string
}

func (r *report) add(name, caughtBy string, err error, took time.Duration) {
	verdict := "caught"
	if err != nil {
		verdict = "NOT CAUGHT"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, fmt.Sprintf("%s\t%s\t%5.1f s\t%s\n", name, verdict, took.Seconds(), caughtBy))
}

func (r *report) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.rows)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, strings.Join(r.rows, ""))
	_ = table.Flush() // to a builder, which takes everything
	return text.String()
}
