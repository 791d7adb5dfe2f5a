package stock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// FormatError says that a line of a run is no message.
type FormatError struct {
	Line int // from 1
	Err  error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("line %d of the run is no Cucumber Message: %v", e.Line, e.Err)
}

// Unwrap returns the error beneath.
func (e *FormatError) Unwrap() error { return e.Err }

// Options are what may differ from report to report.
type Options struct {
	Title string // of the page
	// Without has the media types of attachments that the report leaves out, such as
	// those that only other programs read.
	Without []string
}

// Write writes the report of a run, which is Cucumber Messages as NDJSON. The
// files are those of [Files]. What it wrote before an error is no report; a line
// that is no message is a *FormatError.
func Write(ctx context.Context, w io.Writer, ndjson io.Reader, files fs.FS, options Options) error {
	page, err := fs.ReadFile(files, "dist/src/index.mustache")
	if err != nil {
		return fmt.Errorf("read the template of Cucumber's report: %w", err)
	}
	out := bufio.NewWriter(w)
	seen := make(map[string]bool)
	for rest := string(page); rest != ""; {
		plain, after, found := strings.Cut(rest, "{{")
		if _, err := out.WriteString(plain); err != nil {
			return fmt.Errorf("write Cucumber's report: %w", err)
		}
		if !found {
			break
		}
		name, after, found := strings.Cut(after, "}}")
		if !found {
			return errors.New("the template of Cucumber's report has a place without an end")
		}
		seen[name] = true
		if err := fill(ctx, out, name, ndjson, files, options); err != nil {
			return fmt.Errorf("write Cucumber's report: %w", err)
		}
		rest = after
	}
	for _, name := range []string{"messages", "script", "css"} {
		if !seen[name] {
			return fmt.Errorf("the template of Cucumber's report has no place for its %s: it is not that of version %s", name, version)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write Cucumber's report: %w", err)
	}
	return nil
}

// fill writes what belongs into a place of the template.
func fill(ctx context.Context, out *bufio.Writer, name string, ndjson io.Reader, files fs.FS, options Options) error {
	switch name {
	case "title":
		_, err := out.WriteString(html.EscapeString(options.Title))
		return err
	case "messages":
		return messages(ctx, out, ndjson, options.Without)
	case "icon":
		return file(out, files, "dist/src/icon.url")
	case "css":
		return file(out, files, "dist/main.css")
	case "script":
		return file(out, files, "dist/main.js")
	case "custom_css", "custom_script":
		return nil
	}
	return fmt.Errorf("the template has a place %q, which version %s has not", name, version)
}

func file(out *bufio.Writer, files fs.FS, name string) error {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	_, err = out.Write(bytes.TrimSpace(content))
	return err
}

// messages writes the lines of a run as the elements of an array in JavaScript.
func messages(ctx context.Context, out *bufio.Writer, ndjson io.Reader, without []string) error {
	in := bufio.NewReader(ndjson)
	separator := ""
	for number := 1; ; number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := in.ReadBytes('\n')
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fmt.Errorf("read the run: %w", err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			wanted, err := isWanted(line, without)
			if err != nil {
				return &FormatError{Line: number, Err: err}
			}
			if wanted {
				// In JSON a < stands only inside a string, and would end the script there if it
				// began a tag.
				if _, err := out.WriteString(separator + strings.ReplaceAll(string(line), "<", `\x3C`)); err != nil {
					return err
				}
				separator = ",\n"
			}
		}
		if end {
			return nil
		}
	}
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
