package history

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// version is that of the file's form.
const version = 1

// line is a build in the file.
type line struct {
	Version int         `json:"v"`
	Number  int         `json:"n"`
	Commit  string      `json:"commit"`
	When    time.Time   `json:"when"`
	New     []named     `json:"new,omitempty"` // scenarios that no build had before, or that have another address
	Release string      `json:"release,omitempty"`
	Stores  []storeLine `json:"stores"`
}

// named gives a scenario's number a key, an address or both.
type named struct {
	Number  int    `json:"i"`
	Key     string `json:"k,omitempty"`
	Address string `json:"a,omitempty"`
	Rule    string `json:"r,omitempty"` // left out where it is that of the one before in the line
}

type storeLine struct {
	Store

	States string    `json:"states"`
	Took   []float64 `json:"ms,omitempty"` // of those that ran
}

// mostScenarios bounds what a line may claim, so that a broken one does not take
// all memory.
const mostScenarios = 1 << 20

// encode gives numbers to new scenarios and lists all results by number.
func (h *History) encode(number int, build Build) line {
	l := line{Version: version, Number: number, Commit: valid(build.Commit), When: build.When.UTC(), Release: valid(build.Release)}
	byNumber := make(map[int]Scenario, len(build.Scenarios))
	next := len(h.names)
	before := ""
	for _, scenario := range build.Scenarios {
		n := named{Key: valid(scenario.Key), Address: valid(scenario.Address), Rule: valid(scenario.Rule)}
		number, known := h.byKey[n.Key]
		if !known {
			number = next
			next++
		}
		n.Number = number
		byNumber[number] = scenario
		if known {
			if now := h.names[number]; now.address() == n.Address && now.rule() == n.Rule {
				continue
			}
			n.Key = ""
		}
		if rule := n.Rule; rule == before {
			n.Rule = ""
		} else {
			before = rule
		}
		l.New = append(l.New, n)
	}
	for _, store := range build.Stores {
		s := storeLine{Store: Store{Name: store.Name, How: valid(store.How), Failed: valid(store.Failed)}}
		codes := make([]byte, next)
		for number := range next {
			result := byNumber[number].Results[store.Name]
			codes[number] = byte(max(0, slices.Index(verdicts(), result.State)))
			if ran(result.State) {
				s.Took = append(s.Took, milliseconds(result.Took))
			}
		}
		s.States = pack(codes)
		l.Stores = append(l.Stores, s)
	}
	return l
}

// milliseconds rounds a duration: to tenths below ten milliseconds, where they
// matter, and to whole ones from there.
func milliseconds(took time.Duration) float64 {
	ms := max(0, float64(took)/float64(time.Millisecond))
	if ms < 10 {
		return math.Round(ms*10) / 10
	}
	return math.Round(ms)
}

// take adds what a line says to the history, or nothing of it.
func (h *History) take(l line) error {
	build := record{
		Ref:     Ref{Number: l.Number, Commit: l.Commit, When: l.When, Release: l.Release},
		results: make(map[string]results, len(l.Stores)),
	}
	for _, store := range l.Stores {
		r, err := unpack(store.States, store.Took)
		if err != nil {
			return fmt.Errorf("build %d on %s: %w", l.Number, store.Name, err)
		}
		build.results[store.Name] = r
		build.Stores = append(build.Stores, store.Store)
	}
	for _, n := range l.New {
		if n.Number < 0 || n.Number >= mostScenarios {
			return fmt.Errorf("build %d has a scenario with the number %d", l.Number, n.Number)
		}
		if n.Number < len(h.names) && n.Key != "" && h.names[n.Number].key != "" && h.names[n.Number].key != n.Key {
			return fmt.Errorf("build %d gives the number %d of another scenario to %q: two builds were appended at the same time", l.Number, n.Number, n.Key)
		}
	}
	rule := ""
	for _, n := range l.New {
		if n.Rule != "" {
			rule = n.Rule
		}
		for len(h.names) <= n.Number {
			h.names = append(h.names, name{})
		}
		if n.Key != "" {
			h.names[n.Number].key = n.Key
			h.byKey[n.Key] = n.Number
		}
		h.names[n.Number].move(n.Address, rule)
	}
	// A number whose naming line is lost is not given to another scenario.
	for _, r := range build.results {
		for len(h.names) < len(r.states) {
			h.names = append(h.names, name{})
		}
	}
	h.builds = append(h.builds, build)
	return nil
}

// address returns the present one.
func (n name) address() string { return last(n.addresses) }

// rule returns the present address of its rule's page.
func (n name) rule() string { return last(n.rules) }

func last(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	return addresses[len(addresses)-1]
}

// move makes addresses the present ones.
func (n *name) move(address, rule string) {
	if n.address() != address {
		n.addresses = append(n.addresses, address)
	}
	if n.rule() != rule {
		n.rules = append(n.rules, rule)
	}
}

// pack writes codes as letters, each with how often it repeats: "107p2s".
func pack(codes []byte) string {
	var out strings.Builder
	for i := 0; i < len(codes); {
		n := 1
		for i+n < len(codes) && codes[i+n] == codes[i] {
			n++
		}
		if n > 1 {
			out.WriteString(strconv.Itoa(n))
		}
		out.WriteByte(letters[codes[i]])
		i += n
	}
	return out.String()
}

// unpack reads what pack wrote, and gives each scenario that ran its duration.
func unpack(packed string, took []float64) (results, error) {
	var r results
	count := 0
	for _, letter := range packed {
		if letter >= '0' && letter <= '9' {
			count = count*10 + int(letter-'0')
			if count > mostScenarios {
				return r, fmt.Errorf("more than %d scenarios", mostScenarios)
			}
			continue
		}
		code := strings.IndexRune(letters, letter)
		if code < 0 {
			return r, fmt.Errorf("the state %q, which is none of %q", letter, letters)
		}
		for range max(1, count) {
			var ticks int32
			if ran(verdicts()[code]) {
				if len(took) == 0 {
					return r, fmt.Errorf("fewer durations than scenarios that ran")
				}
				ticks = int32(max(0, min(math.Round(took[0]*10), math.MaxInt32)))
				took = took[1:]
			}
			r.states = append(r.states, byte(code))
			r.took = append(r.took, ticks)
		}
		if len(r.states) > mostScenarios {
			return r, fmt.Errorf("more than %d scenarios", mostScenarios)
		}
		count = 0
	}
	if len(took) > 0 || count > 0 {
		return r, fmt.Errorf("more durations or numbers than scenarios that ran")
	}
	return r, nil
}
