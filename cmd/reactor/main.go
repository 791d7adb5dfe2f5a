package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	_ "example.com/groupcheckout/internal/quickstart" // it is set up before what needs a package of github.com
)

func main() {
	ctx, stop := untilSignal()
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	s.whenJSON = func() { // what a library writes to a log is for programs too
		slog.SetDefault(streams{err: os.Stderr, json: true}.logger(slog.LevelInfo))
	}
	status := run(ctx, os.Args[1:], s, os.Getenv)
	stop()
	os.Exit(status)
}

// untilSignal returns a context that ends with the first signal to stop. The
// second one ends the process at once: whoever sends it does not want to wait.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(statusFailure)
	}()
	return ctx, cancel
}
