package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/terminal"
)

// report is one run of bench.
type report struct {
	At      time.Time `json:"at"`
	Commit  string    `json:"commit,omitempty"`
	Go      string    `json:"go"`
	Cores   int       `json:"cores"`
	Load    string    `json:"load,omitempty"` // of the machine as it began, where the system tells
	Figures []result  `json:"figures"`
}

func newRun(commit string) report {
	r := report{At: time.Now().UTC().Truncate(time.Second), Commit: commit, Go: runtime.Version(), Cores: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		r.Load, _, _ = strings.Cut(string(text), " ")
	}
	return r
}

// table is for the terminal, and for a page that shows text as it is.
func (r report) table(style terminal.Style) string {
	var b strings.Builder
	table := terminal.Table{
		Head:  []string{"row", "figure", "ratio", "half lie in", "target", "met", "subject", "floor", "unit", "rounds", "note"},
		Right: []bool{false, false, true, true, true, false, true, true, false, true},
	}
	for _, f := range r.Figures {
		met := "yes"
		if !f.Met {
			met = "no"
		}
		table.Rows = append(table.Rows, []string{
			f.Row, f.Name, short(f.Ratio), short(f.Low) + " – " + short(f.High), f.Target, met, short(f.Subject), short(f.Floor), f.Unit, strconv.Itoa(f.Rounds), f.Note,
		})
	}
	_ = table.Write(&b, style) // a strings.Builder takes everything
	fmt.Fprintf(&b, "\n%s, %s", plural.Of(r.Cores, "core"), r.Go)
	if r.Load != "" {
		fmt.Fprintf(&b, ", load %s at the beginning", r.Load)
	}
	return b.String() + "\n"
}

// short writes a number with three digits that count.
func short(x float64) string {
	if x == 0 || math.Abs(x) >= 100 {
		return strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	}
	decimals := max(2-int(math.Floor(math.Log10(math.Abs(x)))), 0)
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

func runsFile(folder string) string { return filepath.Join(folder, "bench.json") }

// readRuns reads what earlier runs have left, the oldest first.
func readRuns(folder string) ([]report, error) {
	text, err := os.ReadFile(runsFile(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []report
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read the last runs; remove the file if they do not matter: %s: %w", runsFile(folder), err)
	}
	return all, nil
}

// writeRuns writes the last runs, as many as are to be kept, and a picture of each figure.
func writeRuns(folder string, all []report, keep int) error {
	all = all[max(len(all)-keep, 0):]
	pictures := filepath.Join(folder, "bench")
	if err := os.MkdirAll(pictures, 0o755); err != nil { //nolint:gosec // nothing secret
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(runsFile(folder), append(text, '\n'), 0o644); err != nil { //nolint:gosec // nothing secret
		return err
	}
	for _, f := range all[len(all)-1].Figures {
		var points []result
		for _, run := range all {
			for _, other := range run.Figures {
				if other.Row == f.Row && other.Name == f.Name {
					points = append(points, other)
				}
			}
		}
		name := "row-" + f.Row + ".svg"
		if err := os.WriteFile(filepath.Join(pictures, name), []byte(picture(points)), 0o644); err != nil { //nolint:gosec // nothing secret
			return err
		}
	}
	return nil
}
