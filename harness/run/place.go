package run

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/plural"
)

// place has the files that flags name stand where somebody expects them who gave go
// test a relative path: a test runs in the folder of its package.
func (o *options) place(folder string) {
	for _, file := range []*string{&o.messages, &o.junit, &o.summary} {
		if folder != "" && *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(folder, *file)
		}
	}
}

// commandFolder is the folder in which the command was given. Where the system does not
// tell in which go test was, it is that of go.mod; empty is the folder of the process.
func commandFolder() string {
	if by := flag.Lookup("test.paniconexit0"); by == nil || by.Value.String() != "true" {
		return "" // go test gives this flag; without it the program was called by itself
	}
	if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", os.Getppid())); err == nil {
		return folder
	}
	folder, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			break
		}
		folder = above
	}
	return ""
}

// terminal is where somebody sits who gave the command, or nil. Of a test that passes,
// go test shows nothing that it wrote.
func terminal() io.WriteCloser {
	if testing.Verbose() {
		return nil // it is shown
	}
	file, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0)
	if err != nil {
		return nil
	}
	return file
}

// flaky says which scenarios passed only when they were tried again; empty if none did.
func flaky(summaries []suite.Summary) string {
	var text strings.Builder
	n := 0
	for _, s := range summaries {
		for _, r := range s.Results {
			if r.Flaky() {
				n++
				fmt.Fprintf(&text, "  %s  %s: %s\n", r.Scenario.Location(), r.Scenario.Pickle.Name, r.Reason)
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("FLAKY: %s passed only when tried again:\n%s", plural.Of(n, "scenario"), text.String())
}
