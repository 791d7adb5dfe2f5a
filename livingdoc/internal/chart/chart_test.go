package chart_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/golden"
	"example.com/groupcheckout/livingdoc/internal/chart"
)

func life(texts ...string) []chart.Step {
	var made []chart.Step
	for _, text := range texts {
		word := strings.Fields(strings.TrimLeft(text, "0123456789 "))[0]
		made = append(made, chart.Step{Type: word, Text: text})
	}
	return made
}

// trucks is what became of trucks in four examples.
func trucks() *chart.Graph {
	g := chart.New()
	g.Add(life("arrived", "loaded 20.00", "loaded 30.00", "left with 2 parcels"), chart.Place{Title: "A full <truck>", Address: "a.html"})
	g.Add(life("arrived", "emptied", "loaded 1.00", "emptied", "left with 1 parcel"), chart.Place{Title: "Back & forth", Address: "b.html"})
	g.Add(life("arrived", "loaded 1.00"), chart.Place{Title: "Another", Address: "c.html"})
	g.Add(life("arrived", "loaded 1.00"), chart.Place{Title: "Another", Address: "c.html"}) // on another store
	g.Add([]chart.Step{{Type: "arrived", Text: "arrived"}, {Type: "Washed"}, {Type: "left", Text: "left with 0 parcels"}}, chart.Place{Title: "Unknown", Address: "d.html"})
	return g
}

func draw(g *chart.Graph) string {
	return string(g.Draw("What becomes of a truck", func(address string) string { return "../" + address }))
}

func TestAChart(t *testing.T) {
	t.Parallel()
	got := strings.ReplaceAll(draw(trucks()), "><", ">\n<") + "\n"
	golden.Compare(t, "trucks.svg", got)
	check.OKf(t, xml.Unmarshal([]byte(got), new(struct{})), "it is no XML")
}

func TestEachArrowLeadsToAnExample(t *testing.T) {
	t.Parallel()
	got := draw(trucks())
	for _, want := range []string{
		`<a href="../a.html" aria-label="at first, then arrived: in 4 examples, such as “A full &lt;truck&gt;”">`,
		`<a href="../a.html" aria-label="loaded, then loaded: in 1 example “A full &lt;truck&gt;”">`,
		`<a href="../b.html" aria-label="loaded, then emptied: in 1 example “Back &amp; forth”">`,
		`<a href="../d.html" aria-label="arrived, then left: in 1 example “Unknown”">`, // what nobody knows changes nothing
		`<rect class="end"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s:\n%s", want, got)
		}
	}
	if n := trucks().Len(); n != 4 || strings.Contains(got, "Washed") || strings.Count(got, `class="end"`) != 1 {
		t.Errorf("got %d states, want the 4 that are known, of which one is the end:\n%s", n, got)
	}
	for range 5 {
		if again := draw(trucks()); again != got {
			t.Fatal("the same lives are drawn in two ways")
		}
	}
}
