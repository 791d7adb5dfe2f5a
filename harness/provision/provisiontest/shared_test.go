package provisiontest

import (
	"errors"
	"strings"
	"testing"

	"example.com/groupcheckout/harness/provision"
)

// pretended is a server that counts how often it comes up and is taken down.
type pretended struct {
	ups, downs int
	fails      error // to come up
	stays      error // up, when it is taken down
}

func (p *pretended) up() (*pretended, error) {
	p.ups++
	return p, p.fails
}

func (p *pretended) Close() error {
	p.downs++
	return p.stays
}

func TestAServerComesUpForTheFirstThatAsks(t *testing.T) {
	t.Parallel()
	p := &pretended{}
	s := share(p.up)
	if err := s.Close(); err != nil || p.ups+p.downs != 0 {
		t.Errorf("nobody has asked: got %v, up %d times and down %d times, want neither", err, p.ups, p.downs)
	}
	for range 2 {
		if s.Get(t) != p || s.Require(t) != p {
			t.Fatal("got another server")
		}
	}
	if err := s.Close(); err != nil || p.ups != 1 || p.downs != 1 {
		t.Errorf("got %v, up %d times and down %d times, want once each", err, p.ups, p.downs)
	}
}

func TestAServerThatCannotBeHadSkipsOnlyWhereThatIsAllowed(t *testing.T) { //nolint:paralleltest // it changes the environment
	none, broken := error(&provision.UnavailableError{}), errors.New("initdb crashed")
	for _, c := range []struct {
		err     error
		noSkip  string
		require bool
		want    string
	}{
		{none, "", false, "skipped"},
		{none, "", true, "failed"},
		{none, "1", false, "failed"},
		{broken, "", false, "failed"},
	} {
		t.Setenv(NoSkip, c.noSkip)
		p := &pretended{fails: c.err}
		s, r := share(p.up), &refuser{TB: t}
		func() {
			defer func() { _ = recover() }()
			if c.require {
				s.Require(r)
			} else {
				s.Get(r)
			}
		}()
		if r.did != c.want {
			t.Errorf("%v, with %s=%q, required: %t: got %q, want %q", c.err, NoSkip, c.noSkip, c.require, r.did, c.want)
		}
		if err := s.Close(); err != nil || p.downs != 0 {
			t.Errorf("got %v and taken down %d times what never came up", err, p.downs)
		}
	}
}

// refuser notes how a test ended, and panics in place of ending the goroutine.
type refuser struct {
	testing.TB

	did string
}

func (r *refuser) Helper() {}

func (r *refuser) Skip(...any) {
	r.did = "skipped"
	panic(r.did)
}

func (r *refuser) Fatal(...any) {
	r.did = "failed"
	panic(r.did)
}

// tests are those of a package, which end with a status.
type tests int

func (s tests) Run() int { return int(s) }

func TestMainTakesDownWhatWasShared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		stays  error
		want   int
	}{{1, nil, 1}, {2, errors.New("it stays up"), 2}, {0, errors.New("it stays up"), 1}} {
		p := &pretended{stays: c.stays}
		s := share(p.up)
		s.Get(t)
		var complaints strings.Builder
		got := run(tests(c.status), &complaints, []Server{s})
		if got != c.want || p.downs != 1 || (c.stays != nil) != strings.Contains(complaints.String(), "it stays up") {
			t.Errorf("tests that end with %d, a server that ends with %v: got %d, %d times down and %q; want %d, once and what went wrong",
				c.status, c.stays, got, p.downs, complaints.String(), c.want)
		}
	}
}

func TestAWaitInACleanUpIsNotOverAlready(t *testing.T) {
	t.Parallel()
	t.Run("a test", func(t *testing.T) {
		t.Parallel()
		t.Cleanup(func() {
			if t.Context().Err() == nil {
				t.Error("the test's own context has not ended, so nothing was proved")
			}
			ctx := Within(t)
			if _, bounded := ctx.Deadline(); ctx.Err() != nil || !bounded {
				t.Errorf("got %v, bounded: %t; want no error, and a bound", ctx.Err(), bounded)
			}
		})
	})
}
