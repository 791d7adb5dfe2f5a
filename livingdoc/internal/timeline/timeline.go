package timeline

import (
	"fmt"
	"html/template"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
)

// Options are what may differ from drawing to drawing. A zero field has the
// default that is given with it.
type Options struct {
	// ID begins the ids of the drawing's elements, which have to differ from all
	// others of the page. What an id may not hold is replaced. Default: timeline.
	ID string
	// Title is what the picture is called. Default: What was written, in order.
	Title string
	// Scenario and Reactor say who writes. Default: by the scenario, by the reactor.
	Scenario, Reactor string
	// Brief leaves out what a page with many pictures says once for all of them:
	// the legend, the name and description, for which its texts are read one by
	// one, and all style, which is that of [Style].
	Brief bool
	// MaxLanes is how many streams are shown at most. Default: 8.
	MaxLanes int
	// MaxEvents is how many events are shown at most. Default: 40.
	MaxEvents int
}

func (o Options) withDefaults() Options {
	o.ID = cleanID(o.ID)
	if o.Title == "" {
		o.Title = "What was written, in order"
	}
	if o.Scenario == "" {
		o.Scenario = "by the scenario"
	}
	if o.Reactor == "" {
		o.Reactor = "by the reactor"
	}
	if o.MaxLanes <= 0 {
		o.MaxLanes = 8
	}
	if o.MaxEvents <= 0 {
		o.MaxEvents = 40
	}
	return o
}

// cleanID returns an id that may stand in an attribute and in a URL's fragment.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, id)
	if id == "" {
		return "timeline"
	}
	return id
}

// Draw returns the events as an svg element, which is well-formed XML. It is
// empty if there are no events.
func Draw(events evidence.Events, options Options) template.HTML {
	options = options.withDefaults()
	shown := choose(events, options)
	if len(shown.rows) == 0 {
		return ""
	}
	if options.Brief {
		return brief(shown)
	}
	return drawing(shown, options)
}

// List returns the events that [Draw] shows as an ol element, which is
// well-formed XML. It is empty if there are no events.
func List(events evidence.Events, options Options) template.HTML {
	options = options.withDefaults()
	shown := choose(events, options)
	if len(shown.rows) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString(`<ol class="timeline-list">`)
	for _, row := range shown.rows {
		if row.skipped > 0 {
			fmt.Fprintf(&out, `<li class="timeline-more">%s</li>`, clean(row.text))
			continue
		}
		fmt.Fprintf(&out, `<li><b>%s</b> %s`, clean(shown.lanes[row.lane].label), clean(row.text))
		if row.reactor {
			fmt.Fprintf(&out, ` <span class="timeline-by">(%s`, clean(options.Reactor))
			if row.because != "" {
				fmt.Fprintf(&out, `, because of %s`, clean(row.because))
			}
			out.WriteString(`)</span>`)
		}
		out.WriteString(`</li>`)
	}
	if shown.more != "" {
		fmt.Fprintf(&out, `<li class="timeline-more">%s</li>`, clean(shown.more))
	}
	out.WriteString(`</ol>`)
	return template.HTML(out.String()) //nolint:gosec // every text in it went through clean
}
