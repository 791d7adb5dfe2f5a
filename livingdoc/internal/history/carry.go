package history

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// File is the name of a site's history, in its folder.
const File = "history.jsonl"

// defaultKept is how many builds' sites are kept unless told otherwise.
const defaultKept = 20

// BuildsFolder is the folder of a site that has the sites of earlier builds, each
// in a folder with the build's number as its name.
const BuildsFolder = "builds"

// Site is the site of an earlier build.
type Site struct {
	Number int
	Folder string // below the site's own, such as builds/12
	Link   string // of its front page, such as builds/12/index.html
}

// kept lists the sites of earlier builds in a site's folder, newest first. A folder
// that is no number is not ours and is left out, and so is one without a front page.
// There may be no folder of builds.
func kept(site fs.FS) ([]Site, error) {
	entries, err := fs.ReadDir(site, BuildsFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the sites of earlier builds: %w", err)
	}
	var sites []Site
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil || number <= 0 || strconv.Itoa(number) != entry.Name() || !entry.IsDir() {
			continue
		}
		s := siteOf(number)
		if _, err := fs.Stat(site, s.Link); err == nil {
			sites = append(sites, s)
		}
	}
	slices.SortFunc(sites, func(a, b Site) int { return cmp.Compare(b.Number, a.Number) })
	return sites, nil
}

func siteOf(number int) Site {
	folder := path.Join(BuildsFolder, strconv.Itoa(number))
	return Site{Number: number, Folder: folder, Link: path.Join(folder, "index.html")}
}

// Carried is what a new site takes over from the site before it.
type Carried struct {
	History []byte            // the text of its history, to be extended with the new build; nil if it has none
	Sites   []Site            // of earlier builds, newest first
	Files   map[string][]byte // of those sites, by their names in the new site, such as builds/12/index.html
}

// Carry takes over the history of the previous build's site, and the sites of
// earlier builds: its own and those in it, at most limit of them, or
// 20 if limit is 0. The pages of its own get a line at their beginning
// that says which build they are of, and leads to the present one. A folder that
// does not exist has nothing to take over; a site without a history, which has no
// number, only what is in it.
func Carry(previous fs.FS, limit int) (Carried, error) {
	if limit <= 0 {
		limit = defaultKept
	}
	carried := Carried{Files: make(map[string][]byte)}
	if err := carried.own(previous); err != nil {
		return Carried{}, fmt.Errorf("take over the previous site: %w", err)
	}
	earlier, err := kept(previous)
	if err != nil {
		return Carried{}, err
	}
	for _, site := range earlier {
		if len(carried.Sites) >= limit {
			break
		}
		if len(carried.Sites) > 0 && carried.Sites[0].Number == site.Number {
			continue
		}
		carried.Sites = append(carried.Sites, site)
		if err := carried.copy(previous, site.Folder, site.Folder, nil); err != nil {
			return Carried{}, fmt.Errorf("take over the site of build %d: %w", site.Number, err)
		}
	}
	return carried, nil
}

// own takes over the history and the site's own pages.
func (c *Carried) own(previous fs.FS) error {
	text, err := fs.ReadFile(previous, File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	h, err := Load(text)
	if err != nil {
		return err
	}
	c.History = text
	builds := h.Builds()
	if len(builds) == 0 {
		return nil
	}
	if _, err := fs.Stat(previous, "index.html"); err != nil {
		return nil //nolint:nilerr // a history by itself is no site
	}
	last := builds[len(builds)-1]
	site := siteOf(last.Number)
	c.Sites = append(c.Sites, site)
	return c.copy(previous, ".", site.Folder, &last)
}

// copy takes over a folder without what the site in it keeps of others.
func (c *Carried) copy(previous fs.FS, from, to string, of *Ref) error {
	return fs.WalkDir(previous, from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within := strings.TrimPrefix(strings.TrimPrefix(name, from), "/")
		if from == "." {
			within = name
		}
		if entry.IsDir() {
			if within == BuildsFolder {
				return fs.SkipDir
			}
			return nil
		}
		if within == File || !entry.Type().IsRegular() {
			return nil
		}
		content, err := fs.ReadFile(previous, name)
		if err != nil {
			return err
		}
		if of != nil && strings.HasSuffix(name, ".html") {
			content = mark(content, *of, strings.Repeat("../", strings.Count(within, "/")+2))
		}
		c.Files[path.Join(to, within)] = content
		return nil
	})
}

// mark says at the beginning of a page which build it is of. A page without a
// body tag, such as a redirect, stays as it is.
func mark(page []byte, of Ref, root string) []byte {
	body := regexp.MustCompile(`(?i)<body(?:\s[^>]*)?>`).FindIndex(page)
	if body == nil {
		return page
	}
	text := fmt.Sprintf(`<aside class="earlier" aria-label="Earlier build">This is build %d, of %s. <a href="%sindex.html">The present one</a></aside>`,
		of.Number, html.EscapeString(of.When.Format("2 January 2006")), root)
	marked := make([]byte, 0, len(page)+len(text))
	marked = append(marked, page[:body[1]]...)
	marked = append(marked, text...)
	return append(marked, page[body[1]:]...)
}
