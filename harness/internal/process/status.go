package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/reactor/feed"
)

// Status is what a process tells of its reactor in /status.json, as far as it is used
// here. Of a program without a page it has the tranches alone.
type Status struct {
	At       time.Time
	Group    string   `json:"consumerGroup"`
	Reasons  []string // why it is not healthy
	Tranches []Tranche
	Calls    []struct {
		Stream string
		For    float64 `json:"forSeconds"`
	}
	Troubled []Trouble
	StandsBy bool // others do the work
	Slots    []struct {
		Slot    int
		Working bool // this process works on it
	}
}

// Trouble is a stream that the reactor has failed to handle, and nothing else since.
type Trouble struct {
	Stream   string
	For      float64 `json:"forSeconds"`
	Attempts int
	Cause    string
}

// Tranche is how far a reactor is in a part of the feed.
type Tranche struct {
	Tranche   feed.Tranche
	Read      feed.Position
	Completed feed.Position
	Error     string
	saved     bool // Completed is the checkpoint, and nobody knows what was read
}

// String says how far it is, without its name.
func (t Tranche) String() string {
	if t.saved {
		return fmt.Sprintf("its checkpoint is at %d", t.Completed)
	}
	return fmt.Sprintf("is read to %d and completed to %d", t.Read, t.Completed)
}

// statusLimit is how long one answer may take; the page itself gives up after 5 s.
// Whoever waits for something asks again after that.
const statusLimit = 10 * time.Second

// Status asks the process what its reactor is at. The error says so if the process
// has ended.
func (p *Process) Status(ctx context.Context) (Status, error) {
	ask := p.ask
	if p.config.Saved != nil {
		if p.hasEnded() {
			return Status{}, fmt.Errorf("%s: %w", p.name(), p.gone())
		}
		ask = p.saved
	}
	status, err := ask(ctx)
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

// saved is the status of a program that has no page.
func (p *Process) saved(ctx context.Context) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	positions, err := p.config.Saved(ctx)
	status := Status{At: time.Now()}
	for _, tranche := range slices.Sorted(maps.Keys(positions)) {
		status.Tranches = append(status.Tranches, Tranche{Tranche: tranche, Completed: positions[tranche], saved: true})
	}
	return status, err
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
	var status Status
	if err := json.Unmarshal(body, &status); err != nil {
		return Status{}, fmt.Errorf("read /status.json: %w in %.200s", err, body)
	}
	if status.Group == "" {
		return Status{}, fmt.Errorf("its page says: %s", strings.Join(status.Reasons, "; "))
	}
	return status, nil
}
