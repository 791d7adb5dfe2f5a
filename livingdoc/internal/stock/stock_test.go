package stock_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/stock"
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

func TestReport(t *testing.T) {
	t.Parallel()
	run := `{"source":{"data":"</script><!-- & é"}}` + "\n\n" + `{"attachment":{"mediaType":"x/events","body":"1"}}` + "\n" +
		`{"attachment":{"body":"2","mediaType":"text/plain"}}` + "\n" + `{"meta":{}}` // the last line without its end
	got, err := stock.Report([]byte(run), files(), "a <b>", "x/events", "x/waits")
	check.Must(t, err)
	want := `<title>a &lt;b&gt;</title>ICON<style>CSS</style><script>[{"source":{"data":"\x3C/script>\x3C!-- & é"}},` + "\n" +
		`{"attachment":{"body":"2","mediaType":"text/plain"}},` + "\n" +
		`{"meta":{}}];{{title}}</script>` + "\n"
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`{}];alert(1);[{}`, `alert(1)`, `{"a":1}{"b":2}`, `[]`, `"text"`, `{"a":`, `{"attachment":1}`} {
		_, err := stock.Report([]byte("{}\n"+line+"\n"), files(), "", "x")
		if err == nil || !strings.Contains(err.Error(), "line 2 of the run is no Cucumber Message") {
			t.Errorf("%s: got error %v, want one for line 2", line, err)
		}
	}
}

func TestAnotherVersionOfTheFilesIsRefused(t *testing.T) {
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
			if _, err := stock.Report([]byte("{}"), files, ""); err == nil {
				t.Error("got no error")
			}
		})
	}
}
