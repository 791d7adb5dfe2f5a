package livingdoc

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// luminance is how light a colour is, as the guidelines for accessible contents count.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(colour, "#")
	if len(digits) == 3 {
		digits = fmt.Sprintf("%c%[1]c%c%[2]c%c%[3]c", digits[0], digits[1], digits[2])
	}
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		check.Mustf(t, err, "the colour %q", colour)
		part := float64(n) / 255
		if part <= .04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}

// TestLinesAndTextsStandOut in both sets of colours: axe looks at texts alone, and not
// at those that a page happens not to have.
func TestLinesAndTextsStandOut(t *testing.T) {
	t.Parallel()
	style, err := assets.ReadFile("assets/style.css")
	check.Must(t, err)
	light, dark, found := strings.Cut(string(style), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("the style sheet has no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	const text, line = 4.5, 3
	pairs := []struct {
		fore, ground string
		least        float64
	}{
		{"ink", "paper", text},
		{"ink", "sheet", text},
		{"ink", "mark", text},
		{"soft", "paper", text},
		{"soft", "sheet", text},
		{"soft", "mark", text},
		{"soft", "wash", text},
		{"link", "paper", text},
		{"link", "sheet", text},
		{"link", "mark", text},
		{"good", "good-ground", text},
		{"bad", "bad-ground", text},
		{"shaky", "shaky-ground", text},
		{"left", "left-ground", text},
		{"good", "sheet", text},
		{"bad", "sheet", text},
		{"shaky", "sheet", text},
		{"left", "sheet", text},
		{"ink", "good-ground", text},
		{"ink", "bad-ground", text},
		{"ink", "shaky-ground", text},
		{"ink", "left-ground", text},
		{"ink", "timeline-stop", text},
		{"ink", "timeline-break", text},
		{"ink", "timeline-time", text},
		{"soft", "timeline-stop", text},
		{"soft", "timeline-break", text},
		{"soft", "timeline-time", text},
		{"bad", "timeline-stop", text},
		{"bad", "timeline-break", text},
		{"line-strong", "paper", line},
		{"line-strong", "sheet", line},
		{"timeline-lane", "paper", line},
		{"timeline-arrow", "paper", line},
		{"timeline-scenario", "paper", line},
		{"timeline-reactor", "paper", line},
		{"timeline-refused", "timeline-stop", line},
	}
	variable := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)
	for theme, rules := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, match := range variable.FindAllStringSubmatch(rules, -1) {
			colours[match[1]] = match[2]
		}
		for _, pair := range pairs {
			fore, ground := luminance(t, colours[pair.fore]), luminance(t, colours[pair.ground])
			if ratio := (max(fore, ground) + .05) / (min(fore, ground) + .05); ratio < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", theme, pair.fore, pair.ground, ratio, pair.least)
			}
		}
	}
}
