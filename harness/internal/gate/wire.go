package gate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"regexp"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// calls tells whether a statement calls the function of Message DB that appends. To
// name it is not to call it: who opens a store looks whether it is there.
func calls(sql string) bool { return writeCall.MatchString(sql) }

var writeCall = regexp.MustCompile(`write_message"?\s*\(`)

// wire is one connection of a client, and ours to the server. What is sent goes on
// byte for byte; only what tells of appends is decoded.
type wire struct {
	gate           *Gate
	client, server net.Conn
	gone           chan struct{} // closed when the wire ends
	end            func()        // closes both connections; ending twice is fine

	// Of the requests alone.
	statements map[string]bool // by name: whether they append
	portals    map[string]bool

	mu       sync.Mutex
	append   *place        // the append that has begun, nil if there is none
	failed   bool          // the server has refused a part of it, or undone it
	awaited  int           // how often the server has yet to say that it is ready, for all that it was sent
	answered chan struct{} // holds something when it has said so
}

func newWire(gate *Gate, client, server net.Conn) *wire {
	gone := make(chan struct{})
	return &wire{
		gate: gate, client: client, server: server, gone: gone, statements: map[string]bool{}, portals: map[string]bool{},
		answered: make(chan struct{}, 1),
		end: sync.OnceFunc(func() {
			close(gone)
			_ = client.Close() // it is over, however that goes
			_ = server.Close()
		}),
	}
}

// frame is a message of the protocol as it was read. The one that begins a
// connection has no kind.
type frame struct {
	kind byte
	raw  []byte // all of it
	body []byte // behind kind and length
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
		if w.appends(f) && (to.Flush() != nil || w.begin() != nil) {
			return
		}
		if first || asksForReady(f.kind) {
			w.await()
		}
		first = false
		if _, err := to.Write(f.raw); err != nil {
			return
		}
	}
}

// appends tells whether a message has the server append, and notes what later
// ones will need. A message that cannot be decoded is left for the server to
// refuse.
func (w *wire) appends(f frame) bool {
	switch f.kind {
	case 'P':
		var parse pgproto3.Parse
		if parse.Decode(f.body) == nil {
			w.statements[parse.Name] = calls(parse.Query)
		}
	case 'B':
		var bind pgproto3.Bind
		if bind.Decode(f.body) == nil {
			w.portals[bind.DestinationPortal] = w.statements[bind.PreparedStatement]
		}
	case 'E':
		var execute pgproto3.Execute
		return execute.Decode(f.body) == nil && w.portals[execute.Portal]
	case 'Q':
		var query pgproto3.Query
		return query.Decode(f.body) == nil && calls(query.String)
	}
	return false
}

// asksForReady tells whether the server answers a message by saying, in the end,
// that it is ready for the next.
func asksForReady(kind byte) bool { return kind == 'Q' || kind == 'S' || kind == 'F' }

// await notes that the server is going to say once more that it is ready.
func (w *wire) await() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.awaited++
}

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

// begin waits for a place, unless the transaction has one.
func (w *wire) begin() error {
	if err := w.allAnswered(); err != nil {
		return err
	}
	w.mu.Lock()
	has := w.append != nil
	w.mu.Unlock()
	if has {
		return nil
	}
	place, err := w.gate.begin(w.gone)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.append, w.failed = place, false
	return nil
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
	case 'C':
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
	succeeded = succeeded && !w.failed
	w.append, w.failed = nil, false
	w.mu.Unlock()
	return place == nil || place.end(succeeded)
}
