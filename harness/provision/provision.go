package provision

import (
	"fmt"
	"log/slog"
	"os"
	"sync"

	"example.com/groupcheckout/internal/oneline"
)

// Way is one of the ways to bring a server up.
type Way string

// The ways, in the order in which they are tried.
const (
	Address   Way = "address"   // a server that is up already
	Container Way = "container" // a Docker container
	Local     Way = "local"     // processes of this machine
)

// Options says how to bring up a server. A zero field means the default.
type Options struct {
	Way     Way          // the only way to use; empty: try them in order
	Image   string       // the container's image; empty: that of the environment, else the default of the kind
	Durable bool         // keep what was acknowledged when the server crashes: Message DB through a power cut, a local process of DynamoDB through [DynamoDBServer.Crash]; by default it is not, which is faster
	Log     *slog.Logger // what is being done, for a person who waits; nil: nothing

	getenv func(string) string // os.Getenv; tests replace it
}

// withDefaults fills in the zero fields. envImage is the variable that names
// the image of this kind of server.
func (o Options) withDefaults(envImage, defaultImage string) (Options, error) {
	switch o.Way {
	case "", Address, Container, Local:
	default:
		return o, fmt.Errorf("there is no way %q to bring up a server; choose %s, %s or %s", o.Way, Address, Container, Local)
	}
	if o.getenv == nil {
		o.getenv = os.Getenv
	}
	if o.Image == "" {
		var err error
		if o.Image, err = o.variable(envImage); err != nil {
			return o, err
		}
	}
	if o.Image == "" {
		o.Image = defaultImage
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// variable is the value of a variable without the blanks and line breaks around it.
// The error names it and not its value, which may be secret.
func (o Options) variable(name string) (string, error) {
	text, err := oneline.Connection(o.getenv(name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// closing stops a server, once.
type closing struct {
	stop func() error // nil where the server is not ours to stop
	once sync.Once
	err  error
}

func (c *closing) close() error {
	c.once.Do(func() {
		if c.stop != nil {
			c.err = c.stop()
		}
	})
	return c.err
}
