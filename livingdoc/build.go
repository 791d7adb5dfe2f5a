package livingdoc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/html"
	"github.com/tdewolff/minify/v2/js"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/livingdoc/internal/github"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// Build makes a site. The error names the file that it is about and what to do;
// the folder is then as it was. Two calls must not make the same folder, or add to
// the same history, at the same time.
func Build(ctx context.Context, config Config) (Report, error) {
	if err := config.validate(); err != nil {
		return Report{}, err
	}
	config = config.withDefaults()
	browser := ""
	if config.PDF {
		var err error
		if browser, err = findBrowser(); err != nil {
			return Report{}, err
		}
	}
	files, err := find(config.Runs)
	if err != nil {
		return Report{}, err
	}
	t, err := load(config, files)
	if err != nil {
		return Report{}, err
	}
	reports, err := cucumber(ctx, t, files)
	if err != nil {
		return Report{}, err
	}
	r, err := newRenderer(t)
	if err != nil {
		return Report{}, err
	}
	if err := r.all(); err != nil {
		return Report{}, err
	}
	if err := shrink(r.files); err != nil {
		return Report{}, err
	}
	made := t.report(r.files)
	r.files[history.File] = r.past.text
	maps.Copy(r.files, r.drawings)
	maps.Copy(r.files, reports)
	maps.Copy(r.files, r.past.files)
	err = publish(config.Out, r.files, func(folder string) error {
		if !config.PDF {
			return nil
		}
		return printPDF(ctx, browser, folder, config.Paper)
	})
	if err != nil {
		return Report{}, err
	}
	if config.History != "" {
		if err := history.Append(config.History, t.build()); err != nil {
			return Report{}, fmt.Errorf("the site is there, but not in the history %s: %w", config.History, err)
		}
	}
	return made, nil
}

// load reads the runs, checks that they are of the features, and makes the tree of
// them.
func load(config Config, files []string) (*tree, error) {
	runs, errs := make([]*run.Run, len(files)), make([]error, len(files))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		group.Go(func() error {
			runs[i], errs[i] = run.Read(file)
			return nil // so that every file is read, and all that are wrong are told
		})
	}
	if err := errors.Join(group.Wait(), errors.Join(errs...)); err != nil {
		return nil, err
	}
	features := os.DirFS(config.Features)
	sources, err := sources(features, runs)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(sources))
	for _, r := range runs {
		r.Settle(config.Features, names)
	}
	joined, err := run.Join(runs)
	if err != nil {
		return nil, err
	}
	if err := knownStores(config.Stores, joined); err != nil {
		return nil, err
	}
	named := make(map[string]string, len(sources)) // as the runs name them, as far as they do
	folder, found := joined.Folder(names)
	for name, text := range sources {
		if found {
			named[path.Join(folder, name)] = text
		}
	}
	if paths := joined.Differing(named); len(paths) > 0 {
		err := &run.MismatchError{File: files[0], Other: "the folder " + config.Features, Paths: paths}
		return nil, fmt.Errorf("%w, or give the folder of features that the run is of", err)
	}
	return newTree(config, features, folder, joined)
}

// knownStores returns an error if a name is given to a store that no run is on.
func knownStores(names map[string]string, joined *run.Joined) error {
	var stores []string
	for _, info := range joined.Runs {
		stores = append(stores, info.Store)
	}
	for _, store := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(stores, store) {
			return fmt.Errorf("the name %q is for %q, which no run is on; the runs are on %s", names[store], store, conjoin(stores))
		}
	}
	return nil
}

// find lists the files of runs, those in folders in the order of their paths.
func find(runs []string) ([]string, error) {
	var files []string
	for _, given := range runs {
		info, err := os.Stat(given)
		if err != nil {
			return nil, fmt.Errorf("find the runs: %w", err)
		}
		if !info.IsDir() {
			files = append(files, given)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(given, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(name, ".ndjson") {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find the runs: %w", err)
		}
		if len(files) == before {
			return nil, fmt.Errorf("the folder %s holds no run, by the name *.ndjson; run the features with -messages FILE first", given)
		}
	}
	return files, nil
}

// sources reads the features of a folder, by their paths in it: those in Gherkin, and
// in Markdown those that the runs have, since not every Cucumber reads it.
func sources(features fs.FS, runs []*run.Run) (map[string]string, error) {
	known := map[string]bool{} // the names of files of the runs, without folders
	for _, r := range runs {
		for _, name := range r.Names() {
			known[path.Base(name)] = true
		}
	}
	made := map[string]string{}
	err := fs.WalkDir(features, ".", func(name string, entry fs.DirEntry, err error) error {
		inMarkdown := strings.HasSuffix(name, ".feature.md") && known[path.Base(name)]
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".feature") && !inMarkdown {
			return err
		}
		made[name], err = readText(features, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the features: %w", err)
	}
	return made, nil
}

// readText reads a text of the folder of features, which has to be in UTF-8: else its
// letters would be others on the pages. A mark before it says nothing, and its lines
// end in one way.
func readText(features fs.FS, name string) (string, error) {
	content, err := fs.ReadFile(features, name)
	if err != nil {
		return "", err
	}
	text := string(content)
	if !utf8.ValidString(text) {
		line := 1 + strings.Count(text[:strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError })], "\n")
		return "", fmt.Errorf("%s:%d: the file is not in UTF-8; save it as that", name, line)
	}
	return strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n"), nil
}

// shrink takes from the files what browsers do not need.
func shrink(files map[string][]byte) error {
	m := minify.New()
	m.Add("text/html", &html.Minifier{KeepDefaultAttrVals: true})
	m.AddFunc("text/css", css.Minify)
	m.AddFunc("text/javascript", js.Minify)
	kinds := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
	names := slices.Sorted(maps.Keys(files))
	shrunk := make([][]byte, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() (err error) {
			shrunk[i], err = m.Bytes(kinds[path.Ext(name)], files[name])
			if errors.Is(err, minify.ErrNotExist) {
				shrunk[i], err = files[name], nil
			}
			if err != nil {
				err = fmt.Errorf("shrink %s: %w", name, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, name := range names {
		files[name] = shrunk[i]
	}
	return nil
}

func (t *tree) report(files map[string][]byte) Report {
	made := Report{Verdicts: map[string]int{}, gitHub: github.Report{Title: t.root.Title}}
	for _, s := range t.stores {
		made.Stores = append(made.Stores, s.Name)
		made.gitHub.Stores = append(made.gitHub.Stores, github.Store{Name: s.Name, How: s.How, Faults: s.Wrong()})
		for _, v := range s.Verdicts {
			made.Verdicts[string(v.Verdict)] += v.Count
		}
	}
	made.Faults = wrong(t.stores)
	for _, r := range t.rules() {
		made.Rules++
		for _, e := range r.Examples {
			made.Examples += len(e.Scenario.Rows)
		}
	}
	for _, c := range t.chapters() {
		for _, topic := range c.Topics {
			made.gitHub.Features = append(made.gitHub.Features, topic.Feature)
		}
	}
	for name, content := range files {
		made.Bytes += len(content)
		if strings.HasSuffix(name, ".html") {
			made.Pages++
		}
	}
	return made
}
