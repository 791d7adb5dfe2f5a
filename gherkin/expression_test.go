package gherkin

import (
	"fmt"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestCapturesKeepTheirNesting(t *testing.T) {
	t.Parallel()
	groups, err := captures(`^(a(b(c))(d)) (?:e(f)) [(] (\(g)$`)
	check.Must(t, err)
	var got []string
	for _, g := range groups {
		got = append(got, fmt.Sprint(g))
	}
	want := []string{"{1 [{2 [{3 []}]} {4 []}]}", "{5 []}", "{6 []}"}
	check.Same(t, "groups", want, got)
}

func FuzzExpression(f *testing.F) {
	f.Add(`^a(b)[^](]\Q(\E$`)
	f.Add("the payer {string} settles {money} in {int} second(s)/minute(s)")
	f.Add("a \\{ b {")
	f.Fuzz(func(_ *testing.T, expression string) {
		// It must return an error for whatever it does not understand.
		_, _ = Compile(func(r *Registrar) {
			r.Step(expression, func() error { return nil })
			r.Step(expression+" ", func(string) error { return nil })
		})
	})
}
