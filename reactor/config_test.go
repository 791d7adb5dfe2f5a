package reactor_test

import (
	"errors"
	"testing"
	"time"

	"example.com/groupcheckout/reactor"
)

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config reactor.Config
		want   string
	}{
		{reactor.Config{}, `the consumer group cannot be "": checkpoints are kept under its name`},
		{reactor.Config{Group: "g", MaxWriters: -1}, "the number of writers cannot be -1: it has to be at least 1"},
		{reactor.Config{Group: "g", MaxReadAhead: -2}, "the read-ahead cannot be -2: it has to be at least 1"},
		{reactor.Config{Group: "g", TailPause: -time.Second}, "the pause at the tail cannot be -1s: it has to be above zero"},
	} {
		_, err := reactor.Start(t.Context(), newSource("A"), newCheckpoints(), newHandler(), c.config)
		if _, ok := errors.AsType[*reactor.ConfigError](err); !ok || err.Error() != c.want {
			t.Errorf("Start(%+v): got %v, want %s", c.config, err, c.want)
		}
	}
}
