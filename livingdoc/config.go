package livingdoc

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/github"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// Config says what to make a site of. Runs, Features and Out are required.
type Config struct {
	// Runs are files of Cucumber Messages, or folders that hold some, at any
	// depth, by the name *.ndjson.
	Runs []string
	// Features is the folder of features that the runs are of. The README.md of
	// each folder in it is the prose of a chapter, and its own that of the front
	// page; there need not be any.
	Features string
	// Out is the folder to make. One that is there is replaced if it is a site.
	Out string

	// Title is that of the site. Default: that of the features' README.md, or the
	// name of their folder.
	Title string
	// Stores are what the stores are called on the pages, by their names in the
	// runs, which are the defaults.
	Stores map[string]string
	// Commit is what the runs are of, in full, where they do not say.
	Commit string
	// Glossary is a folder of Go packages. Those of its types that say so are words
	// that the site explains, besides those that a table of words in the features'
	// README.md explains. Default: domain, beside Features, if it is there. A folder that
	// is given has to be there.
	Glossary string

	// Ask is the address that a question about a rule or an example is put to, such as
	// that of a new issue; "" if there is none. It has {title} in the place of the title
	// of its page, and may have {address} in that of the page's address.
	Ask string

	// Release is what this build is released as, such as "v1.4"; "" if it is not. Later
	// sites say what has changed since the last release.
	Release string
	// Releases are the commits of releases, in full, by their names, such as those that tags have;
	// where a build is of one, it is that release, also a build of long ago. A commit that
	// was never built is passed over.
	Releases map[string]string
	// Previous is the last site, whose history and pages are carried on. Default:
	// the one that is in Out. A folder that is given has to be there.
	Previous string
	// History is a file that keeps the history too, and is read in place of the
	// last site's; "" if there is none.
	History string
	// Keep is how many sites of earlier builds are carried on. Default: 20.
	Keep int

	// PDF asks for a PDF of the sheet for print, which the Chromium on the PATH
	// makes.
	PDF bool
	// Paper is what it is printed on, A4 or Letter. Default: A4.
	Paper string
	// Cucumber asks for Cucumber's own report of each run beside the site, for
	// developers. Its files are fetched with npm at the first time.
	Cucumber bool
	// Log hears of what is fetched, of lines of the history that could not be read, and of
	// releases whose commits were never built; nil is silent.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Previous = cmp.Or(c.Previous, c.Out)
	c.Paper = cmp.Or(c.Paper, "A4")
	c.Glossary = cmp.Or(c.Glossary, filepath.Join(c.Features, "..", "domain"))
	return c
}

func (c Config) validate() error {
	switch {
	case len(c.Runs) == 0:
		return errors.New("no runs are given; name files of Cucumber Messages, or a folder that holds some")
	case c.Out == "":
		return errors.New("no folder is given to make the site in")
	case c.Paper != "" && c.Paper != "A4" && c.Paper != "Letter":
		return fmt.Errorf("there is no paper %q; it is A4 or Letter", c.Paper)
	case c.Ask != "" && !asks(c.Ask):
		return fmt.Errorf("a question cannot be put to %q; give an address that begins with https:, http: or mailto:, with {title} in it, and {address} if the page is to be named", c.Ask)
	}
	for _, given := range []struct{ name, folder string }{{"last site", c.Previous}, {"glossary", c.Glossary}} {
		if given.folder == "" {
			continue
		}
		if info, err := os.Stat(given.folder); err != nil || !info.IsDir() {
			return errors.Join(fmt.Errorf("the folder %q of the %s is not there; name one that is, or leave it out", given.folder, given.name), err)
		}
	}
	if info, err := os.Stat(c.Features); err != nil || !info.IsDir() {
		return errors.Join(fmt.Errorf("there is no folder of features %q; say where it is with --features", c.Features), err)
	}
	return nil
}

// asks tells whether an address is one that a question may be put to.
func asks(address string) bool {
	scheme, _, found := strings.Cut(address, ":")
	return found && leadsOut(scheme) && strings.Contains(address, "{title}")
}

// Report says what was made. As a string it is a line for each fault and two more,
// for whoever waits for it.
type Report struct {
	Faults   []string // what was wrong with runs as a whole, such as a failed audit, in sentences
	Stores   []string // in the order of the columns
	Rules    int
	Examples int            // rows counted one by one
	Verdicts map[string]int // how many results there are of each verdict, over all stores
	Pages    int
	Bytes    int // without Cucumber's own reports, drawings, PDF, history and the sites of earlier builds

	gitHub github.Report
}

// Summary is the summary of a job on GitHub, as Markdown, of no more than GitHub
// takes.
func (r Report) Summary() string { return github.Summary(r.gitHub) }

// Annotations are GitHub's workflow commands, a line each, that mark the failures
// at their lines in the features; "" if nothing failed.
func (r Report) Annotations() string { return github.Annotations(r.gitHub) }

func (r Report) String() string {
	var verdicts []string
	for _, v := range slices.Backward(run.Verdicts()) {
		if n := r.Verdicts[string(v)]; n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", n, v))
		}
	}
	told := ""
	for _, fault := range r.Faults {
		told += strings.TrimSpace(first(fault)+"\n"+first(rest(fault))) + "\n"
	}
	return told + fmt.Sprintf("%s with %s on %s: %s.\n%s, %d KB",
		plural(r.Rules, "rule", "rules"), plural(r.Examples, "example", "examples"), strings.Join(r.Stores, ", "), strings.Join(verdicts, ", "),
		plural(r.Pages, "page", "pages"), (r.Bytes+999)/1000)
}
