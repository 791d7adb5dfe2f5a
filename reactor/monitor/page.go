package monitor

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// NewPage serves what a reactor is at:
//
//	/             for people, also in a terminal's browser
//	/status.json  the same for programs, a page of each list: ?limit=100&offset=0
//	/healthz      200 or 503, with the reasons as text: should somebody see to it?
//	/readyz       the same: does it work now, with all that it needs?
//	/metrics      what the gatherer has, in the form of Prometheus
//
// It asks the reactor 20 times a second at the most, whoever asks, and gives up after
// 5 s. Nothing here
// changes anything, but streams and errors are named: it is for the operators'
// network.
//
// Of a [History] it shows curves. What belongs to the store stands below the reactor, in sections of its own.
func NewPage(monitored Reactor, metrics prometheus.Gatherer, sections ...func(context.Context) []Section) http.Handler {
	p := &page{monitored: monitored, sections: sections, template: template.Must(template.New("page").Parse(pageText))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serveHTML)
	mux.HandleFunc("GET /page.css", file("text/css; charset=utf-8", pageStyle))
	mux.HandleFunc("GET /page.js", file("text/javascript; charset=utf-8", pageScript))
	mux.HandleFunc("GET /status.json", p.serveJSON)
	mux.HandleFunc("GET /healthz", p.serveHealth)
	mux.HandleFunc("GET /readyz", p.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// Section is a part of the page about something else than the reactor.
type Section struct {
	Title string `json:"title"`
	Lines []Line `json:"lines"`
	// Reasons are reasons for a look, which /healthz gives too. They do not make the
	// reactor unhealthy.
	Reasons []string `json:"-"`
}

// Line is a figure in a [Section].
type Line struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

type page struct {
	monitored Reactor
	sections  []func(context.Context) []Section
	template  *template.Template

	mu    sync.Mutex
	seen  statusView // as it was last asked for
	asked time.Time
}

// statusView is a status as it is shown.
type statusView struct {
	At             time.Time     `json:"at"`
	Group          string        `json:"consumerGroup"`
	Healthy        bool          `json:"healthy"`
	Outages        []outageView  `json:"outages"` // servers that cannot be reached
	Ready          bool          `json:"ready"`
	Reasons        []string      `json:"reasons"`
	Tranches       []trancheView `json:"tranches"`
	Calls          []callView    `json:"calls"`
	Troubled       []troubleView `json:"troubled"`
	Waiting        int           `json:"waitingStreams"`
	CallsInAll     int           `json:"callsInAll"` // of which calls is a page
	TroubledInAll  int           `json:"troubledInAll"`
	AsideInAll     int           `json:"quarantinedInAll"`
	Unhandled      int           `json:"unhandledEvents"` // read and not handled
	Aside          []asideView   `json:"quarantined"`
	Member         string        `json:"member,omitempty"`   // how the holders of slots name this process
	StandsBy       bool          `json:"standsBy,omitempty"` // others do the work
	Slots          []slotView    `json:"slots,omitempty"`
	RosterError    string        `json:"rosterError,omitempty"` // why it is not known who holds the slots
	RosterErrorFor span          `json:"rosterErrorForSeconds,omitempty"`
	StandBy        []standByView `json:"standByLooks,omitempty"` // whether this process could read if it took over
	Servers        serversView   `json:"servers"`
	Sections       []Section     `json:"sections,omitempty"`
	Curves         []curve       `json:"-"`
}

// serversView are the servers of the store, by name; empty where they have none.
type serversView struct {
	Leader      string `json:"leader"`
	Reads       string `json:"reads"`
	Checkpoints string `json:"checkpoints"`
}

type standByView struct {
	Tranche  feed.Tranche `json:"tranche"`
	Error    string       `json:"error"` // of the last look
	ErrorFor span         `json:"errorForSeconds"`
	Server   string       `json:"errorAt"`
	StillFor span         `json:"standsStillForSeconds"`

	Silent    string `json:"silent"` // why nothing new comes into the feed
	SilentFor span   `json:"silentForSeconds"`
}

type slotView struct {
	Slot    int    `json:"slot"`
	Holder  string `json:"holder"`  // "" if nobody holds it
	Working bool   `json:"working"` // this process works on it
	Free    span   `json:"freeForSeconds"`
	Error   string `json:"error"` // why this process, which holds it, cannot begin with it
}

type asideView struct {
	Stream   string     `json:"stream"`
	For      span       `json:"forSeconds"`
	Cause    string     `json:"cause"`
	UpTo     es.Version `json:"upTo"` // what was passed over is below it
	Retrying bool       `json:"retrying"`
}

type outageView struct {
	Server string `json:"server"`
	For    span   `json:"forSeconds"`
	Error  string `json:"error"`
}

type trancheView struct {
	Tranche    feed.Tranche   `json:"tranche"`
	Read       feed.Position  `json:"read"`
	Completed  feed.Position  `json:"completed"`
	Saved      feed.Position  `json:"saved"` // -1 if there is no checkpoint
	Incomplete int            `json:"incompleteBatches"`
	Full       bool           `json:"full"`
	FullFor    span           `json:"fullForSeconds"`
	End        *feed.Position `json:"end"`           // of the feed; null if it is not known
	Unread     *int           `json:"lagEvents"`     // not read yet; null if that is not known
	UnreadMore bool           `json:"lagEventsMore"` // there are more
	EndAge     span           `json:"-"`             // how old these figures are, if that is to be said
	Lag        *span          `json:"lagSeconds"`    // how old the oldest of them is; null if that is not known
	StillFor   span           `json:"standsStillForSeconds"`
	Silent     string         `json:"silent"` // why nothing new comes into the feed
	SilentFor  span           `json:"silentForSeconds"`
	Error      string         `json:"error"` // of the last read
	ErrorFor   span           `json:"errorForSeconds"`
	ErrorAt    string         `json:"errorAt"` // the server that failed

	SaveError    string `json:"saveError"` // of the last save of the checkpoint
	SaveErrorFor span   `json:"saveErrorForSeconds"`
}

type callView struct {
	Stream string `json:"stream"`
	For    span   `json:"forSeconds"`
	Hung   bool   `json:"hung"` // its time is over, and it goes on
}

type troubleView struct {
	Stream   string    `json:"stream"`
	For      span      `json:"forSeconds"`
	Attempts int       `json:"attempts"`
	NextTry  time.Time `json:"nextTry"`
	NextIn   string    `json:"-"`
	Cause    string    `json:"cause"`
	Person   bool      `json:"needsPerson"` // trying again is of no use until somebody has acted
}

// span is a time that something lasts: 1m30s for people, 90 for programs.
type span time.Duration

func (s span) String() string { return seconds(time.Duration(s)).String() }

// MarshalJSON writes seconds.
func (s span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).Seconds()) }

// maxListed is how many of each the pages list, and maxPage how many a program may ask
// for at once.
const (
	maxListed = 100
	maxPage   = 1000
)

// Listed is the troubled streams for people, with short causes.
func (v statusView) Listed() []troubleView {
	var listed []troubleView
	for _, t := range v.Troubled[:min(len(v.Troubled), maxListed)] {
		t.Cause = short(t.Cause)
		listed = append(listed, t)
	}
	return listed
}

// ListedAside is as Listed, of those set aside.
func (v statusView) ListedAside() []asideView {
	listed := slices.Clone(v.Aside[:min(len(v.Aside), maxListed)])
	for i := range listed {
		listed[i].Cause = short(listed[i].Cause)
	}
	return listed
}

// oldEnd is how old the end of the feed may be before that is said. It is asked for every five
// seconds.
const oldEnd = 15 * time.Second

// OneUnread tells whether exactly one event is not read.
func (t trancheView) OneUnread() bool { return t.Unread != nil && *t.Unread == 1 && !t.UnreadMore }

// Unlisted is how many troubled streams are not listed.
func (v statusView) Unlisted() int { return max(0, len(v.Troubled)-maxListed) }

// fresh is for how long an answer is good for whoever asks next.
const fresh = 50 * time.Millisecond

// view is what the reactor said just now. Those who ask at once wait for one answer.
func (p *page) view(ctx context.Context) statusView {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked.IsZero() || time.Since(p.asked) >= fresh {
		p.seen = p.ask(context.WithoutCancel(ctx))
		p.asked = time.Now()
	}
	return p.seen
}

// ask asks the reactor. One that does not answer is unhealthy for that reason.
func (p *page) ask(ctx context.Context) statusView {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	view := p.reactor(ctx)
	if history, ok := p.monitored.(*History); ok {
		view.Curves = curves(history.kept(), time.Now())
	}
	for _, section := range p.sections {
		for _, part := range section(ctx) {
			view.Sections, view.Reasons = append(view.Sections, part), append(view.Reasons, part.Reasons...)
		}
	}
	return view
}

func (p *page) reactor(ctx context.Context) statusView {
	status, err := p.monitored.Status(ctx)
	if err != nil {
		reason, starting := fmt.Sprintf("the reactor does not tell its status: %v", err), errors.Is(err, ErrStarting)
		if starting {
			reason = fmt.Sprintf("the reactor is starting for %s", seconds(time.Since(status.At)))
		}
		return statusView{
			At: time.Now(), Healthy: starting && time.Since(status.At) < starts, Reasons: []string{reason},
			Outages: []outageView{}, Aside: []asideView{}, Tranches: []trancheView{}, Calls: []callView{}, Troubled: []troubleView{},
		}
	}
	ok, reasons := health(status)
	view := statusView{
		At: status.At, Group: status.Group, Ready: len(status.Outages) == 0, Healthy: ok, Reasons: append([]string{}, reasons...),
		Outages: []outageView{}, Aside: []asideView{}, Tranches: []trancheView{}, Calls: []callView{}, Troubled: []troubleView{}, // [] in JSON rather than null
		Waiting: status.Waiting, Unhandled: status.Unhandled,
	}
	view.Member, view.StandsBy, view.RosterError = status.Member, status.StandsBy(), status.RosterError
	if view.RosterError != "" {
		view.RosterErrorFor = span(status.At.Sub(status.RosterSince))
		view.Ready = view.Ready && time.Duration(view.RosterErrorFor) < status.Lease
	}
	view.Servers = serversView(status.Servers)
	for _, t := range status.StandBy {
		shown := standByView{Tranche: t.Tranche, Error: t.Error, Server: t.Server}
		if t.Error != "" {
			shown.ErrorFor = span(status.At.Sub(t.ErrorSince))
		}
		if !t.StillSince.IsZero() {
			shown.StillFor = span(status.At.Sub(t.StillSince))
		}
		if t.Silent != "" {
			shown.Silent, shown.SilentFor = t.Silent, span(status.At.Sub(t.SilentSince))
		}
		view.StandBy = append(view.StandBy, shown)
	}
	for _, s := range status.Slots {
		shown := slotView{Slot: s.Slot, Holder: s.Holder, Working: s.Working, Error: s.Error}
		view.Ready = view.Ready && s.Error == ""
		if !s.FreeSince.IsZero() {
			shown.Free = span(status.At.Sub(s.FreeSince))
		}
		view.Slots = append(view.Slots, shown)
	}
	for _, a := range status.Aside {
		view.Aside = append(view.Aside, asideView{a.Stream.String(), span(status.At.Sub(a.Since)), a.Cause, a.UpTo, a.Retrying})
	}
	for _, o := range status.Outages {
		view.Outages = append(view.Outages, outageView{o.Server, span(status.At.Sub(o.Since)), o.Error})
	}
	for _, t := range status.Tranches {
		shown := trancheView{
			Tranche: t.Tranche, Read: t.Read, Completed: t.Completed, Saved: t.Saved, Incomplete: t.Incomplete,
			Full: t.Full, Error: t.Error, SaveError: t.SaveError,
		}
		if !t.EndAt.IsZero() {
			shown.End, shown.Silent = &t.End, t.Silent
			if age := status.At.Sub(t.EndAt); age > oldEnd {
				shown.EndAge = span(age)
			}
			if t.Unread >= 0 {
				shown.Unread, shown.UnreadMore = &t.Unread, t.UnreadMore
			}
			if lag, known := t.Lag(status.At); known {
				shown.Lag = (*span)(&lag)
			}
		}
		if !t.StillSince.IsZero() {
			shown.StillFor = span(status.At.Sub(t.StillSince))
		}
		if shown.Silent != "" {
			shown.SilentFor = span(status.At.Sub(t.SilentSince))
		}
		if t.Full {
			shown.FullFor = span(status.At.Sub(t.FullSince))
		}
		if t.Error != "" {
			shown.ErrorFor, shown.ErrorAt = span(status.At.Sub(t.ErrorSince)), t.ErrorAt
		}
		if t.SaveError != "" {
			shown.SaveErrorFor = span(status.At.Sub(t.SaveErrorSince))
		}
		view.Tranches = append(view.Tranches, shown)
	}
	for _, c := range status.Calls {
		view.Calls = append(view.Calls, callView{c.Stream.String(), span(status.At.Sub(c.Since)), c.Hung})
	}
	for _, t := range status.Troubled {
		next := "now"
		if in := t.NextTry.Sub(status.At); in > 0 {
			next = "in " + in.Round(100*time.Millisecond).String()
		}
		view.Troubled = append(view.Troubled, troubleView{t.Stream.String(), span(status.At.Sub(t.Since)), t.Attempts, t.NextTry, next, t.Cause, t.NeedsPerson})
	}
	return view
}

// of is a page of each list.
func (v statusView) of(limit, offset int) statusView {
	v.CallsInAll, v.TroubledInAll, v.AsideInAll = len(v.Calls), len(v.Troubled), len(v.Aside)
	v.Calls, v.Troubled, v.Aside = part(v.Calls, limit, offset), part(v.Troubled, limit, offset), part(v.Aside, limit, offset)
	return v
}

func part[T any](list []T, limit, offset int) []T {
	from := min(offset, len(list))
	return list[from : min(len(list)-from, limit)+from]
}

// number reads a parameter of a request, or what is meant without it.
func number(r *http.Request, name string, without, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%s has to be a number from 0 to %d", name, most)
	}
	return n, nil
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// file serves a text.
func file(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, text) // a reader who left is no concern of ours
	}
}

func (p *page) serveHTML(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if err := p.template.Execute(&body, p.view(r.Context())); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // a reader who left is no concern of ours
}

func (p *page) serveJSON(w http.ResponseWriter, r *http.Request) {
	limit, err := number(r, "limit", maxListed, maxPage)
	offset, bad := number(r, "offset", 0, math.MaxInt32)
	if err := cmp.Or(err, bad); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := json.MarshalIndent(p.view(r.Context()).of(limit, offset), "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}

func (p *page) serveHealth(w http.ResponseWriter, r *http.Request) {
	view := p.view(r.Context())
	say(w, view.Healthy, "healthy", view.Reasons)
}

func (p *page) serveReady(w http.ResponseWriter, r *http.Request) {
	view := p.view(r.Context())
	reasons := view.Reasons
	for _, o := range view.Outages {
		reasons = append(slices.Clip(reasons), fmt.Sprintf("%s cannot be reached: %s", o.Server, short(o.Error)))
	}
	if view.RosterError != "" && time.Duration(view.RosterErrorFor) < readsFail { // after that health says it
		reasons = append(slices.Clip(reasons), fmt.Sprintf("it is not known who holds the slots: %s", short(view.RosterError)))
	}
	for _, s := range view.Slots {
		if s.Error != "" {
			reasons = append(slices.Clip(reasons), fmt.Sprintf("slot %d cannot be worked on: %s", s.Slot, short(s.Error)))
		}
	}
	say(w, view.Ready, "ready", reasons)
}

// say answers a probe.
func say(w http.ResponseWriter, yes bool, word string, reasons []string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !yes {
		w.WriteHeader(http.StatusServiceUnavailable)
		word = "not " + word
	}
	fmt.Fprintln(w, word)
	for _, reason := range reasons {
		fmt.Fprintln(w, reason)
	}
}
