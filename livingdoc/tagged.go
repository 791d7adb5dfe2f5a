package livingdoc

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// tagsFolder is where the features' folder says which tags mean something to readers.
const tagsFolder = "tags"

// tagged is a page of all examples that have a tag. It is made of the file tags/NAME.md
// in the folder of features, for the tag @NAME: its heading is the title, the rest the
// prose. Prose anywhere may link to that file.
type tagged struct {
	Tag     string
	Title   string
	Address string
	Prose   string
	File    string // in the folder of features
	Rules   []taggedRule
}

// taggedRule is a rule with those of its examples that have the tag.
type taggedRule struct {
	*rule

	Tagged []*example
}

// readTagged reads the tags of the tree's features. Their addresses are free of what
// the chapters have.
func (t *tree) readTagged() error {
	files, err := fs.Glob(t.features, tagsFolder+"/*.md")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := readText(t.features, file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read what a tag means: %w", err)
		}
		name := strings.TrimSuffix(path.Base(file), ".md")
		made := &tagged{Tag: "@" + name, File: file}
		if made.Title, made.Prose = titled(text); made.Title == "" {
			made.Title = humanised(name)
		}
		made.Address = t.root.names.name(made.Title) + ".html"
		for _, r := range t.rules() {
			of := taggedRule{rule: r}
			for _, e := range r.Examples {
				if slices.Contains(tagsOf(e), made.Tag) {
					of.Tagged = append(of.Tagged, e)
				}
			}
			if len(of.Tagged) > 0 {
				made.Rules = append(made.Rules, of)
			}
		}
		t.tagged = append(t.tagged, made)
	}
	return nil
}
