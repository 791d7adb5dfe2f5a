package fetch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Dir returns the folder in which fetched things stay between runs. It exists
// when Dir returns.
func Dir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for fetched files (set HOME or XDG_CACHE_HOME): %w", err)
	}
	dir := filepath.Join(base, "groupcheckout")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for fetched files: %w", err)
	}
	return dir, nil
}

// Once returns the folder final, which fetch fills if it does not exist. fetch
// works on a folder beside it that then takes its name, so a folder of that name
// is always whole. Of several processes that fetch at once each does the work,
// and the first to finish wins.
func Once(final string, fetch func(dir string) error) (_ string, err error) {
	if exists(final) {
		return final, nil
	}
	work, err := os.MkdirTemp(filepath.Dir(final), "."+filepath.Base(final)+"-*")
	if err != nil {
		return "", fmt.Errorf("make a folder to fetch into: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	fetched := filepath.Join(work, "fetched")
	if err := os.Mkdir(fetched, 0o755); err != nil {
		return "", fmt.Errorf("make a folder to fetch into: %w", err)
	}
	if err := fetch(fetched); err != nil {
		return "", err
	}
	if err := os.Rename(fetched, final); err != nil && !exists(final) {
		return "", fmt.Errorf("keep what was fetched: %w", err)
	}
	return final, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
