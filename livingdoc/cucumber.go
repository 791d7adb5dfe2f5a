package livingdoc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/run"
	"example.com/groupcheckout/livingdoc/stock"
)

// reportFolder has Cucumber's own reports.
const reportFolder = "report"

// reportsOf are the addresses of Cucumber's own reports, by the files of the runs.
func reportsOf(files []string) map[string]string {
	made := make(map[string]string, len(files))
	names := namer{}
	for _, file := range files {
		name := names.name(strings.TrimSuffix(filepath.Base(file), ".ndjson"))
		made[file] = path.Join(reportFolder, name+".html")
	}
	return made
}

// link gives the stores the reports of their runs.
func (t *tree) link(reports map[string]string) {
	for i := range t.stores {
		for _, file := range strings.Split(t.stores[i].Info.File, ", ") { // one for each part of the run
			if address, known := reports[file]; known {
				t.stores[i].Reports = append(t.stores[i].Reports, address)
			}
		}
	}
}

// cucumber makes Cucumber's own report of each run. What the pages show better is
// left out of it.
func (r *renderer) cucumber(reports map[string]string) error {
	for file, address := range reports {
		ndjson, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the run once more: %w", err)
		}
		var out bytes.Buffer
		err = stock.Write(context.Background(), &out, bytes.NewReader(ndjson), r.tree.config.Cucumber, stock.Options{
			Title:   r.site.Title + ", " + strings.TrimSuffix(path.Base(address), ".html"),
			Without: []string{evidence.EventsMediaType, evidence.WaitsMediaType, evidence.StatementsMediaType},
		})
		if err != nil {
			return &run.FormatError{File: file, Err: err}
		}
		r.files[address] = out.Bytes()
	}
	return nil
}
