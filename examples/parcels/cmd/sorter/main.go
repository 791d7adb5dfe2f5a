// Command sorter sorts the parcels of a store until it is told to stop by SIGINT
// or SIGTERM. The store's address holds a password, so it is in the environment:
//
//	SORTER_STORE=postgres://message_store:…@db/message_store sorter -listen :8080
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/examples/parcels"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/address"
)

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		slog.Error("the sorter has failed", "reason", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	group := flag.String("group", "sorter", "the consumer `group`: checkpoints are kept under this name")
	schema := flag.String("schema", "public", "Message DB: the `schema` of the checkpoint table")
	listen := flag.String("listen", "localhost:8080", "the `address` of the status page")
	index := flag.Bool("index", false, "DynamoDB: make the index that the sorter reads in this process too")
	flag.Parse()

	store, err := address.Open(ctx, os.Getenv("SORTER_STORE"), address.Options{Categories: []string{parcels.Trucks}, CheckpointSchema: *schema})
	if err != nil {
		return err
	}
	defer store.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // the server below may have closed it

	work, ctx := errgroup.WithContext(ctx)
	running, err := parcels.Start(ctx, store.Backend, reactor.Config{Group: *group})
	if err != nil {
		return err
	}
	page := http.Server{Handler: monitor.NewPage(running, prometheus.DefaultGatherer), ReadHeaderTimeout: 5 * time.Second}
	slog.Info("serving the status page", "address", listener.Addr().String())
	work.Go(func() error {
		if err := page.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	if *index && store.Indexer != nil {
		work.Go(func() error { return store.Indexer.Run(ctx) })
	}
	work.Go(func() error {
		defer page.Close() //nolint:errcheck // it only reads
		return running.Wait(context.WithoutCancel(ctx))
	})
	return work.Wait()
}
