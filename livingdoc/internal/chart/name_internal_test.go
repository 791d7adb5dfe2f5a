package chart

import "testing"

func TestAStateIsCalledWhatMostOfItsEventsSay(t *testing.T) {
	t.Parallel()
	g := New()
	g.Add([]Step{{"Paid", "paid 10.00"}, {"Paid", "paid 5.00"}, {"Paid", "paid out 2.00"}, {"Merged", "1 stay merged"}, {"Merged", "2 stays merged"}}, Place{})
	for typ, want := range map[string]string{"Paid": "paid", "Merged": "stays merged"} {
		if got := g.nodes[typ].name(); got != want {
			t.Errorf("%s is called %q, want %q", typ, got, want)
		}
	}
}
