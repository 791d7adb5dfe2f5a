package livingdoc

import (
	"maps"
	"testing"
)

// sheetOfThree is what Chromium makes of three pages, as far as places go.
const sheetOfThree = "1 0 obj\n<</Type /Page\n/Resources 9 0 R>>\nendobj\n4 0 obj\n<</Type /Page\n>>\nendobj\n7 0 obj\n<</Type /Page\n>>\nendobj\n" +
	"8 0 obj\n<</Type /Pages\n/Count 2\n/Kids [1 0 R 4 0 R]>>\nendobj\n9 0 obj\n<</Type /Pages\n/Kids [7 0 R]>>\nendobj\n10 0 obj\n<</Type /Pages\n/Kids [8 0 R 9 0 R]>>\nendobj\n" +
	"11 0 obj\n<</c0 [4 0 R /XYZ 0 700 0]\n/c0-1 [7 0 R /XYZ 0 300 0]\n/words [99 0 R /XYZ 0 0 0]>>\nendobj\n"

func TestPagesAreFoundInAPDF(t *testing.T) {
	t.Parallel()
	if got, want := pagesIn([]byte(sheetOfThree)), map[string]int{"c0": 2, "c0-1": 3}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := pagesIn([]byte("%PDF-2.0 of another form")); len(got) != 0 {
		t.Errorf("got %v of what has another form", got)
	}
	const sheet = "<html><body class=print><a href=#c0>1</a><ol class=toc><li><a href=#c0>A</a><a href=\"#words\">B</a></ol></nav><a href=#c0>2</a>"
	const want = "<html><style>@page{size:A4}</style><body class=print><a href=#c0>1</a><ol class=toc><li><a href=\"#c0\" data-page=\"2\">A</a><a href=\"#words\">B</a></ol></nav><a href=#c0>2</a>"
	if got := string(withPages([]byte(sheet), map[string]int{"c0": 2}, "A4")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
