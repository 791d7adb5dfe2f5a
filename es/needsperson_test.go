package es_test

import (
	"errors"
	"fmt"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// saying is an error that says whether it needs a person, and wraps another.
type saying struct {
	needs bool
	err   error
}

func (s *saying) Error() string     { return "an error that speaks for itself" }
func (s *saying) Unwrap() error     { return s.err }
func (s *saying) NeedsPerson() bool { return s.needs }

func TestNeedsPerson(t *testing.T) {
	t.Parallel()
	yes, no, silent := &saying{needs: true}, &saying{}, errors.New("says nothing")
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no error":                         {nil, false},
		"one that says nothing":            {silent, false},
		"one that says yes":                {yes, true},
		"one that says no":                 {no, false},
		"wrapped":                          {fmt.Errorf("do it: %w", fmt.Errorf("twice: %w", yes)), true},
		"behind one that says no":          {&saying{err: yes}, true},
		"joined, as the last":              {errors.Join(silent, no, yes), true},
		"joined, and none says yes":        {errors.Join(silent, no), false},
		"wrapped among several, as second": {fmt.Errorf("%w: %w", silent, fmt.Errorf("why: %w", yes)), true},
	} {
		check.Equal(t, name, test.want, es.NeedsPerson(test.err))
	}
}
