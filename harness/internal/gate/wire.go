package gate

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"example.com/groupcheckout/internal/proxy"
)

// call is what a statement has to do with appends.
type call int

const (
	nothing     call = iota
	takesLock        // it takes the lock that an append takes
	writesEvent      // it writes an event: one, or a part, of the append that its transaction is
	isAppend         // it is an append of its own, which writes only at the right version
	areAppends       // it is several such appends, as many as its first parameter has elements

	untilReady // no statement: what the server answers by saying that it is ready
)

// calls tells which functions of Message DB a statement calls, or that it writes events past
// them. To name one is not to call it: who opens a store looks whether they are there.
func calls(sql string) call {
	switch {
	case (insertion.MatchString(sql) || writeCall.MatchString(sql) && versionCall.MatchString(sql)) && listCall.MatchString(sql):
		return areAppends
	case insertion.MatchString(sql):
		return writesEvent
	case writeCall.MatchString(sql) && versionCall.MatchString(sql):
		return isAppend
	case writeCall.MatchString(sql):
		return writesEvent
	case lockCall.MatchString(sql):
		return takesLock
	}
	return nothing
}

var (
	insertion   = regexp.MustCompile(`(?i)\binsert\s+into\s+("?message_store"?\s*\.\s*)?"?messages\b`)
	writeCall   = regexp.MustCompile(`write_message"?\s*\(`)
	versionCall = regexp.MustCompile(`stream_version"?\s*\(`)
	lockCall    = regexp.MustCompile(`acquire_lock"?\s*\(`)
	listCall    = regexp.MustCompile(`unnest"?\s*\(\s*\$1\b`)
)

// wire is one connection of a client, and ours to the server. What is sent goes on
// byte for byte; only what tells of appends is decoded.
type wire struct {
	gate           *Gate
	client, server net.Conn
	gone           chan struct{} // closed when the wire ends
	end            func()        // closes both connections; ending twice is fine

	// Of the requests alone.
	statements map[string]call // by name
	portals    map[string]portal

	mu       sync.Mutex
	append   *place        // of the appends that have begun, nil if there are none
	failed   bool          // the server has refused a part of them, or undone them
	refused  int           // how many of them have written nothing, and no harm done
	running  []call        // what the server has yet to complete
	awaited  int           // how often the server has yet to say that it is ready, for all that it was sent
	answered chan struct{} // holds something when it has said so
}

func newWire(gate *Gate, client, server net.Conn) *wire {
	gone := make(chan struct{})
	return &wire{
		gate: gate, client: client, server: server, gone: gone, statements: map[string]call{}, portals: map[string]portal{},
		answered: make(chan struct{}, 1),
		end: sync.OnceFunc(func() {
			close(gone)
			_ = client.Close() // it is over, however that goes
			_ = server.Close()
		}),
	}
}

// portal is what a statement has the server do, with its parameters.
type portal struct {
	call    call
	appends int // how many it is, if it is any
}

// uncounted is how many appends a statement is whose list of them cannot be read.
const uncounted = -1

var errUncounted = errors.New("a statement of several appends has a first parameter that is no list, so they cannot be counted")

// frame is a message of the protocol as it was read. The one that begins a
// connection has no kind.
type frame struct {
	kind   byte
	raw    []byte // all of it
	body   []byte // behind kind and length
	portal        // of a message of the client: what it has the server do
}

// longestFrame is what PostgreSQL takes at the most.
const longestFrame = 1 << 30

var errFrame = errors.New("a message has a length that cannot be")

// readFrame reads a message, one with a kind in front unless it is the first.
func readFrame(from *bufio.Reader, first bool) (frame, error) {
	head := 5
	if first {
		head = 4
	}
	header := make([]byte, head)
	if _, err := io.ReadFull(from, header); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(header[head-4:])
	if length < 4 || length > longestFrame {
		return frame{}, errFrame
	}
	raw := make([]byte, head-4+int(length))
	copy(raw, header)
	if _, err := io.ReadFull(from, raw[head:]); err != nil {
		return frame{}, err
	}
	f := frame{raw: raw, body: raw[head:]}
	if !first {
		f.kind = raw[0]
	}
	return f, nil
}

// The codes in the place of a version in the first message.
const (
	sslRequest    = 80877103
	gssEncRequest = 80877104
)

// requests passes on what the client sends until either end closes.
func (w *wire) requests() {
	from, to := bufio.NewReader(w.client), bufio.NewWriter(w.server)
	for first := true; ; {
		if from.Buffered() == 0 && to.Flush() != nil {
			return
		}
		f, err := readFrame(from, first)
		if err != nil {
			return
		}
		if first && len(f.body) >= 4 {
			if code := binary.BigEndian.Uint32(f.body); code == sslRequest || code == gssEncRequest {
				if _, err := w.client.Write([]byte{'N'}); err != nil {
					return
				}
				continue
			}
		}
		f.portal = w.asks(f)
		frames := []frame{f}
		if f.call != nothing {
			if to.Flush() != nil {
				return
			}
			if frames, err = w.together(from, f); err != nil {
				return
			}
		}
		for _, f := range frames {
			w.sends(f, first)
			if _, err := to.Write(f.raw); err != nil {
				return
			}
		}
		first = false
	}
}

// together waits for the place of all appends that a client sends together, beginning
// with a message that has to do with them, unless the transaction has one. It returns
// what it has read for that. None of it goes on before: the lock of a category that
// waits here would hold up who has a place.
func (w *wire) together(from *bufio.Reader, f frame) ([]frame, error) {
	if err := w.allAnswered(); err != nil {
		return nil, err
	}
	frames := []frame{f}
	if w.hasPlace() {
		return frames, nil
	}
	for !asksForReady(f.kind) && f.kind != 'H' {
		var err error
		if f, err = readFrame(from, false); err != nil {
			return nil, err
		}
		f.portal = w.asks(f)
		frames = append(frames, f)
	}
	n, parts := 0, false
	for _, f := range frames {
		if f.appends == uncounted { // what passes must not be more than may
			return nil, errUncounted
		}
		n += f.appends
		parts = parts || f.call == writesEvent
	}
	if parts {
		n++
	}
	if n == 0 {
		return frames, nil
	}
	place, err := w.gate.begin(n, w.gone)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.append, w.failed, w.refused = place, false, 0
	return frames, nil
}

func (w *wire) hasPlace() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append != nil
}

// sends notes what is sent on to the server.
func (w *wire) sends(f frame, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if first || asksForReady(f.kind) {
		w.awaited++
		w.running = append(w.running, untilReady)
	}
	if f.kind == 'E' {
		w.running = append(w.running, f.call)
	}
}

// asks tells what a message has the server do, and notes what later ones will need. A
// message that cannot be decoded is left for the server to refuse.
func (w *wire) asks(f frame) portal {
	switch f.kind {
	case 'P':
		var parse pgproto3.Parse
		if parse.Decode(f.body) == nil {
			w.statements[parse.Name] = calls(parse.Query)
		}
	case 'B':
		var bind pgproto3.Bind
		if bind.Decode(f.body) == nil {
			w.portals[bind.DestinationPortal] = bound(w.statements[bind.PreparedStatement], bind)
		}
	case 'E':
		var execute pgproto3.Execute
		if execute.Decode(f.body) == nil {
			return w.portals[execute.Portal]
		}
	case 'Q':
		var query pgproto3.Query
		if query.Decode(f.body) == nil {
			return bound(calls(query.String), pgproto3.Bind{})
		}
	}
	return portal{}
}

// bound tells what a statement does with these parameters.
func bound(c call, bind pgproto3.Bind) portal {
	switch c {
	case isAppend:
		return portal{c, 1}
	case areAppends:
		var list pgtype.FlatArray[pgtype.Text] // as unnest takes it: NULL is one too, and dimensions do not matter
		format := int16(pgtype.TextFormatCode)
		if len(bind.ParameterFormatCodes) > 0 { // of all, or of each
			format = bind.ParameterFormatCodes[0]
		}
		if len(bind.Parameters) == 0 || pgtype.NewMap().Scan(pgtype.VarcharArrayOID, format, bind.Parameters[0], &list) != nil {
			return portal{isAppend, uncounted}
		}
		return portal{isAppend, len(list)}
	case nothing, takesLock, writesEvent, untilReady:
	}
	return portal{c, 0}
}

// asksForReady tells whether the server answers a message by saying, in the end,
// that it is ready for the next.
func asksForReady(kind byte) bool { return kind == 'Q' || kind == 'S' || kind == 'F' }

// allAnswered waits until the server has answered whatever was sent before: only then
// is it known whether a transaction is open. A client may send the end of one
// transaction, or what makes a connection new, together with the beginning of the
// next.
func (w *wire) allAnswered() error {
	for {
		w.mu.Lock()
		awaited := w.awaited
		w.mu.Unlock()
		if awaited == 0 {
			return nil
		}
		select {
		case <-w.answered:
		case <-w.gone:
			return errBroken
		}
	}
}

// replies passes on what the server sends until either end closes. An append that
// has not ended by then has failed.
func (w *wire) replies() {
	defer w.conclude(false)
	from, to := bufio.NewReader(w.server), bufio.NewWriter(w.client)
	for {
		if from.Buffered() == 0 && to.Flush() != nil {
			return
		}
		f, err := readFrame(from, false)
		if err != nil || !w.replied(f) {
			return
		}
		if _, err := to.Write(f.raw); err != nil {
			return
		}
	}
}

// replied notes what a message says of the append. It returns false if the gate
// has broken over it.
func (w *wire) replied(f frame) bool {
	switch f.kind {
	case 'E':
		w.becomes(true)
	case 'D':
		w.row(f)
	case 'I', 's': // nothing was to be done, or not all of it
		w.completed()
	case 'C':
		w.completed()
		var complete pgproto3.CommandComplete
		if complete.Decode(f.body) != nil {
			return true
		}
		switch string(complete.CommandTag) {
		case "COMMIT":
			return w.conclude(true)
		case "ROLLBACK": // of all, or to a savepoint, as the next ready tells
			w.becomes(true)
		}
	case 'Z':
		var ready pgproto3.ReadyForQuery
		if ready.Decode(f.body) != nil {
			return true
		}
		defer w.ready()
		switch ready.TxStatus {
		case 'I':
			return w.conclude(true)
		case 'T':
			w.becomes(false) // what was refused has been undone alone
		}
	}
	return true
}

// row notes a row that the server answers with. An append of its own says in the last
// column what it has written: NULL if it found another version than it expected.
func (w *wire) row(f frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.running) == 0 || w.running[0] != isAppend {
		return
	}
	var row pgproto3.DataRow
	if row.Decode(f.body) == nil && len(row.Values) > 0 && row.Values[len(row.Values)-1] == nil {
		w.refused++
	}
}

// completed notes that the server is done with the statement that it was at.
func (w *wire) completed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.running) > 0 && w.running[0] != untilReady {
		w.running = w.running[1:]
	}
}

// becomes notes whether the server has refused or undone the append so far.
func (w *wire) becomes(failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = failed
}

// ready notes that the server has said that it is ready.
func (w *wire) ready() {
	w.mu.Lock()
	w.awaited--
	w.running = w.running[slices.Index(w.running, untilReady)+1:] // what follows an error is passed over
	w.mu.Unlock()
	select {
	case w.answered <- struct{}{}:
	default: // whoever waits looks at once
	}
}

// conclude ends the append, if there is one. It returns false if the gate has
// broken over it.
func (w *wire) conclude(succeeded bool) bool {
	w.mu.Lock()
	place := w.append
	written := 0
	if place != nil && succeeded && !w.failed {
		written = place.count - w.refused
	}
	w.append, w.failed, w.refused = nil, false, 0
	w.mu.Unlock()
	return place == nil || place.end(written)
}

// MessageDB opens a gate in front of the Message DB that a server, host:port, speaks
// for. Its address is through with another host. It listens on the loopback
// interface.
func MessageDB(ctx context.Context, server string, through url.URL) (*Gate, error) {
	g := newGate()
	between, err := proxy.Listen(ctx, server, proxy.Config{Serve: g.wire})
	if err != nil {
		return nil, fmt.Errorf("open a gate to Message DB: %w", err)
	}
	through.Host = between.Addr()
	g.url = through.String()
	g.cut = func() { between.Cut() }
	g.close = func() error { between.Close(); return nil }
	return g, nil
}

// wire serves one connection until either end closes it.
func (g *Gate) wire(c *proxy.Conn) {
	if g.isBroken() { // one that breaks from now on finds the connection
		return
	}
	w := newWire(g, c.Client, c.Server)
	var both sync.WaitGroup
	both.Go(func() { defer w.end(); w.requests() })
	both.Go(func() { defer w.end(); w.replies() })
	both.Wait()
}
