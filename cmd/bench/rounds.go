package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// figure is something that is measured.
type figure struct {
	row    string // of the table of targets
	name   string
	unit   string // of what subject and floor return
	target target
	// prepare makes ready for the rounds of a figure.
	prepare func(ctx context.Context, g *ground) (*pair, error)
}

// target is what the ratio ought to be: at least, or at most.
type target struct {
	Bound  float64
	AtMost bool
}

func atLeast(bound float64) target { return target{Bound: bound} }
func atMost(bound float64) target  { return target{bound, true} }

func (t target) String() string {
	if t.AtMost {
		return "≤ " + short(t.Bound)
	}
	return "≥ " + short(t.Bound)
}

func (t target) met(ratio float64) bool {
	if t.AtMost {
		return ratio <= t.Bound
	}
	return ratio >= t.Bound
}

// pair is a subject and its floor. Each call is a measurement.
type pair struct {
	subject, floor func(ctx context.Context) (float64, error)
	note           func(ctx context.Context) (string, error) // asked in the end; may be nil
	close          func()                                    // may be nil
}

// result is what came out of a figure.
type result struct {
	Row     string  `json:"row"`
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Target  string  `json:"target"`
	Met     bool    `json:"met"`
	Rounds  int     `json:"rounds"`
	Subject float64 `json:"subject"` // medians
	Floor   float64 `json:"floor"`
	Ratio   float64 `json:"ratio"`
	Low     float64 `json:"low"`  // half of the ratios lie between these
	High    float64 `json:"high"` //
	Note    string  `json:"note,omitempty"`
}

// leastRounds are made however long they take.
const leastRounds = 3

// measure makes the rounds of a figure, after one that does not count. In every other
// round the floor comes first.
func (f figure) measure(ctx context.Context, g *ground, rounds int, share time.Duration) (result, error) {
	ends := time.Now().Add(share)
	p, err := f.prepare(ctx, g)
	if err != nil {
		return result{}, err
	}
	if p.close != nil {
		defer p.close()
	}
	var subjects, floors, ratios []float64
	for i := -1; i < rounds && (i < leastRounds || time.Now().Before(ends)); i++ {
		var subject, floor float64
		both := []func() error{
			func() (err error) { subject, err = p.subject(ctx); return err },
			func() (err error) { floor, err = p.floor(ctx); return err },
		}
		if i%2 != 0 {
			slices.Reverse(both)
		}
		for _, one := range both {
			if err := one(); err != nil {
				return result{}, err
			}
		}
		if floor <= 0 || math.IsNaN(subject) || math.IsInf(subject, 0) {
			return result{}, fmt.Errorf("the floor is %v and the subject %v, of which no ratio can be made", floor, subject)
		}
		if i >= 0 {
			subjects, floors, ratios = append(subjects, subject), append(floors, floor), append(ratios, subject/floor)
		}
	}
	r := result{
		Row: f.row, Name: f.name, Unit: f.unit, Target: f.target.String(), Rounds: len(ratios),
		Subject: quantile(subjects, 0.5), Floor: quantile(floors, 0.5),
		Ratio: quantile(ratios, 0.5), Low: quantile(ratios, 0.25), High: quantile(ratios, 0.75),
	}
	r.Met = f.target.met(r.Ratio)
	if p.note != nil {
		r.Note, err = p.note(ctx)
	}
	return r, err
}

// quantile is that of some values, at least one, between its neighbours in proportion.
func quantile(values []float64, at float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	place := at * float64(len(sorted)-1)
	below := int(place)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (place-float64(below))*(sorted[above]-sorted[below])
}

// perSecond is a rate.
func perSecond(count int, took time.Duration) float64 { return float64(count) / took.Seconds() }
