package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
)

// page is the server of the status page. Without an address it does nothing.
type page struct {
	listener net.Listener
	server   *http.Server
	done     chan struct{} // closed when the server has ended
}

// listen opens the address, if one is given, before anything else is begun.
func (c *runCommand) listen(ctx context.Context) (*page, error) {
	address := c.Listen
	switch {
	case c.PrometheusPort < 0 || c.PrometheusPort > 65535:
		return nil, &usageError{fmt.Sprintf("--prometheus-port cannot be %d: a port is a number from 1 to 65535", c.PrometheusPort)}
	case c.PrometheusPort > 0:
		address = fmt.Sprintf(":%d", c.PrometheusPort)
	case address == "":
		return &page{}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("the status page cannot be served at %q: %v", address, err)}
	}
	return &page{listener: listener}, nil
}

// serve serves the page of a running reactor until close is called.
func (p *page) serve(running *reactor.Running, metrics *monitor.Metrics, store followable, log *slog.Logger) error {
	if p.listener == nil {
		return nil
	}
	registry := prometheus.NewRegistry()
	all := []prometheus.Collector{
		metrics, monitor.Gauges(running),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}
	var sections []func(context.Context) monitor.Section
	if watched, ok := store.(watchable); ok {
		collector, section := watched.watch()
		all, sections = append(all, collector), append(sections, section)
	}
	for _, collector := range all {
		if err := registry.Register(collector); err != nil {
			return fmt.Errorf("register the metrics: %w", err)
		}
	}
	p.server = &http.Server{
		Handler:           monitor.NewPage(running, registry, sections...),
		ReadHeaderTimeout: 5 * time.Second,
	}
	p.done = make(chan struct{})
	log.Info("serving the status page", "address", p.listener.Addr().String())
	go func() {
		defer close(p.done)
		if err := p.server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the status page is no longer served; the reactor goes on", "reason", err)
		}
	}()
	return nil
}

// watchable is a store that has figures of its own.
type watchable interface {
	watch() (prometheus.Collector, func(context.Context) monitor.Section)
}

// close ends the server, also if it never served.
func (p *page) close() {
	switch {
	case p.server != nil:
		_ = p.server.Close()
		<-p.done
	case p.listener != nil:
		_ = p.listener.Close()
	}
}
