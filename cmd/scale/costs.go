package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// costs are what bench has measured.
type costs struct {
	From   string  // where they come from
	Lock   lock    // of a category of Message DB
	Groups float64 // whole group checkouts of six a second, with clients and server on Cores
	Cores  int
	Feed   float64 // events a second through a scheduler that has nothing else to do

	// Eight is what bench has measured with eight callers, with which the lock can be
	// compared; 0 if it has not.
	Eight float64
}

// gathered is how many appends may share a transaction by default.
const gathered = 128

// quiet are the costs on two cores that had nothing else to do, with a disk that takes half a
// millisecond to keep something.
func quiet() costs {
	l, _ := lockOf(1_658, 10_487, 64, gathered)
	return costs{From: "two quiet cores", Lock: l, Groups: 617, Cores: 2, Feed: 68_000, Eight: 6_059}
}

// readCosts reads what bench has left: of each row the last run that has it.
func readCosts(name string) (costs, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return costs{}, fmt.Errorf("%s is not there: run \"make bench\" first, or leave --bench out for the costs of two quiet cores", name)
	}
	var runs []struct {
		Cores   int `json:"cores"`
		Figures []struct {
			Row     string  `json:"row"`
			Subject float64 `json:"subject"`
		} `json:"figures"`
	}
	if err == nil {
		err = json.Unmarshal(text, &runs)
	}
	if err != nil {
		return costs{}, fmt.Errorf("read what bench has measured: %s: %w", name, err)
	}
	c := costs{From: name, Cores: 1}
	rows := map[string]float64{}
	for _, run := range runs {
		for _, figure := range run.Figures {
			rows[figure.Row] = figure.Subject
			if figure.Row == "5a" && run.Cores > 0 {
				c.Cores = run.Cores
			}
		}
	}
	for _, row := range []string{"1", "2b", "3", "5a"} {
		if rows[row] <= 0 {
			return costs{}, fmt.Errorf("%s has no row %s: run \"make bench\" without --only", name, row)
		}
	}
	var ok bool
	if c.Lock, ok = lockOf(rows["1"], rows["2b"], 64, gathered); !ok {
		return costs{}, fmt.Errorf("%s: one caller appends %.0f times a second and 64 callers %.0f times, which no lock does: measure again on a quiet machine", name, rows["1"], rows["2b"])
	}
	c.Groups, c.Feed, c.Eight = rows["5a"], rows["3"], rows["2a"]
	return c, nil
}
