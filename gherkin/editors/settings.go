package editors

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// Settings are those of the Cucumber extension for VS Code, as they stand in its
// settings.json.
type Settings struct {
	Features       []string        `json:"cucumber.features"` // patterns of feature files, in which ** is any folders
	Glue           []string        `json:"cucumber.glue"`     // patterns of the files with step definitions
	ParameterTypes []ParameterType `json:"cucumber.parameterTypes"`
}

// ParameterType tells the editor of a parameter type.
type ParameterType struct {
	Name   string `json:"name"`
	Regexp string `json:"regexp"`
}

// Read reads a settings.json, which must be plain JSON, without comments.
func Read(file string) (Settings, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Settings{}, fmt.Errorf("read the editor's settings: %w", err)
	}
	var s Settings
	if err := json.Unmarshal(content, &s); err != nil {
		return Settings{}, fmt.Errorf("read the editor's settings in %s: %w", file, err)
	}
	return s, nil
}

// source is a file for the language service.
type source struct {
	URI     string `json:"uri"`
	Content string `json:"content"`
}

// find reads the files that patterns select, in the order of their paths. A
// selection of nothing is an error.
func find(root fs.FS, patterns []string) ([]source, error) {
	var found []source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || !selected(name, patterns):
			return nil
		}
		content, err := fs.ReadFile(root, name)
		found = append(found, source{URI: name, Content: string(content)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the files for the editor: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the patterns %q select no file", patterns)
	}
	return found, nil
}

func selected(name string, patterns []string) bool {
	for _, pattern := range patterns {
		if glob(pattern).MatchString(name) {
			return true
		}
	}
	return false
}

// glob makes a regular expression of a pattern with *, ** and ?.
func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.NewReplacer(`\*\*/`, `(?:.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`).Replace(quoted)
	return regexp.MustCompile("^" + quoted + "$")
}
