package provision

import (
	"os"
	"strings"

	"example.com/groupcheckout/internal/fetch"
)

// cacheDir returns the folder in which fetched things stay between runs.
func cacheDir() (string, error) { return fetch.Dir() }

// fetchOnce returns the folder final, which fetch fills if it does not exist.
func fetchOnce(final string, fill func(dir string) error) (string, error) {
	return fetch.Once(final, fill)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
