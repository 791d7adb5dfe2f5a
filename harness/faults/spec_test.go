package faults_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "",
		"conflict":                       "conflict",
		"kill, conflict":                 "conflict,kill",
		"conflict=0.2":                   "conflict",
		"lost-reply=0.3":                 "lost-reply=0.3",
		"lost-reply=30%":                 "lost-reply=0.3",
		"lost-reply=100 %":               "lost-reply=1",
		"slow=20ms":                      "slow=20ms",
		"slow=0.5:20ms":                  "slow=0.5:20ms",
		"throttle=50%:1s,stale=0":        "throttle=0.5:1s",
		"all,kill=0,cut=0,conflict=0.75": "conflict=0.75,lost-reply,failed-load,slow,stale,throttle,die-before,die-after,duplicate,reorder,hold-back,failed-feed,failed-checkpoint",
	} {
		spec, err := faults.Parse(text)
		if err != nil {
			t.Errorf("%q: got error %v, want none", text, err)
		}
		check.Equal(t, text, want, spec.String())
	}
}

func TestAllIsEveryKind(t *testing.T) {
	t.Parallel()
	spec, err := faults.Parse("all")
	check.Must(t, err)
	for _, d := range faults.Kinds() {
		if !spec.Has(d.Kind) {
			t.Errorf("all has no %s", d.Kind)
		}
		if d.About == "" || strings.Contains(d.About, "\n") {
			t.Errorf("%s: got description %q, want one line", d.Kind, d.About)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"conflicts":          "did you mean conflict?",
		"lost_reply":         "did you mean lost-reply?",
		"nonsense-of-a-kind": "The kinds are all, conflict, lost-reply,",
		"conflict,":          "there is no such kind. The kinds are",
		"kill,kill":          "named twice",
		"kill,all":           "come first",
		"all=0.5":            "takes no value",
		"kill=1.1":           "from 0 to 1",
		"kill=-0.1":          "from 0 to 1",
		"kill=NaN":           "from 0 to 1",
		"kill=":              "neither a rate",
		"kill=often":         "neither a rate",
		"kill=0.1:5ms":       "kill takes no time",
		"slow=0s":            "above zero",
		"slow=2h":            "above zero and up to 1m",
		"slow=5ms:0.1":       "the first is a rate",
		"slow=0.1:5ms:1":     "neither a rate",
	} {
		_, err := faults.Parse(text)
		if _, ok := errors.AsType[*faults.SpecError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want one that says %q", text, err, want)
		}
	}
}

// anySpec draws a spec that Parse accepts.
func anySpec(t *rapid.T) string {
	var items []string
	for _, d := range faults.Kinds() {
		if !rapid.Bool().Draw(t, string(d.Kind)) {
			continue
		}
		item := string(d.Kind)
		rate := rapid.Float64Range(0, 1).Draw(t, "rate")
		delay := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "delay"))
		switch form := rapid.IntRange(0, 3).Draw(t, "form"); {
		case form == 1:
			item = fmt.Sprintf("%s=%v", item, rate)
		case form == 2 && d.Delay > 0:
			item = fmt.Sprintf("%s=%s", item, delay)
		case form == 3 && d.Delay > 0:
			item = fmt.Sprintf("%s=%v:%s", item, rate, delay)
		}
		items = append(items, item)
	}
	return strings.Join(items, ",")
}

func TestSpecIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := anySpec(t)
		spec, err := faults.Parse(text)
		check.Must(t, err)
		again, err := faults.Parse(spec.String())
		check.Mustf(t, err, "%q, written as %q", text, spec)
		if again.String() != spec.String() {
			t.Fatalf("got %q, want %q", again, spec)
		}
		for _, d := range faults.Kinds() {
			if again.Has(d.Kind) != spec.Has(d.Kind) {
				t.Fatalf("%q: %s is lost or new", text, d.Kind)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("all,kill=0")
	f.Add("slow=0.5:20ms")
	f.Add("slow=::")
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := faults.Parse(text)
		if err != nil {
			return
		}
		if again, err := faults.Parse(spec.String()); err != nil || again.String() != spec.String() {
			t.Errorf("%q, written as %q: got %q and error %v", text, spec, again, err)
		}
	})
}
