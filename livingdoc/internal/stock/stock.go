// Package stock makes Cucumber's own HTML report of a run, for developers, out of
// the files of the npm package @cucumber/html-formatter and without Node. The
// report is one file that opens from disk; it has all that the run recorded, a
// search by text or tag expression, and steps with their code.
//
// The package's files are not part of this project: [Files] fetches them once into
// the user's cache.
package stock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"

	"example.com/groupcheckout/internal/fetch"
)

// version is that of the npm package.
const version = "24.2.0"

// Files returns the files of the npm package, which [Report] needs. It fetches
// them with npm if this machine does not have them yet; a nil log is silent.
func Files(ctx context.Context, log *slog.Logger) (fs.FS, error) {
	dir, err := fetch.NPM(ctx, fetch.Package{
		Name: "@cucumber/html-formatter", Version: version, Folder: "cucumber-html-formatter-" + version,
		SHA512: "6Y5ijKyFeNiaMdcYna/fo1Bluzebm8L+vSAyuymIt7Dxu5Fq1sDYMGqR1rYeuNdJmXyu/YRtGLOsrZdCJCQGIg==",
	}, log)
	if err != nil {
		return nil, fmt.Errorf("get Cucumber's report: %w", err)
	}
	return os.DirFS(dir), nil
}

// Report returns the report of a run, which is Cucumber Messages as NDJSON, with a
// title. The files are those of [Files]. Attachments of the media types without,
// such as those that only other programs read, are left out of it.
func Report(ndjson []byte, files fs.FS, title string, without ...string) ([]byte, error) {
	made, err := messages(ndjson, without)
	if err != nil {
		return nil, fmt.Errorf("make Cucumber's report: %w", err)
	}
	places := []string{"{{title}}", html.EscapeString(title), "{{messages}}", string(made), "{{custom_css}}", "", "{{custom_script}}", ""}
	for _, place := range [][2]string{{"{{icon}}", "dist/src/icon.url"}, {"{{css}}", "dist/main.css"}, {"{{script}}", "dist/main.js"}} {
		content, err := fs.ReadFile(files, place[1])
		if err != nil {
			return nil, fmt.Errorf("make Cucumber's report: %w", err)
		}
		places = append(places, place[0], string(bytes.TrimSpace(content)))
	}
	content, err := fs.ReadFile(files, "dist/src/index.mustache")
	if err != nil {
		return nil, fmt.Errorf("read the template of Cucumber's report: %w", err)
	}
	template := string(content)
	for _, place := range []string{"{{messages}}", "{{script}}", "{{css}}"} {
		if !strings.Contains(template, place) {
			return nil, fmt.Errorf("the template of Cucumber's report has no place %s: it is not that of version %s", place, version)
		}
	}
	known := regexp.MustCompile(`\{\{(title|messages|custom_css|custom_script|icon|css|script)\}\}`)
	if _, other, found := strings.Cut(known.ReplaceAllString(template, ""), "{{"); found {
		return nil, fmt.Errorf("the template of Cucumber's report has a place {{%.20s, which that of version %s has not", other, version)
	}
	return []byte(strings.NewReplacer(places...).Replace(template)), nil // which does not look into what it has put in
}

// messages returns the lines of a run as the elements of an array in JavaScript.
func messages(ndjson []byte, without []string) ([]byte, error) {
	var wanted [][]byte
	number := 0
	for line := range bytes.Lines(ndjson) {
		number++
		if line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF"))); len(line) == 0 {
			continue
		}
		is, err := isWanted(line, without)
		if err != nil {
			return nil, fmt.Errorf("line %d of the run is no Cucumber Message: %w", number, err)
		}
		if is {
			// In JSON a < stands only inside a string, and would end the script there if it
			// began a tag.
			wanted = append(wanted, bytes.ReplaceAll(line, []byte("<"), []byte(`\x3C`)))
		}
	}
	return bytes.Join(wanted, []byte(",\n")), nil
}

// isWanted reports whether a message belongs into the report.
func isWanted(line []byte, without []string) (bool, error) {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(line, &envelope); err != nil {
		return false, err
	}
	content, is := envelope["attachment"]
	if !is || len(without) == 0 {
		return true, nil
	}
	var attachment struct{ MediaType string }
	if err := json.Unmarshal(content, &attachment); err != nil {
		return false, err
	}
	return !slices.Contains(without, attachment.MediaType), nil
}
