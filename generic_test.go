package groupcheckout_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// hotels are the folders that are about hotels, and the programs that run one and
// make one.
// Everything else is for any domain, and must hold nothing of hotels.
func hotels() []string {
	return []string{"domain", "checkout", "steps", "features", "planted", "cmd/reactor", "cmd/new", "cmd/bench", "cmd/scale", "deploy"}
}

// generic tells whether a package is for any domain.
func generic(name string) bool {
	return name != "." && !slices.ContainsFunc(hotels(), func(hotel string) bool {
		return name == hotel || strings.HasPrefix(name, hotel+"/")
	})
}

// TestWhatIsForAnyDomainImportsNoHotel looks at the table of imports, which
// TestImportsFollowTheStructure compares with the code.
func TestWhatIsForAnyDomainImportsNoHotel(t *testing.T) {
	t.Parallel()
	seen := 0
	for name, rules := range allowed() {
		if !generic(name) {
			continue
		}
		seen++
		for _, hotel := range hotels() {
			if contains(rules, hotel) || contains(rules, hotel+"/x") {
				t.Errorf("the table of imports lets %s, which is for any domain, import %s", name, hotel)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d packages are for any domain, want 20 at least: the table has changed its form", seen)
	}
}

// hotelWords are words of the front desk. A stay is told from what stays by the
// word before it, or the number behind it. The path of the module is none of
// them: it stands in every import. Nor is the name that it was born with, which
// files carry that were written by it.
var hotelWords = regexp.MustCompile(`(?i)hotel|clerk|residual|guest|front desk|receptionist|coach tour|\bcheckouts?\b|group ?checkout` +
	`|\b(an?|the|each|every|one|this|of|with|its|their) stay\b|\b(the|these|several|all|of|their) stays\b` +
	`|\b(an?|each|every|this) room\b|\brooms\b|\b(stays?|room) \d|\bcharged \d|"charged`)

// findHotels returns the lines of a source text that hold words of hotels.
func findHotels(text string) []string {
	var found []string
	text = strings.NewReplacer(strings.TrimSuffix(module, "/"), "", "groupcheckout", "").Replace(text)
	for line := range strings.Lines(text) {
		if hotelWords.MatchString(line) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// TestWhatIsForAnyDomainSpeaksOfNoHotel reads sources and comments, and whatever is
// embedded into them, without tests.
func TestWhatIsForAnyDomainSpeaksOfNoHotel(t *testing.T) {
	t.Parallel()
	seen := map[string]int{} // by extension
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		file = filepath.ToSlash(file)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || file == "build" || file == "docs" || file != "." && strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir(), strings.HasSuffix(file, "_test.go"), !generic(path.Dir(file)):
			return nil
		}
		seen[path.Ext(file)]++
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, line := range findHotels(string(text)) {
			t.Errorf("%s is for any domain, but speaks of hotels: %s", file, line)
		}
		return nil
	})
	check.Must(t, err)
	if seen[".go"] < 100 || seen[".html"] < 5 {
		t.Errorf("only %v files were read", seen)
	}
}

// TestHotelsAreFound shows that the check can fail, and what it lets pass.
func TestHotelsAreFound(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`type Clerk struct{}`, `// the stay of a guest`, `// such as "stay 101"`, `// charged 80.00`, `clerksStore()`,
		`// known as GroupCheckout-1`, `// a room with a view`, `// several stays`, `GuestStay`, `// the checkout`,
	} {
		if len(findHotels(line)) == 0 {
			t.Errorf("no hotel was found in %s", line)
		}
	}
	for _, line := range []string{
		`import "example.com/groupcheckout/es"`, `// what stays where it is, as far as there is room`, `// they stay in memory`, `// a suggestion`,
	} {
		if found := findHotels(line); len(found) > 0 {
			t.Errorf("got a hotel in %v, want none", found)
		}
	}
}
