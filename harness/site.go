package harness

import (
	"context"
	"errors"
	"time"

	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// site is a store that was brought up: the one that scenarios share, or one that a
// scenario has for itself.
type site struct {
	backend   *stores.Backend
	target    Target        // for programs
	tailPause time.Duration // of reactors, at the end of a feed that does not notify
	inMemory  bool          // the checkpoints, on a Message DB whose table nobody may create
	closers   []func() error

	// another makes one more on the same server; it may return a site to close
	// beside an error. open opens the store once more, at another address such
	// as a proxy's. Both are nil for the memory store.
	another func(context.Context) (*site, error)
	open    func(ctx context.Context, connection string) (*stores.Backend, error)
}

// close takes down what was brought up. A nil site has nothing.
func (s *site) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// address is where the store is, as a URL.
func (s *site) address() (string, error) {
	if s.target.Store == "dynamodb" {
		return s.target.ServiceURL, nil
	}
	config, err := dsn.Parse(s.target.Connection)
	if err != nil {
		return "", err
	}
	return config.URL(), nil
}

// Target says where a program finds the store that it is to follow.
type Target struct {
	Store string // "messagedb" or "dynamodb"

	Connection       string // of a Message DB: a URL, with its password
	CheckpointSchema string // of a Message DB: it exists, and the role may write to it

	ServiceURL, AccessKeyID, SecretAccessKey string // of a DynamoDB
	Table, IndexTable                        string // of a DynamoDB: they exist, and the harness runs the indexer
}
