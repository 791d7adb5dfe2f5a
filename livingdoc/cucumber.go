package livingdoc

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/run"
	"example.com/groupcheckout/livingdoc/internal/stock"
)

// reportFolder has Cucumber's own reports.
const reportFolder = "report"

// cucumber makes Cucumber's own report of each file of a run, by its address, if it
// is wanted, and tells the stores of the tree where theirs are. What the pages show
// better is left out of it.
func cucumber(ctx context.Context, t *tree, files []string) (map[string][]byte, error) {
	if !t.config.Cucumber {
		return nil, nil
	}
	formatter, err := stock.Files(ctx, t.config.Log)
	if err != nil {
		return nil, err
	}
	made := map[string][]byte{}
	names := namer{}
	for _, file := range files {
		ndjson, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the run once more: %w", err)
		}
		name := names.name(strings.TrimSuffix(filepath.Base(file), ".ndjson"))
		report, err := stock.Report(ndjson, formatter, t.root.Title+", "+name,
			evidence.EventsMediaType, evidence.WaitsMediaType, evidence.StatementsMediaType)
		if err != nil {
			return nil, &run.FormatError{File: file, Err: err}
		}
		address := path.Join(reportFolder, name+".html")
		made[address] = report
		for i := range t.stores {
			s := &t.stores[i]
			if slices.Contains(strings.Split(s.File, ", "), file) { // one for each part of the run
				s.Reports = append(s.Reports, address)
			}
		}
	}
	return made, nil
}
