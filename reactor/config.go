package reactor

import (
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Config is how a reactor works. Group is required; any other zero field means
// its default.
type Config struct {
	Group              string        // the consumer group, the name that checkpoints are kept under
	MaxWriters         int           // handler calls at once; 8
	MaxReadAhead       int           // batches of a tranche that are not completed and wait for more than streams in trouble; 16
	CheckpointInterval time.Duration // 5 s
	TailPause          time.Duration // between reads at the end of a feed that does not notify; 100 ms
	ReadLimit          time.Duration // how long the store may take to answer one read of the feed or of a checkpoint; 30 s
	StopLimit          time.Duration // how long running handler calls may go on after a stop; 30 s
	RetryFirst         time.Duration // the first pause after a failure; 50 ms. Pauses double, and vary by half
	RetryMost          time.Duration // the longest pause; 30 s
	Steady             bool          // pauses do not vary: for a run that is to be the same each time, not for production
	Remember           int           // idle streams whose observed version is remembered; 100,000
	FromEnd            bool          // a group without a checkpoint starts at the end of the feed, which is saved at once, not at its beginning
	Observer           Observer      // told what happens; may be nil
}

// ConfigError says which setting cannot be used.
type ConfigError struct {
	Setting string
	Value   any
	Reason  string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s cannot be %v: %s", e.Setting, e.Value, e.Reason)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*ConfigError) NeedsPerson() bool { return true }

// withDefaults fills in the zero fields, or returns a [*ConfigError].
func (c Config) withDefaults() (Config, error) {
	if c.Group == "" {
		return c, &ConfigError{"the consumer group", `""`, "checkpoints are kept under its name"}
	}
	for _, n := range []struct {
		name    string
		value   *int
		without int
	}{
		{"the number of writers", &c.MaxWriters, 8},
		{"the read-ahead", &c.MaxReadAhead, 16},
		{"the number of remembered streams", &c.Remember, 100_000},
	} {
		if *n.value < 0 {
			return c, &ConfigError{n.name, *n.value, "it has to be at least 1"}
		}
		if *n.value == 0 {
			*n.value = n.without
		}
	}
	for _, d := range []struct {
		name    string
		value   *time.Duration
		without time.Duration
	}{
		{"the checkpoint interval", &c.CheckpointInterval, 5 * time.Second},
		{"the pause at the tail", &c.TailPause, 100 * time.Millisecond},
		{"the limit of a read", &c.ReadLimit, 30 * time.Second},
		{"the limit of a stop", &c.StopLimit, 30 * time.Second},
		{"the first pause after a failure", &c.RetryFirst, 50 * time.Millisecond},
		{"the longest pause after a failure", &c.RetryMost, 30 * time.Second},
	} {
		if *d.value < 0 {
			return c, &ConfigError{d.name, *d.value, "it has to be above zero"}
		}
		if *d.value == 0 {
			*d.value = d.without
		}
	}
	if c.RetryMost < c.RetryFirst {
		return c, &ConfigError{"the longest pause after a failure", c.RetryMost, fmt.Sprintf("the first one is %s already", c.RetryFirst)}
	}
	if c.Observer == nil {
		c.Observer = Observers{}
	}
	return c, nil
}

// newBackoff makes the growing pauses after failures.
func (c Config) newBackoff() backoff.BackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = c.RetryFirst
	pauses.Multiplier = 2
	pauses.MaxInterval = c.RetryMost
	pauses.RandomizationFactor = 0.5
	if c.Steady {
		pauses.RandomizationFactor = 0
	}
	return capped{pauses, c.RetryMost}
}

// capped is pauses that do not vary beyond the longest.
type capped struct {
	backoff.BackOff
	most time.Duration
}

// NextBackOff is as that of [backoff.BackOff].
func (c capped) NextBackOff() time.Duration { return min(c.BackOff.NextBackOff(), c.most) }
