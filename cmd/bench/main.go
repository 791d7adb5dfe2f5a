package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"time"

	"example.com/groupcheckout/internal/program"
	"example.com/groupcheckout/internal/terminal"
)

const description = `Measures how fast the project is beside the bare stores: ratios to a floor in the same process and minute, the median of interleaved rounds.

A Message DB is brought up for it, which keeps what it acknowledges; see harness/provision for the variables that name another.

Exit status: 0 it was measured, whatever came out; 1 something could not be measured.`

// cli is the grammar of the command line.
type cli struct {
	Out    string        `default:"build" placeholder:"DIR" help:"Where bench.json is, with the last runs, to which this one is added, and where the pictures go, in a folder bench. Default: ${default}."`
	Rounds int           `default:"30" help:"How many rounds of each figure. Default: ${default}."`
	Limit  time.Duration `default:"9m" help:"About how long it may take: then figures get fewer rounds, but three at least. Default: ${default}."`
	Only   string        `placeholder:"REGEXP" help:"Only figures whose row or name the expression finds."`
	Keep   int           `default:"30" help:"How many runs bench.json keeps. Default: ${default}."`
	Commit string        `help:"The commit that is measured, as it is to be shown."`
	JSON   bool          `name:"json" help:"Print this run as JSON, for programs, as bench.json keeps it."`
}

func main() { program.Main(run) }

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	if connection := os.Getenv(queryVariable); connection != "" {
		if err := query(ctx, connection); err != nil {
			fmt.Fprintln(complaints, err)
			return 1
		}
		return 0
	}
	var grammar cli
	return program.Program{
		Name: "bench", Description: description, Grammar: &grammar,
		Do: func() error { return grammar.measure(ctx, out, slog.New(slog.NewTextHandler(complaints, nil))) },
	}.Run(args, out, complaints)
}

func (c cli) measure(ctx context.Context, out io.Writer, log *slog.Logger) error {
	if c.Rounds < 1 || c.Keep < 1 || c.Limit <= 0 {
		return fmt.Errorf("--rounds %d, --keep %d and --limit %v have to be above zero", c.Rounds, c.Keep, c.Limit)
	}
	only, err := regexp.Compile(c.Only)
	if err != nil {
		return fmt.Errorf("--only is no regular expression: %w", err)
	}
	past, err := readRuns(c.Out)
	if err != nil {
		return err
	}
	var chosen []figure
	for _, f := range figures() {
		if only.MatchString(f.row) || only.MatchString(f.name) {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("--only %s finds no figure", c.Only)
	}
	g := &ground{log: log}
	defer g.close()
	this := newRun(c.Commit)
	ends := time.Now().Add(c.Limit)
	var failed []error
	for i, f := range chosen {
		share := time.Until(ends) / time.Duration(len(chosen)-i)
		log.Info("measuring", "row", f.row, "figure", f.name, "at most", share.Round(time.Second))
		result, err := f.measure(ctx, g, c.Rounds, share)
		if err != nil {
			failed = append(failed, fmt.Errorf("row %s, %s: %w", f.row, f.name, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		this.Figures = append(this.Figures, result)
	}
	if len(this.Figures) > 0 {
		failed = append(failed, c.say(out, this), writeRuns(c.Out, append(past, this), c.Keep))
	}
	return errors.Join(failed...)
}

// say prints what was measured.
func (c cli) say(out io.Writer, this report) error {
	if c.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(this)
	}
	_, err := fmt.Fprint(out, this.table(terminal.Of(out, false, os.Getenv)))
	return err
}

// figures are all that there are, in the order of the table.
func figures() []figure {
	var all []figure
	for _, topic := range [][]figure{appends(), feeds(), reactions(), groups(), {scenarios()}, inMemory(), backlogs(), starts(), onDynamoDB(), reads(), lengths()} {
		all = append(all, topic...)
	}
	return all
}
