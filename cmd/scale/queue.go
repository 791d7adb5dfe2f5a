package main

import (
	"math/rand/v2"
	"slices"
)

// lock is that of a category: one transaction after the other, each with all appends that
// wait when it begins, as far as there is room.
type lock struct {
	Fixed float64 // seconds of a transaction, whatever is in it: most of them the disk's
	Each  float64 // seconds for each append in it
	Room  int     // how many appends may share one
}

// holds is how long a transaction of some appends takes.
func (l lock) holds(appends int) float64 { return l.Fixed + l.Each*float64(appends) }

// most is how many appends a second there can be.
func (l lock) most() float64 { return float64(l.Room) / l.holds(l.Room) }

// turns is how many transactions it takes until each of several callers who append again at
// once has had its turn. Whoever begins one first lets those run whom the one before has
// answered, so most of them are in it, but not always all. It was measured with 4 to 64 callers.
const turns = 1.4

// closed is how many appends a second some callers make who append again at once.
func (l lock) closed(callers int) float64 {
	if callers == 1 {
		return 1 / l.holds(1)
	}
	return min(float64(callers)/(turns*l.Fixed+l.Each*float64(callers)), l.most())
}

// lockOf finds the two times of a transaction from what one caller and what many callers
// append in a second. It is not ok if no lock would give these.
func lockOf(alone, together float64, callers, room int) (l lock, ok bool) {
	n := float64(callers)
	l.Each = (n/together - turns/alone) / (n - turns)
	l.Fixed, l.Room = 1/alone-l.Each, room
	return l, l.Each > 0 && l.Fixed > 0
}

// waits simulates appends that come at random, so many a second, and returns how long the
// slowest of a share of them took, for each share; in seconds. A lock that cannot keep up
// has waits that grow with the number of appends.
func (l lock) waits(rate float64, appends int, seed uint64, shares ...float64) []float64 {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // arrivals
	arrivals := make([]float64, appends)
	at := 0.0
	for i := range arrivals {
		at += random.ExpFloat64() / rate
		arrivals[i] = at
	}
	took := make([]float64, 0, appends)
	free := 0.0
	for first := 0; first < appends; {
		begins := max(free, arrivals[first])
		next := first
		for next < appends && next-first < l.Room && arrivals[next] <= begins {
			next++
		}
		free = begins + l.holds(next-first)
		for ; first < next; first++ {
			took = append(took, free-arrivals[first])
		}
	}
	return quantiles(took, shares)
}

// mean is the average wait, from the same simulation.
func (l lock) mean(rate float64, appends int, seed uint64) float64 {
	sum := 0.0
	shares := make([]float64, 1000)
	for i := range shares {
		shares[i] = (float64(i) + 0.5) / float64(len(shares))
	}
	for _, wait := range l.waits(rate, appends, seed, shares...) {
		sum += wait
	}
	return sum / float64(len(shares))
}

func quantiles(values, shares []float64) []float64 {
	slices.Sort(values)
	found := make([]float64, len(shares))
	for i, share := range shares {
		found[i] = values[min(int(share*float64(len(values))), len(values)-1)]
	}
	return found
}
