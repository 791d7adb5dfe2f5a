package run

import (
	"cmp"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// scheme is what a path begins with where a Cucumber writes it as an address.
var scheme = regexp.MustCompile(`^(file|classpath|jar|https?):(//[^/]*)?`)

// drive is that of a path on Windows.
var drive = regexp.MustCompile(`^/?[A-Za-z]:/`)

// featurePath is the path of a feature as it is known here, with slashes, of what a
// Cucumber calls it.
func featurePath(uri string) string {
	if found := scheme.FindString(uri); found != "" {
		uri = strings.TrimPrefix(uri, found)
		if plain, err := url.PathUnescape(uri); err == nil && strings.HasPrefix(found, "file:") {
			uri = plain
		}
	}
	made := path.Clean(strings.ReplaceAll(uri, `\`, "/"))
	if drive.MatchString(made) {
		made = strings.TrimPrefix(made, "/")
	}
	return made
}

// absolute tells whether a path begins at the top of the machine that the run was
// on, and so is another one on each.
func absolute(name string) bool {
	return strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || drive.MatchString(name)
}

// plainText is a text without what differs from one machine to the next though the
// text is the same: the ends of its lines, and a mark before it.
func plainText(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, byteOrderMark), "\r\n", "\n")
}

// Settle gives the features of a run that calls them by where they were on its own
// machine the paths that they have in a project: those of the folder of features,
// which has the features that names lists. It does so before runs are joined.
func (r *Run) Settle(folder string, names []string) {
	if !slices.ContainsFunc(r.Features, func(f *Feature) bool { return absolute(f.Path) }) {
		return
	}
	before, found := folderOf(r.Features, names)
	if !found {
		return
	}
	folder = filepath.ToSlash(filepath.Clean(folder))
	if !filepath.IsLocal(folder) || folder == "." || !strings.HasSuffix("/"+before, "/"+folder) {
		folder = path.Base(before)
	}
	settled := func(name string) string {
		if within, is := strings.CutPrefix(name, before+"/"); is {
			return path.Join(folder, within)
		}
		return name
	}
	for _, f := range r.Features {
		f.Path = settled(f.Path)
	}
	sources := make(map[string]string, len(r.sources))
	for name, text := range r.sources {
		sources[settled(name)] = text
	}
	r.sources = sources
}

// Names are the paths of the features of a run, also of those that nothing is in.
func (r *Run) Names() []string {
	var made []string
	for _, f := range r.Features {
		made = append(made, f.Path)
	}
	for name := range r.sources {
		if !slices.Contains(made, name) {
			made = append(made, name)
		}
	}
	slices.Sort(made)
	return made
}

// name gives runs that do not say what they were on a name: that of the Cucumber
// that made them, or else of their files, so that no two different ones are taken
// for one.
func name(runs []*Run) {
	taken := map[string]int{}
	for _, r := range runs {
		taken[r.Info.Store]++
	}
	base := func(file string) string {
		return cmp.Or(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "the run")
	}
	bases := map[string]int{}
	for _, r := range runs {
		if r.Info.nameless {
			bases[base(r.Info.File)]++
		}
	}
	for _, r := range runs {
		if !r.Info.nameless || r.Info.Store != "" && taken[r.Info.Store] == 1 {
			continue
		}
		wanted := base(r.Info.File)
		if bases[wanted] > 1 || taken[wanted] > 0 {
			wanted = filepath.ToSlash(filepath.Clean(r.Info.File))
		}
		r.Info.Store, r.Info.Title = wanted, ""
	}
}
