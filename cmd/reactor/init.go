package main

import (
	"context"
	"fmt"
	"log/slog"

	"groupcheckout/stores/messagedb"
)

// initCommand is reactor init.
type initCommand struct {
	Mdb initMdbCommand `cmd:"" help:"In Message DB: the table propulsion_checkpoint, which Propulsion's tools use too."`
}

// initMdbCommand is reactor init mdb.
type initMdbCommand struct {
	mdbServer
}

// Help is the text behind the summary.
func (*initMdbCommand) Help() string {
	return `Creates the schema and the table where they are missing and says what it found and what it made. It may be run again: what exists is left alone. Message DB itself is not installed, and no privileges are granted; the sentence that it prints names the role that owns what was made.

Only the connection for checkpoints is used: --checkpoint-connection, or --connection if that is not given.
` + mdbHelp
}

// Run creates the table.
func (c *initMdbCommand) Run(ctx context.Context, s streams) error {
	config, err := c.config(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	report, err := messagedb.Init(ctx, config)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, report)
	return err
}
