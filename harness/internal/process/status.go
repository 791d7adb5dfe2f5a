package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// Status is what a process tells of its reactor.
type Status struct {
	reactor.Status

	Healthy bool
	Reasons []string // why it is not healthy
}

// document is /status.json, as far as it is used here.
type document struct {
	At       time.Time
	Group    string `json:"consumerGroup"`
	Healthy  bool
	Reasons  []string
	Tranches []struct {
		Tranche    feed.Tranche
		Read       feed.Position
		Completed  feed.Position
		Saved      feed.Position
		Incomplete int `json:"incompleteBatches"`
		Full       bool
		FullFor    seconds `json:"fullForSeconds"`
		Error      string
		ErrorFor   seconds `json:"errorForSeconds"`
		SaveError  string
		SaveFor    seconds `json:"saveErrorForSeconds"`
	}
	Calls []struct {
		Stream string
		For    seconds `json:"forSeconds"`
	}
	Troubled []struct {
		Stream   string
		For      seconds `json:"forSeconds"`
		Attempts int
		NextTry  time.Time
		Cause    string
	}
	Waiting int `json:"waitingStreams"`
}

type seconds float64

// before is the moment so long before another.
func (s seconds) before(at time.Time) time.Time {
	return at.Add(-time.Duration(float64(s) * float64(time.Second)))
}

// statusLimit is how long one answer may take; the page itself gives up after 5 s.
// Whoever waits for something asks again after that.
const statusLimit = 10 * time.Second

// Status asks the process what its reactor is at. The error says so if the process
// has ended.
func (p *Process) Status(ctx context.Context) (Status, error) {
	status, err := p.ask(ctx)
	select {
	case <-p.Done():
		err = p.gone() // whatever answers there now
	default:
	}
	if err != nil {
		return Status{}, fmt.Errorf("ask %s for its status: %w", p.name(), err)
	}
	return status, nil
}

func (p *Process) ask(ctx context.Context) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/status.json", http.NoBody)
	if err != nil {
		return Status{}, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return Status{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Status{}, err
	}
	if response.StatusCode != http.StatusOK {
		return Status{}, fmt.Errorf("got the answer %s: %.200s", response.Status, body)
	}
	return parseStatus(body)
}

// parseStatus reads /status.json. One that does not know the reactor's status,
// and says so, is an error.
func parseStatus(body []byte) (Status, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return Status{}, fmt.Errorf("read /status.json: %w in %.200s", err, body)
	}
	if d.Group == "" {
		return Status{}, fmt.Errorf("its page says: %s", strings.Join(d.Reasons, "; "))
	}
	status := Status{Status: reactor.Status{At: d.At, Group: d.Group, Waiting: d.Waiting}, Healthy: d.Healthy, Reasons: d.Reasons}
	for _, t := range d.Tranches {
		shown := reactor.TrancheStatus{
			Tranche: t.Tranche, Read: t.Read, Completed: t.Completed, Saved: t.Saved, Incomplete: t.Incomplete,
			Full: t.Full, Error: t.Error, SaveError: t.SaveError,
		}
		if t.Full {
			shown.FullSince = t.FullFor.before(d.At)
		}
		if t.Error != "" {
			shown.ErrorSince = t.ErrorFor.before(d.At)
		}
		if t.SaveError != "" {
			shown.SaveErrorSince = t.SaveFor.before(d.At)
		}
		status.Tranches = append(status.Tranches, shown)
	}
	for _, c := range d.Calls {
		stream, err := es.ParseStreamName(c.Stream)
		if err != nil {
			return Status{}, fmt.Errorf("read /status.json: %w", err)
		}
		status.Calls = append(status.Calls, reactor.CallStatus{Stream: stream, Since: c.For.before(d.At)})
	}
	for _, t := range d.Troubled {
		stream, err := es.ParseStreamName(t.Stream)
		if err != nil {
			return Status{}, fmt.Errorf("read /status.json: %w", err)
		}
		status.Troubled = append(status.Troubled, reactor.TroubleStatus{
			Stream: stream, Since: t.For.before(d.At), Attempts: t.Attempts, NextTry: t.NextTry, Cause: t.Cause,
		})
	}
	return status, nil
}
