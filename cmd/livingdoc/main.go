package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"example.com/groupcheckout/internal/program"

	"example.com/groupcheckout/livingdoc"
)

// description is the head of the help.
const description = `Makes a site of recorded runs, for readers who know the business and no software.

A run is recorded by the tests of the features: go test ./features -messages build/runs/memory.ndjson, once for each store. The site has a page for each rule and each example, with what became of it on each store, and opens from disk: no server is needed. What failed, was flaky, or was found by an audit is said before anything else. A run that did not finish, or of other features than those in the folder, is refused, and the site that was there before remains.

Exit status: 0 the site was made, also of runs in which something failed, which it shows; 1 it was not.`

// cli is the grammar of the command line.
type cli struct {
	From     []string          `required:"" placeholder:"RUNS" help:"The runs: files of Cucumber Messages, or folders that hold some (*.ndjson), at any depth."`
	Out      string            `required:"" placeholder:"DIR" help:"The folder to make. A site that is there is replaced at the end, at once; anything else is left alone."`
	Features string            `default:"features" placeholder:"DIR" help:"The folder of the features, whose README.md files, if there are any, are the prose of the site. Default: ${default}."`
	Title    string            `help:"What the site is called. Default: the title of the features' README.md, or the name of their folder."`
	Name     map[string]string `placeholder:"STORE=NAME" help:"What a store is called on the pages, such as messagedb='Message DB'. May be given several times. A run has to be on the store."`
	Commit   string            `help:"The commit that the runs are of, where they do not say so themselves."`
	Glossary string            `placeholder:"DIR" help:"A folder of Go packages; those of its types that say so are words of the glossary, besides those of the table in the features' README.md. Default: domain, beside the features, if it is there."`
	Previous string            `placeholder:"DIR" help:"The last site, whose history and pages are carried on. Default: the one that is in --out."`
	History  string            `placeholder:"FILE" help:"A file that keeps the history too, read in place of the last site's. This build is added to its end."`
	Release  []string          `sep:"none" placeholder:"NAME[=COMMIT]" help:"What this build is released as, such as v1.4; or with a commit, in full, what the build of that one is, also one of long ago. The site says what has changed since the last release. May be given several times; a commit that was never built is passed over."`
	Ask      string            `placeholder:"URL" help:"Where a question about a rule or an example is put to, such as https://example.com/new?title={title}&body={address}."`
	Keep     int               `default:"20" help:"How many sites of earlier builds are carried on. Default: ${default}."`
	PDF      bool              `name:"pdf" help:"Make a PDF of the sheet for print too, with the Chromium on the PATH."`
	Paper    string            `default:"A4" enum:"A4,Letter" help:"What the PDF is printed on: ${enum}. Default: ${default}."`
	Cucumber bool              `help:"Put Cucumber's own report of each run beside the site, for developers. Its files are fetched with npm at the first time."`

	Summary     string `placeholder:"FILE" help:"Append the summary of a job on GitHub to this file, such as $GITHUB_STEP_SUMMARY."`
	Annotations bool   `help:"Print the failures as GitHub's workflow commands, which mark their lines."`
}

func main() { program.Main(run) }

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	var grammar cli
	return program.Program{
		Name: "livingdoc", Description: description, Grammar: &grammar,
		Do: func() error { return grammar.build(ctx, out) },
	}.Run(args, out, complaints)
}

func (c cli) build(ctx context.Context, out io.Writer) error {
	release, releases, err := c.releases()
	if err != nil {
		return err
	}
	report, err := livingdoc.Build(ctx, livingdoc.Config{
		Runs: c.From, Features: c.Features, Out: c.Out, Title: c.Title, Stores: c.Name, Commit: c.Commit, Glossary: c.Glossary,
		Previous: c.Previous, History: c.History, Release: release, Releases: releases, Ask: c.Ask, Keep: c.Keep, PDF: c.PDF, Paper: c.Paper, Cucumber: c.Cucumber,
		Log: slog.New(slog.NewTextHandler(out, nil)),
	})
	if err != nil {
		return err
	}
	if c.Annotations {
		fmt.Fprint(out, report.Annotations())
	}
	if err := c.summarise(report); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	fmt.Fprintf(out, "%s: %s\n", report, filepath.Join(c.Out, "index.html"))
	return nil
}

// releases are what this build is released as, and the commits of other releases.
func (c cli) releases() (own string, others map[string]string, _ error) {
	others = map[string]string{}
	for _, given := range c.Release {
		name, commit, other := strings.Cut(given, "=")
		switch {
		case name == "" || other && commit == "":
			return "", nil, fmt.Errorf("--release=%s is not a name, nor a name and a commit as in v1.4=COMMIT", given)
		case other:
			others[name] = commit
		case own != "":
			return "", nil, fmt.Errorf("this build cannot be released as %s and as %s; give one, or say of which commit the other is, as in %s=COMMIT", own, name, own)
		default:
			own = name
		}
	}
	return own, others, nil
}

// summarise appends the summary to its file, if it is wanted.
func (c cli) summarise(report livingdoc.Report) (err error) {
	if c.Summary == "" {
		return nil
	}
	file, err := os.OpenFile(c.Summary, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // it is published
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = file.WriteString(report.Summary())
	return err
}
