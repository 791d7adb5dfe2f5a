package history_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

func TestRedirects(t *testing.T) {
	t.Parallel()
	at := func(n int, keysAndAddresses ...string) history.Build {
		b := build(n, "", run.Passed)
		b.Scenarios = nil
		for i := 0; i < len(keysAndAddresses); i += 2 {
			b.Scenarios = append(b.Scenarios, history.Scenario{
				Key: keysAndAddresses[i], Address: keysAndAddresses[i+1], Results: map[string]history.Result{"memory": {State: run.Passed}},
			})
		}
		return b
	}
	tests := []struct {
		name   string
		builds []history.Build
		want   []history.Redirect
	}{
		{"nothing moved", []history.Build{at(0, "f|r|a", "a"), at(1, "f|r|a", "a")}, nil},
		{"an address changed", []history.Build{at(0, "f|r|a", "a"), at(1, "f|r|a", "b")}, []history.Redirect{{From: "a", To: "b"}}},
		{"and changed back", []history.Build{at(0, "f|r|a", "a"), at(1, "f|r|a", "b"), at(2, "f|r|a", "a")}, []history.Redirect{{From: "b", To: "a"}}},
		{
			"an address that another scenario has now",
			[]history.Build{at(0, "f|r|a", "x"), at(1, "f|r|a", "y", "f|r|b", "x")},
			nil,
		},
		{
			"a title was changed, twice",
			[]history.Build{
				at(0, "stays|leaving|the guest leaves with a debt", "debt", "stays|arriving|the guest arrives", "arrives"),
				at(1, "stays|leaving|the guest leaves with a balance", "balance", "stays|arriving|the guest arrives", "arrives", "coaches|x|new", "new"),
				at(2, "stays|leaving|a guest leaves with a balance", "now", "stays|arriving|the guest arrives", "arrives"),
			},
			[]history.Redirect{{From: "balance", To: "now"}, {From: "debt", To: "now"}, {From: "new", To: ""}},
		},
		{
			"what came is quite another",
			[]history.Build{at(0, "stays|leaving|the guest leaves", "a"), at(1, "coaches|groups|wedding party", "b")},
			[]history.Redirect{{From: "a", To: ""}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, h := extended(t, test.builds...)
			if got := h.Redirects(); len(got)+len(test.want) > 0 && !cmp.Equal(test.want, got) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(test.want, got))
			}
		})
	}
	if got := load(t, nil).Redirects(); len(got) > 0 {
		t.Errorf("without builds got %v", got)
	}
}

// TestARuleIsWhereItsScenariosAre, also after its page was written and read again.
func TestARuleIsWhereItsScenariosAre(t *testing.T) {
	t.Parallel()
	at := func(n int, list ...history.Scenario) history.Build {
		b := build(n, "", run.Passed)
		b.Scenarios = list
		for i := range b.Scenarios {
			b.Scenarios[i].Results = map[string]history.Result{"memory": {State: run.Passed}}
		}
		return b
	}
	text, _ := extended(
		t,
		at(0, history.Scenario{Key: "f|a guest leaves|first", Address: "1", Rule: "leaves"}, history.Scenario{Key: "f|a guest leaves|second", Address: "2", Rule: "leaves"}, history.Scenario{Key: "f|coaches|third", Address: "3", Rule: "coaches"}),
		at(1, history.Scenario{Key: "f|a guest departs|first", Address: "1", Rule: "departs"}, history.Scenario{Key: "f|a guest departs|second", Address: "2", Rule: "departs"}, history.Scenario{Key: "f|coaches|third", Address: "3", Rule: "tours"}),
	)
	h := load(t, text)
	check.Same(t, "the result", []history.Redirect{{From: "coaches", To: "tours"}, {From: "leaves", To: "departs"}}, h.Redirects())
	if n := strings.Count(string(text), `"r":"leaves"`); n != 1 {
		t.Errorf("the rule that two scenarios share is named %d times in the line, want once", n)
	}
	if _, _, err := history.Extend(text, at(2, history.Scenario{Key: "a", Rule: "r"}, history.Scenario{Key: "b"})); err == nil {
		t.Error("of a build with a scenario without a rule's address beside one with it got no error")
	}
}
