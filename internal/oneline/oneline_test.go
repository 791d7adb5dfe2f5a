package oneline

import (
	"strings"
	"testing"
)

func TestWhatStandsAroundASettingIsTakenOff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                  "",
		" \r\n":             "",
		"it":                "it",
		"it\n":              "it",
		"it\r\n\n":          "it",
		"\t it  ":           "it",
		"\ufeffit\u00a0":    "it",
		"a b\tc":            "a b\tc",
		"password=a\\\\ \n": "password=a\\\\",
	} {
		for name, of := range map[string]func(string) (string, error){"Of": Of, "Connection": Connection} {
			if got, err := of(text); got != want || err != nil {
				t.Errorf("%s(%q): got %q and error %v, want %q", name, text, got, err, want)
			}
		}
	}
	if got, err := Connection("password=a\\ \n"); got != `password=a\ ` || err != nil {
		t.Errorf("got %q and error %v, want the blank behind the backslash kept", got, err)
	}
}

func TestASettingIsOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"s3cret\ns3cret": "line break", "s3cret\rs3cret": "line break", "s3cret\x00s3cret": "control", "s3cret\x1bs3cret": "control"} {
		if _, err := Of(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: got error %v, want one about a %s that does not repeat it", text, err, want)
		}
	}
}
