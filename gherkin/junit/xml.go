package junit

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/gherkin/suite"
)

// Property is a name with a value.
type Property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type (
	testsuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"` // always 0
		Skipped  int         `xml:"skipped,attr"`
		Flakes   int         `xml:"flakes,attr"`
		Time     string      `xml:"time,attr"`
		Suites   []testsuite `xml:"testsuite"`
	}
	testsuite struct {
		Name       string      `xml:"name,attr"`
		Tests      int         `xml:"tests,attr"`
		Failures   int         `xml:"failures,attr"`
		Errors     int         `xml:"errors,attr"` // always 0
		Skipped    int         `xml:"skipped,attr"`
		Flakes     int         `xml:"flakes,attr"` // Surefire's; they are in none of the other counts
		Time       string      `xml:"time,attr"`   // all its scenarios', which run side by side
		Timestamp  string      `xml:"timestamp,attr"`
		File       string      `xml:"file,attr,omitempty"`
		Properties *properties `xml:"properties"`
		Cases      []testcase  `xml:"testcase"`

		took    time.Duration
		started time.Time
	}
	testcase struct {
		Class      string      `xml:"classname,attr"`
		Name       string      `xml:"name,attr"`
		Time       string      `xml:"time,attr"`
		File       string      `xml:"file,attr,omitempty"`
		Line       int         `xml:"line,attr,omitempty"`
		Properties *properties `xml:"properties"`
		Skipped    *skipped    `xml:"skipped"`
		Failure    *problem    `xml:"failure"`
		Reruns     []*problem  `xml:"rerunFailure"`
		Flaky      []*problem  `xml:"flakyFailure"`
		Output     *output     `xml:"system-out"`
	}
	properties struct {
		List []Property `xml:"property"`
	}
	skipped struct {
		Message string `xml:"message,attr"`
	}
	problem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	output struct {
		Text string `xml:",cdata"`
	}
)

// readable makes text of which the lines stay lines in the file. The encoder does
// not look into it, so what XML cannot hold is replaced here.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 {
			return r
		}
		return '\uFFFD'
	}, text)
}

func (s *testsuite) add(c testcase, r suite.Result) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.took += max(r.Duration, 0)
	if r.Started.Before(s.started) {
		s.started, s.Timestamp = r.Started, timestamp(r.Started)
	}
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Skipped != nil:
		s.Skipped++
	case r.Flaky():
		s.Flakes++
	}
}

func title(f *suite.Feature) string {
	if f.Name == "" {
		return f.URI
	}
	return f.Name
}

// class groups scenarios under their feature and rule.
func class(s *suite.Scenario) string {
	if s.Rule == "" {
		return title(s.Feature)
	}
	return title(s.Feature) + " › " + s.Rule
}

// name tells the rows of an outline apart.
func name(s *suite.Scenario) string {
	if s.Row == 0 {
		return s.Name
	}
	return fmt.Sprintf("%s (%d: %s)", s.Name, s.Row, strings.Join(s.Cells, ", "))
}

// seconds is never negative, which readers refuse.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

func firstLine(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return first
}
