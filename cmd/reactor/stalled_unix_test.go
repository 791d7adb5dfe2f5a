//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
)

// TestALogThatStandsStillHoldsNothingUp has a reactor write its log into a pipe that is full,
// and that nobody reads.
func TestALogThatStandsStillHoldsNothingUp(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	reader, writer, err := os.Pipe()
	check.Must(t, err)
	t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
	check.Must(t, writer.SetWriteDeadline(time.Now().Add(time.Second)))
	if _, err := writer.Write(bytes.Repeat([]byte("x"), 1<<24)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got error %v, want a pipe that is full", err)
	}
	command := programOf(env, "run", "-g", newGroup(t, h, env), "--log-level", "debug", "mdb")
	command.Stderr = writer
	check.Must(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { _ = command.Process.Kill() }) // it may have ended
	for range 3 {
		stays := h.receive(t, 2)
		h.awaitMerged(t, h.selectStays(t, stays), stays)
	}
	check.Must(t, command.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-ended:
		check.OKf(t, err, "it was stopped")
	case <-within(t).Done():
		t.Error("it does not end")
	}
}
