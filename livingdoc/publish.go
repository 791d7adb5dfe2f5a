package livingdoc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// generator is what every front page says it was made by, so that no other
// folder is replaced by mistake.
const generator = "livingdoc"

// publish puts files into a folder, in the place of the site that is there. They
// are written beside it first, so that whoever looks finds a whole site, the old
// one or the new one. Finish may add to them before they take its place.
func publish(out string, files map[string][]byte, finish func(folder string) error) (err error) {
	out = filepath.Clean(out)
	if err := replaceable(out); err != nil {
		return err
	}
	parent := filepath.Dir(out)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("make the site: %w", err)
	}
	made, err := os.MkdirTemp(parent, "."+filepath.Base(out)+"-*")
	if err != nil {
		return fmt.Errorf("make the site: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	fresh := filepath.Join(made, "new")
	if err := write(fresh, files); err != nil {
		return fmt.Errorf("make the site: %w", err)
	}
	if err := finish(fresh); err != nil {
		return err
	}
	old := filepath.Join(made, "old")
	if err := os.Rename(out, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make the site: %w", err)
	}
	if err := os.Rename(fresh, out); err != nil {
		return fmt.Errorf("make the site: %w", errors.Join(err, os.Rename(old, out)))
	}
	return nil
}

// writers is how many files are written at once. Making one is mostly waiting for
// the disk, and of thousands of scenarios there are thousands.
const writers = 16

// write puts files into a folder.
func write(folder string, files map[string][]byte) error {
	var group errgroup.Group
	group.SetLimit(writers)
	for name, content := range files {
		group.Go(func() error {
			file := filepath.Join(folder, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			return os.WriteFile(file, content, 0o644)
		})
	}
	return group.Wait()
}

// replaceable refuses a folder that holds something else than a site.
func replaceable(out string) error {
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("make the site: %w", err)
	case len(entries) == 0:
		return nil
	}
	front, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil || !bytes.Contains(front, []byte(generator)) {
		return fmt.Errorf("the folder %s holds something else than a site that was made by %s; it would be replaced. Give another folder, or remove it", out, generator)
	}
	return nil
}
