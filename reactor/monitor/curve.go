package monitor

import (
	"fmt"
	"strings"
	"time"
)

// curve is a figure over the last hour, as it is drawn.
type curve struct {
	Title string
	Path  string // of an SVG of curveWidth by curveHeight
	Text  string // the same in words
}

const (
	curveWidth  = 600.0
	curveHeight = 100.0
)

// curves are those of a history at a time.
func curves(points []point, now time.Time) []curve {
	lag := curve{Title: "Lag"}
	rate := curve{Title: "Events read"}
	lag.Path, lag.Text = drawn(points, now, "Not known yet.", func(p point) (float64, bool) { return p.lag.Seconds(), p.known },
		func(v float64) string { return seconds(time.Duration(v * float64(time.Second))).String() })
	rate.Path, rate.Text = drawn(points, now, "Nothing is counted yet.", func(p point) (float64, bool) { return p.rate, true },
		func(v float64) string { return fmt.Sprintf("%.4g a second", v) })
	return []curve{lag, rate}
}

// drawn draws a figure: a gap where it is not known, and the highest value at the top.
func drawn(points []point, now time.Time, without string, value func(point) (float64, bool), say func(float64) string) (path, text string) {
	top, last, is := 0.0, 0.0, false
	for _, p := range points {
		if v, known := value(p); known {
			top, last, is = max(top, v), v, true
		}
	}
	if !is {
		return "", without
	}
	var drawing strings.Builder
	move := "M"
	for _, p := range points {
		v, known := value(p)
		if !known {
			move = "M"
			continue
		}
		x, y := curveWidth*(1-now.Sub(p.at).Seconds()/pointsFor.Seconds()), curveHeight
		if top > 0 {
			y -= curveHeight * v / top
		}
		fmt.Fprintf(&drawing, "%s%.1f %.1f", move, max(x, 0), y)
		move = "L"
	}
	return drawing.String(), fmt.Sprintf("%s at last, %s at most in the last hour.", say(last), say(top))
}
