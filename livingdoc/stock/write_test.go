package stock_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/livingdoc/stock"
)

// files are like those of the npm package, but small.
func files() fstest.MapFS {
	return fstest.MapFS{
		"dist/src/index.mustache": {Data: []byte("<title>{{title}}</title>{{icon}}<style>{{css}}{{custom_css}}</style><script>[{{messages}}];{{script}}{{custom_script}}</script>\n")},
		"dist/src/icon.url":       {Data: []byte("ICON\n")},
		"dist/main.css":           {Data: []byte("CSS")},
		"dist/main.js":            {Data: []byte("{{title}}")}, // which is no place of the template
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	run := `{"source":{"data":"</script><!-- & é"}}` + "\n\n" + `{"attachment":{"mediaType":"x/events","body":"1"}}` + "\n" +
		`{"attachment":{"body":"2","mediaType":"text/plain"}}` + "\n" + `{"meta":{}}` // the last line without its end
	if err := stock.Write(t.Context(), &out, strings.NewReader(run), files(), stock.Options{Title: "a <b>", Without: []string{"x/events", "x/waits"}}); err != nil {
		t.Fatal(err)
	}
	want := `<title>a &lt;b&gt;</title>ICON<style>CSS</style><script>[{"source":{"data":"\x3C/script>\x3C!-- & é"}},` + "\n" +
		`{"attachment":{"body":"2","mediaType":"text/plain"}},` + "\n" +
		`{"meta":{}}];{{title}}</script>` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestWriteRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`{}];alert(1);[{}`, `alert(1)`, `{"a":1}{"b":2}`, `[]`, `"text"`, `{"a":`, `{"attachment":1}`} {
		err := stock.Write(t.Context(), io.Discard, strings.NewReader("{}\n"+line+"\n"), files(), stock.Options{Without: []string{"x"}})
		var format *stock.FormatError
		if !errors.As(err, &format) || format.Line != 2 {
			t.Errorf("%s: got error %v, want one for line 2", line, err)
		}
	}
}

func TestWriteRefusesAnotherVersionOfTheFiles(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(fstest.MapFS){
		"no template": func(f fstest.MapFS) { delete(f, "dist/src/index.mustache") },
		"no script":   func(f fstest.MapFS) { delete(f, "dist/main.js") },
		"another place": func(f fstest.MapFS) {
			f["dist/src/index.mustache"].Data = []byte("{{css}}{{messages}}{{script}}{{footer}}")
		},
		"no place for the script": func(f fstest.MapFS) { f["dist/src/index.mustache"].Data = []byte("{{css}}{{messages}}") },
		"a place without an end":  func(f fstest.MapFS) { f["dist/src/index.mustache"].Data = []byte("{{css}}{{messages}}{{script}}{{") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := files()
			spoil(files)
			if err := stock.Write(t.Context(), io.Discard, strings.NewReader("{}"), files, stock.Options{}); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestWritePassesErrorsOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if err := stock.Write(t.Context(), io.Discard, failing{broken}, files(), stock.Options{}); !errors.Is(err, broken) {
		t.Errorf("reading: got error %v, want %v", err, broken)
	}
	if err := stock.Write(t.Context(), failing{broken}, strings.NewReader("{}"), files(), stock.Options{}); !errors.Is(err, broken) {
		t.Errorf("writing: got error %v, want %v", err, broken)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stock.Write(canceled, io.Discard, strings.NewReader("{}"), files(), stock.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got error %v, want %v", err, context.Canceled)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }
