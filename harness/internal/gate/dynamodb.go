package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// DynamoDB opens a gate in front of a server that speaks DynamoDB's protocol, such
// as http://127.0.0.1:8000, and counts what is appended to a table. It listens on
// the loopback interface.
func DynamoDB(ctx context.Context, serviceURL, table string) (*Gate, error) {
	target, err := url.Parse(serviceURL)
	if err != nil || target.Scheme != "http" || target.Host == "" {
		return nil, errors.New("open a gate to DynamoDB: the service URL is not one like http://127.0.0.1:8000; the gate speaks no TLS")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a gate to DynamoDB: %w", err)
	}
	g := newGate()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	d := &dynamo{gate: g, table: table, clients: map[net.Conn]struct{}{}, proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is part of what was signed
		},
		Transport:      transport,
		ModifyResponse: concluded,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}}
	server := &http.Server{
		Handler: d, ReadHeaderTimeout: time.Minute, ConnState: d.note,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // clients that go away
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // it ends with Close
	g.url = "http://" + listener.Addr().String()
	g.cut = d.cut
	g.close = sync.OnceValue(func() error {
		err := server.Close()
		serving.Wait()
		d.close()
		transport.CloseIdleConnections()
		return err
	})
	return g, nil
}

// dynamo passes requests on.
type dynamo struct {
	gate    *Gate
	table   string
	proxy   *httputil.ReverseProxy
	running sync.WaitGroup // the requests that are passed on

	mu      sync.Mutex
	clients map[net.Conn]struct{} // their connections
	closed  bool
}

// enter begins with a request. It returns false if the gate is closed: the server
// does not wait for what a client has sent a moment before.
func (d *dynamo) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.running.Add(1)
	return true
}

// close waits for the requests that are passed on, and lets none begin any more.
func (d *dynamo) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.running.Wait()
}

// note keeps the connections that can be cut.
func (d *dynamo) note(client net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateNew:
		d.clients[client] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(d.clients, client)
	default:
	}
}

// cut ends all connections. The gate calls it with its lock held.
func (d *dynamo) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for client := range d.clients {
		_ = client.Close()
	}
}

type placeKey struct{}

// ServeHTTP passes on one request. One that may not pass is cut off without a
// reply.
func (d *dynamo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !d.enter() {
		panic(http.ErrAbortHandler)
	}
	defer d.running.Done()
	if d.gate.isBroken() {
		panic(http.ErrAbortHandler)
	}
	if mayAppend(r.Header.Get("X-Amz-Target")) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if writesTo(d.table, body) {
			place, err := d.gate.begin(1, r.Context().Done())
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			defer place.end(0) // unless it has ended
			r = r.WithContext(context.WithValue(r.Context(), placeKey{}, place))
		}
	}
	d.proxy.ServeHTTP(w, r)
}

// mayAppend tells whether a call is of a kind that appends.
func mayAppend(target string) bool {
	api, operation, _ := strings.Cut(target, ".")
	if !strings.HasPrefix(api, "DynamoDB_") {
		return false
	}
	switch operation {
	case "PutItem", "UpdateItem", "TransactWriteItems":
		return true
	}
	return false
}

// writesTo tells whether a request writes to a table.
func writesTo(table string, body []byte) bool {
	type named struct{ TableName string }
	var request struct {
		named

		TransactItems []struct{ Put, Update, Delete *named }
	}
	if json.Unmarshal(body, &request) != nil {
		return false // the server will refuse it
	}
	for _, item := range request.TransactItems {
		for _, part := range []*named{item.Put, item.Update, item.Delete} {
			if part != nil && part.TableName == table {
				return true
			}
		}
	}
	return request.TableName == table
}

// concluded notes what the server replied to an append. It fails if the gate has
// broken over it, so that the reply goes no further.
func concluded(response *http.Response) error {
	place, isAppend := response.Request.Context().Value(placeKey{}).(*place)
	if !isAppend {
		return nil
	}
	succeeded := 0
	if response.StatusCode == http.StatusOK {
		succeeded = 1
	}
	if !place.end(succeeded) {
		return errBroken
	}
	return nil
}
