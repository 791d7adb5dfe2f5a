package livingdoc

import (
	"errors"
	"io/fs"
	"slices"

	"example.com/groupcheckout/livingdoc/github"
	"example.com/groupcheckout/livingdoc/glossary"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// Config says what to make a site of. Runs, Features and Out are required.
type Config struct {
	// Runs are files of Cucumber Messages, or folders that hold some, at any
	// depth, by the name *.ndjson.
	Runs []string
	// Features is the folder of features that the runs are of. The README.md of
	// each folder in it is the prose of a chapter, and its own that of the front
	// page.
	Features fs.FS
	// FeaturesName is what stands before the paths of features in the runs.
	// Default: features.
	FeaturesName string
	// Out is the folder to make. One that is there is replaced if it is a site.
	Out string

	// Title is that of the site. Default: that of the features' README.md.
	Title string
	// Stores are what the stores are called on the pages, by their names in the
	// runs, which are the defaults.
	Stores map[string]string
	// Commit is what the runs are of, in full, where they do not say.
	Commit string

	// Words explain the business, besides those that a table of words in the
	// features' README.md explains.
	Words []glossary.Term

	// Previous is the last site, whose history and pages are carried on. Default:
	// the one that is in Out.
	Previous fs.FS
	// History is a file that keeps the history too, and is read in place of the
	// last site's; "" if there is none.
	History string
	// Keep is how many sites of earlier builds are carried on. Default: 20.
	Keep int

	// Print makes a PDF of a page; both are files. Nil makes none.
	Print func(page, to string) error
	// Cucumber is what [stock.Files] returns: then Cucumber's own report of each run
	// is put beside the site, for developers.
	Cucumber fs.FS
}

func (c Config) withDefaults() Config {
	if c.FeaturesName == "" {
		c.FeaturesName = "features"
	}
	return c
}

func (c Config) validate() error {
	switch {
	case len(c.Runs) == 0:
		return errors.New("no runs are given; name files of Cucumber Messages, or a folder that holds some")
	case c.Features == nil:
		return errors.New("no folder of features is given; the prose of the site is in it")
	case c.Out == "":
		return errors.New("no folder is given to make the site in")
	}
	return nil
}

// Report says what was made.
type Report struct {
	Stores   []string // in the order of the columns
	Rules    int
	Examples int            // rows counted one by one
	Verdicts map[string]int // how many results there are of each verdict, over all stores
	Pages    int
	Bytes    int // without Cucumber's own reports, PDF, history and the sites of earlier builds

	// GitHub is for the summary of a job and for annotations.
	GitHub github.Report
}

// Verdicts are those that a [Report] counts, from the one to be told first.
func Verdicts() []string {
	var made []string
	for _, v := range slices.Backward(run.Verdicts()) {
		made = append(made, string(v))
	}
	return made
}
