package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/internal/check"
)

// TestALogThatNobodyReadsHoldsNothingUp has a pipe whose reader stands still.
func TestALogThatNobodyReadsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, to := io.Pipe()
		w := &logWriter{to: to}
		log := logFlags{LogFormat: asJSON}.logger(w, 0)
		long := strings.Repeat("x", 1000)
		const lines = 5 * mostLogWaiting / 1000
		began := time.Now()
		for i := range lines {
			log.Info("a line", "n", i, "long", long)
		}
		check.Equal(t, "waited", logPatience, time.Since(began))
		var got bytes.Buffer
		read := bufio.NewReader(reader)
		for i := 0; ; i++ {
			line, err := read.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, "left out") {
				got.WriteString(line)
				if i < mostLogWaiting/2000 || i > lines/2 || !strings.HasPrefix(line, "{") {
					t.Errorf("got %q after %d of %d lines", line, i, lines)
				}
				break
			}
			if !strings.Contains(line, fmt.Sprintf(`"n":%d,`, i)) {
				t.Fatalf("line %d: got %.100q", i, line)
			}
		}
		synctest.Wait()
		go func() { // it is read as it comes again
			line, _ := read.ReadString('\n')
			got.WriteString(line)
		}()
		log.Info("the end")
		synctest.Wait()
		check.Equal(t, "waited", logPatience, time.Since(began))
		if !strings.Contains(got.String(), "the end") {
			t.Errorf("got %q, want the last line", got.String())
		}
		_ = reader.Close()
	})
}
