package check_test

import (
	"errors"
	"fmt"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// heard is a test that keeps what it is told.
type heard struct{ said string }

func (*heard) Helper()                             {}
func (h *heard) Errorf(format string, args ...any) { h.said += fmt.Sprintf(format, args...) }
func (h *heard) Fatal(args ...any)                 { h.said += "the end: " + fmt.Sprint(args...) }

func TestEachFailsTheTestOnlyIfItHasTo(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		good, bad func(check.T)
		parts     []string
	}{
		"Must":     {func(t check.T) { check.Must(t, nil) }, func(t check.T) { check.Must(t, boom) }, []string{"the end: boom"}},
		"OK":       {func(t check.T) { check.OK(t, nil) }, func(t check.T) { check.OK(t, boom) }, []string{"boom"}},
		"Mustf":    {func(t check.T) { check.Mustf(t, nil, "open %d", 1) }, func(t check.T) { check.Mustf(t, boom, "open %d", 1) }, []string{"the end: open 1: boom"}},
		"OKf":      {func(t check.T) { check.OKf(t, nil, "open %d", 1) }, func(t check.T) { check.OKf(t, boom, "open %d", 1) }, []string{"open 1: boom"}},
		"Fails":    {func(t check.T) { check.Fails(t, boom, "oo", "m") }, func(t check.T) { check.Fails(t, nil, "oo"); check.Fails(t, boom, "x") }, []string{`got no error, want one that says ["oo"]`, "want in it: x"}},
		"Failsf":   {func(t check.T) { check.Failsf(t, boom, "open") }, func(t check.T) { check.Failsf(t, nil, "open %d", 1) }, []string{"open 1: got no error, want one"}},
		"Equal":    {func(t check.T) { check.Equal(t, "sum", 1, 1) }, func(t check.T) { check.Equal(t, "sum", 1, 2); check.Equal(t, "name", "", "a") }, []string{"sum: got 2, want 1", `name: got "a", want ""`}},
		"Same":     {func(t check.T) { check.Same(t, "sum", 1, 1) }, func(t check.T) { check.Same(t, "sum", 1, 2) }, []string{"sum (-want +got):", "1", "2"}},
		"Contains": {func(t check.T) { check.Contains(t, "ab", "a", "b") }, func(t check.T) { check.Contains(t, "ab", "a", "c") }, []string{"ab\nwant in it: c"}},
	} {
		var good, bad heard
		test.good(&good)
		test.bad(&bad)
		if good.said != "" {
			t.Errorf("%s: got %q of what is right", name, good.said)
		}
		check.Contains(t, bad.said, test.parts...)
	}
}
