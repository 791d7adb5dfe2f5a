package history

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
)

// File is the name of a site's history, in its folder.
const File = "history.jsonl"

// DefaultKept is how many builds' sites are kept unless told otherwise.
const DefaultKept = 20

// BuildsFolder is the folder of a site that has the sites of earlier builds, each
// in a folder with the build's number as its name.
const BuildsFolder = "builds"

// Site is the site of an earlier build.
type Site struct {
	Number int
	Folder string // below the site's own, such as builds/12
	Link   string // of its front page, such as builds/12/index.html
}

// Kept lists the sites of earlier builds in a site's folder, newest first: those
// to keep, at most limit of them, or [DefaultKept] if limit is 0, and those to
// drop. A folder that is no number is not ours and is left out, one without a
// front page is to be dropped. There may be no folder of builds.
func Kept(site fs.FS, limit int) (keep, drop []Site, err error) {
	if limit <= 0 {
		limit = DefaultKept
	}
	entries, err := fs.ReadDir(site, BuildsFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list the sites of earlier builds: %w", err)
	}
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil || number <= 0 || strconv.Itoa(number) != entry.Name() || !entry.IsDir() {
			continue
		}
		folder := path.Join(BuildsFolder, entry.Name())
		s := Site{Number: number, Folder: folder, Link: path.Join(folder, "index.html")}
		if _, err := fs.Stat(site, s.Link); err != nil {
			drop = append(drop, s)
			continue
		}
		keep = append(keep, s)
	}
	newest := func(a, b Site) int { return cmp.Compare(b.Number, a.Number) }
	slices.SortFunc(keep, newest)
	if len(keep) > limit {
		drop = append(drop, keep[limit:]...)
		keep = keep[:limit:limit]
	}
	slices.SortFunc(drop, newest)
	return keep, drop, nil
}
