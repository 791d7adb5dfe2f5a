package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/terminal"
)

// scripted is a figure whose subject and floor take what they return from lists.
func scripted(subjects, floors []float64) (figure, *[]string) {
	var order []string
	next := func(name string, values *[]float64) func(context.Context) (float64, error) {
		return func(context.Context) (float64, error) {
			order = append(order, name)
			if len(*values) == 0 {
				return 0, errors.New("the script is at its end")
			}
			value := (*values)[0]
			*values = (*values)[1:]
			return value, nil
		}
	}
	return figure{row: "0", name: "scripted", unit: "x/s", target: atLeast(2), prepare: func(context.Context, *ground) (*pair, error) {
		return &pair{subject: next("subject", &subjects), floor: next("floor", &floors)}, nil
	}}, &order
}

func TestTheRatioIsTheMedianOfRounds(t *testing.T) {
	t.Parallel()
	// The first round does not count. The machine gets ten times slower, and the ratios stay.
	f, order := scripted([]float64{1000, 300, 30, 40, 20, 50}, []float64{1, 100, 10, 10, 10, 10})
	got, err := f.measure(t.Context(), nil, 5, time.Hour)
	check.Must(t, err)
	if got.Ratio != 3 || got.Low != 3 || got.High != 4 || got.Rounds != 5 || !got.Met || got.Subject != 40 {
		t.Errorf("got %+v, want a ratio of 3, half between 3 and 4, of 5 rounds", got)
	}
	if text := strings.Join((*order)[:6], " "); text != "floor subject subject floor floor subject" {
		t.Errorf("got the order %s, want the first to change with each round", text)
	}
}

func TestAFigureThatTakesTooLongGetsFewerRounds(t *testing.T) {
	t.Parallel()
	many := make([]float64, 100)
	for i := range many {
		many[i] = 1
	}
	f, _ := scripted(many, many)
	got, err := f.measure(t.Context(), nil, 50, 0)
	if err != nil || got.Rounds != leastRounds || got.Met {
		t.Errorf("got %+v and error %v, want %d rounds, and a target missed", got, err, leastRounds)
	}
}

func TestWhatCannotBeMeasuredIsAnError(t *testing.T) {
	t.Parallel()
	for _, lists := range [][2][]float64{{{1, 1}, {1, 1}}, {{1, 1, 1, 1}, {1, 0, 1, 1}}} {
		f, _ := scripted(lists[0], lists[1])
		if got, err := f.measure(t.Context(), nil, 5, time.Hour); err == nil {
			t.Errorf("got %+v, want an error", got)
		}
	}
}

func TestRunsAreKeptAndDrawn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range 5 {
		past, err := readRuns(folder)
		check.Must(t, err)
		this := newRun("abc")
		this.Figures = []result{{Row: "1", Name: "appends <&> more", Target: "≥ 0.900", Ratio: float64(i), Low: float64(i) / 2, High: float64(i) * 2}}
		check.Must(t, writeRuns(folder, append(past, this), 3))
	}
	kept, err := readRuns(folder)
	if err != nil || len(kept) != 3 || kept[2].Figures[0].Ratio != 4 || kept[0].Figures[0].Ratio != 2 {
		t.Errorf("got %+v and error %v, want the last three runs", kept, err)
	}
	drawn, err := os.ReadFile(filepath.Join(folder, "bench", "row-1.svg"))
	check.Must(t, err)
	check.OKf(t, xml.Unmarshal(drawn, new(struct{})), "the picture is no XML")
	check.Equal(t, "points in the picture", 3, bytes.Count(drawn, []byte("<circle")))
	if table := kept[2].table(terminal.Style{}); !strings.Contains(table, "appends <&> more") || !strings.Contains(table, "no ") {
		t.Errorf("got the table\n%s", table)
	}
	check.Must(t, os.WriteFile(runsFile(folder), []byte("{"), 0o600))
	check.Fails(t, check.Error(readRuns(folder)), "bench.json")
}

func TestARunIsPrintedForPeopleOrForPrograms(t *testing.T) {
	t.Parallel()
	this := newRun("abc")
	this.Figures = []result{{Row: "1", Name: "appends", Ratio: 1.23456789, Met: true, Note: "a <note>"}}
	var table, text bytes.Buffer
	check.Must(t, errors.Join(cli{}.say(&table, this), cli{JSON: true}.say(&text, this)))
	if !strings.Contains(table.String(), "half lie in") {
		t.Errorf("got %q, want a table", table.String())
	}
	var again report
	if err := json.Unmarshal(text.Bytes(), &again); err != nil {
		t.Fatalf("%v, of %s", err, text.String())
	}
	check.Same(t, "what a program reads", this, again)
}

func TestNumbersAreShort(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{0: "0", 0.9: "0.900", 2.5: "2.50", 12.34: "12.3", 99.99: "100.0", 1234.5: "1235", 0.01234: "0.0123"} {
		if got := short(x); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
}

func TestCommandLinesThatAreWrong(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"--only (":        "--only is no regular expression",
		"--only nonsense": "--only nonsense finds no figure",
		"--rounds 0":      "--rounds 0",
		"--what":          "unknown flag --what",
	} {
		var out, complaints bytes.Buffer
		if status := run(t.Context(), append(strings.Fields(line), "--out", t.TempDir()), &out, &complaints); status != 1 || !strings.Contains(complaints.String(), want) {
			t.Errorf("%s: got status %d and %q, want 1 and %q", line, status, complaints.String(), want)
		}
	}
}
