package report

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/gherkin/suite"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"` // always 0
		Skipped  int          `xml:"skipped,attr"`
		Flakes   int          `xml:"flakes,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"` // always 0
		Skipped    int              `xml:"skipped,attr"`
		Flakes     int              `xml:"flakes,attr"` // Surefire's; they are in none of the other counts
		Time       string           `xml:"time,attr"`   // all its scenarios', which run side by side
		Timestamp  string           `xml:"timestamp,attr"`
		File       string           `xml:"file,attr,omitempty"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`

		took    time.Duration
		started time.Time
	}
	junitCase struct {
		Class      string           `xml:"classname,attr"`
		Name       string           `xml:"name,attr"`
		Time       string           `xml:"time,attr"`
		File       string           `xml:"file,attr,omitempty"`
		Line       int              `xml:"line,attr,omitempty"`
		Properties *junitProperties `xml:"properties"`
		Skipped    *junitSkipped    `xml:"skipped"`
		Failure    *junitProblem    `xml:"failure"`
		Reruns     []*junitProblem  `xml:"rerunFailure"`
		Flaky      []*junitProblem  `xml:"flakyFailure"`
		Output     *junitOutput     `xml:"system-out"`
	}
	junitProperties struct {
		List []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	junitOutput struct {
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

func (s *junitSuite) add(c junitCase, r suite.Result) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.took += max(r.Duration, 0)
	if r.Started.Before(s.started) {
		s.started, s.Timestamp = r.Started, inUTC(r.Started)
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
	return fmt.Sprintf("%s (%d: %s)", s.Name, s.Row, s.Values())
}

// seconds is never negative, which readers refuse.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

func firstLine(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return first
}
