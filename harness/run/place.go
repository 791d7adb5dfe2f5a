package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

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

// underGoTest tells whether go test runs this program: it gives this flag, which nobody else
// does.
func underGoTest() bool {
	by := flag.Lookup("test.paniconexit0")
	return by != nil && by.Value.String() == "true"
}

// commandFolder is the folder in which the command was given. Where the system does not
// tell in which go test was, it is that of go.mod; empty is the folder of the process.
func commandFolder() string {
	if !underGoTest() {
		return ""
	}
	if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", os.Getppid())); err == nil {
		return folder
	}
	if folder := folderByList(os.Getppid()); folder != "" {
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

// folderByList is the folder that a process is in, where lsof tells it, as on macOS.
func folderByList(process int) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "lsof", "-a", "-p", strconv.Itoa(process), "-d", "cwd", "-Fn").Output()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(out)) {
		if folder, isName := strings.CutPrefix(strings.TrimRight(line, "\n"), "n"); isName && filepath.IsAbs(folder) {
			return folder
		}
	}
	return ""
}

// listener is where go test itself writes what it complains about, if that can be had: on
// Linux, and if it is a terminal or a pipe. A file is left alone: go test would write over
// what stands there.
func listener() string {
	name := fmt.Sprintf("/proc/%d/fd/2", os.Getppid())
	if info, err := os.Stat(name); !underGoTest() || err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) == 0 {
		return ""
	}
	return name
}

// tell reaches whoever gave the command, from whom go test hides what a passing test wrote.
// It writes to the first of the places that can be written to, and to the file of a GitHub
// job's summary. Where there is none of them nobody is listening, so that is no error.
func tell(text, summary string, places ...string) {
	for _, place := range places {
		if appendTo(place, text) == nil {
			break
		}
	}
	_ = appendTo(summary, "```text\n"+text+"```\n")
}

// appendTo writes a text to the end of a file, if there is one.
func appendTo(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Close())
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
