package steps

import (
	"context"
	"fmt"
	"sync"

	"example.com/groupcheckout/es"
)

// together runs commands at the same moment and returns their errors. None of
// them writes before each of them is about to, or has ended: all have decided
// on what was there before, whatever the scheduler of the machine does. Of those
// that write to the same stream all but one meet a conflict.
func (d *desk) together(ctx context.Context, commands ...func(context.Context) error) []error {
	errs := make([]error, len(commands))
	var deciding, done sync.WaitGroup
	deciding.Add(len(commands))
	for i, command := range commands {
		c := &competitor{decided: sync.OnceFunc(deciding.Done), others: &deciding}
		done.Go(func() {
			defer c.decided() // perhaps to write nothing
			ctx := d.world.As(ctx, fmt.Sprintf("clerk %d", i+1))
			errs[i] = command(context.WithValue(ctx, competitorKey{}, c))
		})
	}
	done.Wait()
	return errs
}

// competitor is a command that runs together with others.
type competitor struct {
	decided func()
	others  *sync.WaitGroup // those that have not decided yet
}

type competitorKey struct{}

// fair is a store on which a competitor does not write before the others have
// decided. To everyone else it is the store that it holds.
type fair struct{ es.Store }

// Recorder is that of the store within, for histories.
func (f fair) Recorder() es.Recorder {
	if recorded, ok := f.Store.(interface{ Recorder() es.Recorder }); ok {
		return recorded.Recorder()
	}
	return nil
}

// Append implements [es.Appender].
func (f fair) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if c, competes := ctx.Value(competitorKey{}).(*competitor); competes {
		c.decided()
		c.others.Wait()
	}
	return f.Store.Append(ctx, stream, expected, events)
}
