package main

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

// logWriter is where a process that runs for long writes its log. Lines are passed on as they
// come. Where nobody takes them, as from a pipe whose reader stands still, they are waited for
// no longer than a moment, and kept up to a limit: the work, and a stop, go on without.
type logWriter struct {
	to io.Writer

	mu      sync.Mutex
	about   func(w io.Writer) slog.Handler // for what it has to say itself; nil if nothing
	waiting []byte
	dropped int           // lines since
	over    chan struct{} // closed once nothing waits; nil if nothing does
	slow    bool          // nobody waits for what waits
	used    bool
}

const (
	logPatience    = 250 * time.Millisecond
	mostLogWaiting = 1 << 20 // bytes
)

// Write implements io.Writer. It is given whole lines.
func (w *logWriter) Write(lines []byte) (int, error) {
	w.mu.Lock()
	w.used = true
	if len(w.waiting)+len(lines) > mostLogWaiting {
		w.dropped += bytes.Count(lines, []byte("\n"))
		w.mu.Unlock()
		return len(lines), nil
	}
	w.waiting = append(w.waiting, lines...)
	if w.over == nil {
		w.over = make(chan struct{})
		go w.pass()
	}
	over, slow := w.over, w.slow
	w.mu.Unlock()
	if slow {
		return len(lines), nil
	}
	timer := time.NewTimer(logPatience)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
		w.mu.Lock()
		w.slow = w.over == over
		w.mu.Unlock()
	}
	return len(lines), nil
}

// pass passes on what waits until nothing does.
func (w *logWriter) pass() {
	for {
		w.mu.Lock()
		text := w.waiting
		w.waiting = nil
		if w.dropped > 0 && w.about != nil {
			var said bytes.Buffer
			slog.New(w.about(&said)).Warn("lines of the log were left out: for a while nobody took them", "lines", w.dropped)
			text = append(text, said.Bytes()...)
		}
		w.dropped = 0
		if len(text) == 0 {
			close(w.over)
			w.over, w.slow = nil, false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		_, _ = w.to.Write(text) // where else would that be said
	}
}

// wasUsed tells whether something was written.
func (w *logWriter) wasUsed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.used
}

// handledBy has what it has to say itself be written as the rest is.
func (w *logWriter) handledBy(about func(io.Writer) slog.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.about = about
}
