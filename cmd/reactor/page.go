package main

import (
	"cmp"
	"container/list"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"example.com/groupcheckout/reactor/monitor"
)

// listenFlags say where and how to serve what a reactor tells of itself.
type listenFlags struct {
	Listen          string `xor:"listen" placeholder:"ADDRESS" without:"off" help:"Serve the status page, /status.json, /healthz, /readyz and /metrics at this address. :8080 is this machine alone; 0.0.0.0:8080 is everybody who can reach it. Off unless given."`
	PrometheusPort  int    `short:"p" aliases:"prometheusport" xor:"listen" placeholder:"PORT" help:"The same as --listen :PORT."`
	ListenCert      string `placeholder:"FILE" help:"Serve over TLS with this certificate, in PEM, followed by its chain. Takes --listen-key."`
	ListenKey       string `placeholder:"FILE" help:"The key of --listen-cert, in PEM."`
	ListenTokenFile string `placeholder:"FILE" help:"A file with a token that whoever asks has to bring (Authorization: Bearer TOKEN). Without it /healthz and /readyz give a word and no reasons, and the rest nothing."`
	Pprof           string `placeholder:"ADDRESS" without:"off" help:"Serve Go's profiles below /debug/pprof/ at this address of this machine, such as :6060. Off unless given."`
}

// The limits of a server: nobody takes its memory or its descriptors by being slow.
const (
	maxConnections = 64
	headerLimit    = 5 * time.Second
	requestLimit   = 10 * time.Second
	answerLimit    = 15 * time.Second
	idleLimit      = 30 * time.Second
	profileLimit   = 5 * time.Minute // a profile takes as long as it is told to
	maxHeaderBytes = 16 << 10
)

// page is the servers of the status page and of the profiles. Without an address it does
// nothing.
type page struct {
	listener, profiles net.Listener
	token              string
	tls                *tls.Config
	servers            []*http.Server
	done               sync.WaitGroup
	registry           *prometheus.Registry // nil unless it is served

	mu      sync.Mutex
	watched []func(context.Context) monitor.Section // of the store, once that is open
}

// onThisMachine gives an address without a host that of this machine.
func onThisMachine(address string) string {
	if strings.HasPrefix(address, ":") {
		return "127.0.0.1" + address
	}
	return address
}

// repeatable refuses what errors would repeat and may hold a secret: the address of another
// service with its user, or a user and a password alone.
func repeatable(flag, address string) error {
	port := address[strings.LastIndexByte(address, ':')+1:]
	_, err := strconv.ParseUint(port, 10, 16)
	if strings.ContainsAny(address, "@/") || port != address && err != nil {
		return &usageError{flag + " has to be an address with a port, like :8080 or 127.0.0.1:8080. What it says is not repeated here, since it may hold a secret"}
	}
	return nil
}

// listen opens the addresses, if they are given, before anything else is begun.
func (c *listenFlags) listen(ctx context.Context) (_ *page, err error) {
	p := &page{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	address := c.Listen
	switch {
	case c.PrometheusPort < 0 || c.PrometheusPort > 65535:
		return nil, &usageError{fmt.Sprintf("--prometheus-port cannot be %d: a port is a number from 1 to 65535", c.PrometheusPort)}
	case c.PrometheusPort > 0:
		address = fmt.Sprintf(":%d", c.PrometheusPort)
	}
	if address == "" && (c.ListenCert != "" || c.ListenKey != "" || c.ListenTokenFile != "") {
		return nil, &usageError{"--listen-cert, --listen-key and --listen-token-file have no meaning without --listen"}
	}
	if err := c.secure(p); err != nil {
		return nil, err
	}
	if err := cmp.Or(repeatable("--listen", address), repeatable("--pprof", c.Pprof)); err != nil {
		return nil, err
	}
	if address != "" {
		if p.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", onThisMachine(address)); err != nil {
			return nil, &usageError{fmt.Sprintf("the status page cannot be served at %q: %v", address, err)}
		}
	}
	if c.Pprof == "" {
		return p, nil
	}
	host, _, err := net.SplitHostPort(onThisMachine(c.Pprof))
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &usageError{fmt.Sprintf("--pprof cannot be %q: profiles are for this machine alone, such as :6060 or localhost:6060", c.Pprof)}
	}
	if p.profiles, err = (&net.ListenConfig{}).Listen(ctx, "tcp", onThisMachine(c.Pprof)); err != nil {
		return nil, &usageError{fmt.Sprintf("profiles cannot be served at %q: %v", c.Pprof, err)}
	}
	return p, nil
}

// secure reads the files with certificate and token.
func (c *listenFlags) secure(p *page) error {
	if (c.ListenCert == "") != (c.ListenKey == "") {
		return &usageError{"--listen-cert and --listen-key go together: one of them is missing"}
	}
	if c.ListenCert != "" {
		pair, err := tls.LoadX509KeyPair(c.ListenCert, c.ListenKey)
		if err != nil {
			return &usageError{fmt.Sprintf("--listen-cert and --listen-key cannot be used: %v", err)}
		}
		p.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if c.ListenTokenFile != "" {
		text, err := os.ReadFile(c.ListenTokenFile)
		if err != nil {
			return &usageError{fmt.Sprintf("--listen-token-file cannot be read: %v", err)}
		}
		if p.token = strings.TrimSpace(string(text)); p.token == "" {
			return &usageError{"--listen-token-file: the file is empty"}
		}
	}
	return nil
}

// serve serves the pages, with the figures of more, until close is called.
func (p *page) serve(monitored monitor.Reactor, log *slog.Logger, more ...prometheus.Collector) error {
	if p.profiles != nil {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, os.Args[0]) // the arguments may hold a secret
		})
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		log.Info("serving profiles", "address", p.profiles.Addr().String())
		p.run(p.profiles, mux, profileLimit, log)
	}
	if p.listener == nil {
		return nil
	}
	p.registry = prometheus.NewRegistry()
	for _, collector := range append(more,
		buildInfo(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	) {
		if err := p.registry.Register(collector); err != nil {
			return fmt.Errorf("register the metrics: %w", err)
		}
	}
	if host, _, _ := net.SplitHostPort(p.listener.Addr().String()); !net.ParseIP(host).IsLoopback() && (p.tls == nil || p.token == "") {
		log.Warn("the status page can be read from other machines, and it names streams: --listen-cert and --listen-token-file protect it", "address", p.listener.Addr().String())
	}
	log.Info("serving the status page", "address", p.listener.Addr().String())
	p.run(p.listener, guarded(p.token, monitor.NewPage(monitored, p.registry, p.sections)), answerLimit, log)
	return nil
}

// watchable is a store that has figures of its own, once it is open.
type watchable interface {
	watch() (prometheus.Collector, func(context.Context) monitor.Section)
}

// watch adds the figures of a store that is open, if it has some.
func (p *page) watch(store any) error {
	watched, ok := store.(watchable)
	if !ok || p.registry == nil {
		return nil
	}
	return p.add(watched.watch())
}

// watchAudits adds the figures of the audits, if there are any.
func (p *page) watchAudits(auditing *bookkeeper) error {
	if auditing == nil || p.registry == nil {
		return nil
	}
	return p.add(auditing, auditing.section)
}

func (p *page) add(collector prometheus.Collector, section func(context.Context) monitor.Section) error {
	if section != nil {
		p.mu.Lock()
		p.watched = append(p.watched, section)
		p.mu.Unlock()
	}
	return p.register(collector)
}

// register adds figures, if any are served.
func (p *page) register(collector prometheus.Collector) error {
	if p.registry == nil {
		return nil
	}
	if err := p.registry.Register(collector); err != nil {
		return fmt.Errorf("register more metrics: %w", err)
	}
	return nil
}

// sections are the figures of the store as they are now.
func (p *page) sections(ctx context.Context) (sections []monitor.Section) {
	p.mu.Lock()
	watched := slices.Clone(p.watched)
	p.mu.Unlock()
	for _, section := range watched {
		sections = append(sections, section(ctx))
	}
	return sections
}

// run serves at a listener, within the limits.
func (p *page) run(listener net.Listener, handler http.Handler, answer time.Duration, log *slog.Logger) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerLimit, ReadTimeout: requestLimit, WriteTimeout: answer, IdleTimeout: idleLimit,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // of connections that others broke
	}
	p.servers = append(p.servers, server)
	listener = &fewConnections{Listener: listener}
	if p.tls != nil {
		listener = tls.NewListener(listener, p.tls)
	}
	p.done.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the status page is no longer served; the reactor goes on", "reason", err)
		}
	})
}

// guarded lets those through who bring the token. Probes that do not get a word.
func guarded(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		brought, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case subtle.ConstantTimeCompare([]byte(brought), []byte(token)) == 1:
			next.ServeHTTP(w, r)
		case r.URL.Path == "/healthz" || r.URL.Path == "/readyz":
			next.ServeHTTP(&firstLine{ResponseWriter: w}, r)
		default:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "bring the token", http.StatusUnauthorized)
		}
	})
}

// firstLine writes only the first line of what is written.
type firstLine struct {
	http.ResponseWriter
	over bool
}

// Write implements io.Writer.
func (f *firstLine) Write(text []byte) (int, error) {
	if !f.over {
		line, _, whole := strings.Cut(string(text), "\n")
		f.over = whole
		if _, err := fmt.Fprintln(f.ResponseWriter, line); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

// fewConnections serves a number of connections at a time. One more is let in, and the oldest
// closed in its place: whoever is slow, or says nothing, keeps no probe from its answer.
type fewConnections struct {
	net.Listener

	mu   sync.Mutex
	open list.List // of *counted, the oldest first
}

// Accept implements net.Listener.
func (f *fewConnections) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	accepted := &counted{Conn: conn}
	f.mu.Lock()
	place := f.open.PushBack(accepted)
	accepted.closed = sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.open.Remove(place)
	})
	var oldest *counted
	if f.open.Len() > maxConnections {
		oldest = f.open.Front().Value.(*counted)
	}
	f.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	return accepted, nil
}

// counted is a connection that says when it is closed.
type counted struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.closed()
	return c.Conn.Close()
}

// close ends the servers, also if they never served.
func (p *page) close() {
	for _, server := range p.servers {
		_ = server.Close()
	}
	for _, listener := range []net.Listener{p.listener, p.profiles} {
		if listener != nil {
			_ = listener.Close() // a server has closed it
		}
	}
	p.done.Wait()
}
