package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"groupcheckout/harness/gherkin/junit"
	"groupcheckout/harness/gherkin/messages"
	"groupcheckout/harness/gherkin/suite"
)

// reporters write the run to the files that the flags name.
func (f *Features) reporters() []suite.Reporter {
	store, how, folder := f.options.store, f.ground.how(), f.project.Folder
	var list []suite.Reporter
	if f.options.messages != "" {
		list = append(list, messages.New(f.options.messages, messages.Config{Folder: folder, Store: store, How: how}))
	}
	if f.options.junit != "" {
		list = append(list, junit.New(f.options.junit, junit.Config{
			Folder:     folder,
			Properties: []junit.Property{{Name: "store", Value: store}, {Name: "how", Value: how}},
		}))
	}
	return list
}

// describe says what ran, for people and for make.
func (f *Features) describe() string {
	if len(f.summaries) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "store %s, %s; %d checks had to be made again\n", f.options.store, f.ground.how(), f.ground.retries())
	if n := len(f.summaries); n > 1 {
		passed, failed := 0, 0
		for _, s := range f.summaries {
			passed, failed = passed+s.Passed, failed+s.Failed
		}
		fmt.Fprintf(&text, "  %d runs: %d scenarios passed, %d failed; the last:\n", n, passed, failed)
	}
	if err := f.summaries[len(f.summaries)-1].WriteText(&text); err != nil {
		return err.Error()
	}
	return text.String()
}

// writeFile writes a file in a folder that need not exist yet.
func writeFile(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
