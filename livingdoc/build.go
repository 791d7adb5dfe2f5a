package livingdoc

import (
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

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/html"
	"github.com/tdewolff/minify/v2/js"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// Build makes a site. The error is a [*run.UnfinishedError], a
// [*run.MismatchError] or another that names the file it is about and what to
// do; the folder is then as it was.
func Build(config Config) (Report, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return Report{}, err
	}
	files, err := find(config.Runs)
	if err != nil {
		return Report{}, err
	}
	joined, err := load(config, files)
	if err != nil {
		return Report{}, err
	}
	t, err := newTree(config, joined)
	if err != nil {
		return Report{}, err
	}
	var reports map[string]string
	if config.Cucumber != nil {
		reports = reportsOf(files)
		t.link(reports)
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
	if err := r.cucumber(reports); err != nil {
		return Report{}, err
	}
	r.files[history.File] = r.past.text
	maps.Copy(r.files, r.past.files)
	if err := publish(config.Out, r.files, r.print); err != nil {
		return Report{}, err
	}
	if config.History != "" {
		if _, err := history.Append(config.History, t.build()); err != nil {
			return Report{}, fmt.Errorf("the site is there, but not in the history %s: %w", config.History, err)
		}
	}
	return made, nil
}

// printed is the name of the PDF of a site.
const printed = "print.pdf"

// print makes the PDF of a site that is about to take its place.
func (r *renderer) print(folder string) error {
	if r.tree.config.Print == nil {
		return nil
	}
	return r.tree.config.Print(filepath.Join(folder, printAddress), filepath.Join(folder, printed))
}

// load reads the runs and checks that they are of the features.
func load(config Config, files []string) (*run.Joined, error) {
	runs := make([]*run.Run, len(files))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	errs := make([]error, len(files))
	for i, file := range files {
		group.Go(func() error {
			runs[i], errs[i] = run.Read(file)
			return nil
		})
	}
	if err := errors.Join(group.Wait(), errors.Join(errs...)); err != nil {
		return nil, err
	}
	joined, err := run.Join(runs)
	if err != nil {
		return nil, err
	}
	sources, err := sources(config)
	if err != nil {
		return nil, err
	}
	if paths := joined.Differing(sources); len(paths) > 0 {
		return nil, &run.MismatchError{File: files[0], Other: "the folder " + config.FeaturesName, Paths: paths}
	}
	return joined, nil
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

// sources reads the features of the folder, by the paths that runs have.
func sources(config Config) (map[string]string, error) {
	made := map[string]string{}
	err := fs.WalkDir(config.Features, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".feature") {
			return err
		}
		content, err := fs.ReadFile(config.Features, name)
		made[path.Join(config.FeaturesName, name)] = string(content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the features: %w", err)
	}
	return made, nil
}

// shrink takes from the files what browsers do not need.
func shrink(files map[string][]byte) error {
	m := minify.New()
	m.Add("text/html", &html.Minifier{KeepDefaultAttrVals: true})
	m.AddFunc("text/css", css.Minify)
	m.AddFunc("text/javascript", js.Minify)
	kinds := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
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
	made := Report{Verdicts: map[string]int{}, GitHub: t.gitHub()}
	for _, s := range t.stores {
		made.Stores = append(made.Stores, s.Name)
		for _, v := range s.Verdicts {
			made.Verdicts[string(v.Verdict)] += v.Count
		}
	}
	for _, r := range t.rules() {
		made.Rules++
		for _, e := range r.Examples {
			made.Examples += len(e.Scenario.Rows)
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
