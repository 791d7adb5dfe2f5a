package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"example.com/groupcheckout/harness/internal/guarded"
)

// portAttempts is how many free ports are tried. Another program can take a
// port between our look and the server's bind.
const portAttempts = 5

// onFreePort starts a program on a free port and waits until it is ready. What it
// says if another program has taken the port is given by taken.
func onFreePort(
	ctx context.Context, taken string, program func(port int) guarded.Program, ready func(p *guarded.Process, port int) error,
) (*guarded.Process, int, error) {
	for attempt := 1; ; attempt++ {
		port, err := freePort(ctx)
		if err != nil {
			return nil, 0, err
		}
		process, err := program(port).Start()
		if err != nil {
			return nil, 0, err
		}
		err = ready(process, port)
		if err == nil {
			return process, port, nil
		}
		again := errors.Is(err, guarded.ErrEnded) && strings.Contains(process.Tail(), taken)
		err = errors.Join(err, process.Stop())
		if !again || attempt == portAttempts {
			return nil, 0, err
		}
	}
}

// freePort returns a TCP port of the loopback interface that was free just now.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return port, nil
}

// answerPause is how long to wait before a server that is starting is asked
// again.
const answerPause = 50 * time.Millisecond

// awaitAnswer asks a server that does not say when it is ready until it answers.
// If it ends instead, or ctx or startLimit does, the error quotes its last
// lines; the caller still calls Stop.
func awaitAnswer(ctx context.Context, p *guarded.Process, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(answerPause)
	defer ticker.Stop()
	for {
		last := ask(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-p.Done():
			return p.Early()
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready: %w: %w\n%s", context.Cause(ctx), last, p.Tail())
		case <-ticker.C:
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
