package provision

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// guard is the shell script that a server runs under. Its standard input is a
// pipe that only this process holds open. The kernel closes the pipe when this
// process ends, killed or not; the guard then stops the server and removes its
// folder. A server that ends by itself ends the guard and keeps the folder.
//
// The first argument is the folder, the second the name of the signal that
// stops the server, the others are the server's command line.
const guard = `
dir=$1; signal=$2; shift 2
stopping=
trap 'stopping=yes; kill -s "$signal" "$server"' TERM
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( read -r line <&3; kill -TERM $$ ) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"; status=$?
if [ "$stopping" ]; then
	wait "$server"; status=$?
	rm -rf -- "$dir" 2>/dev/null
else
	kill "$watch" 2>/dev/null
fi
exit "$status"
`

// program says how to run a server, or a program that prepares one.
type program struct {
	commandLine []string
	dir         string // the server's own: its working directory, removed when it is stopped
	as          *account
	readyText   string // the first line with this text means that the server is ready; unused if it only ends
	stopSignal  string // asks it to stop at once; by its name, such as INT
}

// process is a server that runs under a guard.
type process struct {
	pipe  io.Closer // closing it stops the server
	ready chan struct{}
	done  chan struct{} // closed when the server and its guard have ended
	kill  func() error

	mu    sync.Mutex
	lines []string // the last that the server wrote
	err   error    // how the server ended; set before done is closed
}

// tailLength is how many lines of a server's log its errors quote.
const tailLength = 15

// start starts a server. What it writes is added to the file log in its folder.
func (s program) start() (*process, error) {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.commandLine[0], err)
	}
	input, pipe, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.commandLine[0], err), log.Close())
	}
	output, written, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.commandLine[0], err), log.Close(), input.Close(), pipe.Close())
	}
	guarded := append([]string{"-c", guard, "sh", s.dir, s.stopSignal}, s.commandLine...)
	command := s.as.command(context.Background(), s.dir, "sh", guarded...)
	command.Stdin, command.Stdout, command.Stderr = input, written, written
	err = command.Start()
	// The child has its own copies of these ends, if it started.
	closed := errors.Join(input.Close(), written.Close())
	if err = errors.Join(err, closed); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.commandLine[0], err), log.Close(), pipe.Close(), output.Close())
	}
	p := &process{
		pipe:  pipe,
		ready: make(chan struct{}),
		done:  make(chan struct{}),
		kill:  func() error { return killGroup(command) },
	}
	go p.follow(command, output, log, s.readyText)
	return p, nil
}

// follow reads what the server writes until it has ended.
func (p *process) follow(command *exec.Cmd, output io.ReadCloser, log io.WriteCloser, readyText string) {
	defer close(p.done)
	ready := false
	for lines := bufio.NewReader(output); ; {
		line, err := lines.ReadString('\n')
		if line != "" {
			_, _ = io.WriteString(log, line) // a full disk shows in the server itself
			p.remember(strings.TrimRight(line, "\r\n"))
			if !ready && strings.Contains(line, readyText) {
				ready = true
				close(p.ready)
			}
		}
		if err != nil {
			break
		}
	}
	err := errors.Join(command.Wait(), output.Close(), log.Close())
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
}

func (p *process) remember(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
	if len(p.lines) > tailLength {
		p.lines = p.lines[1:]
	}
}

// tail returns the last lines that the server wrote.
func (p *process) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// result returns how the server ended, after it has.
func (p *process) result() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// awaitReady waits until the server is ready. If it ends instead, or ctx does,
// the error quotes its last lines; the caller still calls stop.
func (p *process) awaitReady(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.done:
		return fmt.Errorf("the server ended while it started: %w\n%s", errors.Join(p.result(), errEnded), p.tail())
	case <-ctx.Done():
		return fmt.Errorf("the server did not become ready: %w\n%s", context.Cause(ctx), p.tail())
	}
}

// awaitEnd waits until a program that ends by itself has done so. If it fails,
// or ctx ends, the error quotes its last lines; the caller still calls stop.
func (p *process) awaitEnd(ctx context.Context) error {
	select {
	case <-p.done:
		if err := p.result(); err != nil {
			return fmt.Errorf("%w\n%s", err, p.tail())
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("it did not end: %w\n%s", context.Cause(ctx), p.tail())
	}
}

// errEnded marks the error of a server that ended by itself.
var errEnded = errors.New("it exited")

// stopLimit is how long a server may take to stop before it is killed.
const stopLimit = 10 * time.Second

// stop stops the server and waits until it has ended and its folder is gone.
// It is no error if the server had ended already.
func (p *process) stop() error {
	closed := p.pipe.Close()
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-p.done:
		return closed
	case <-limit.C:
		killed := p.kill()
		<-p.done
		return errors.Join(closed, killed, fmt.Errorf("the server did not stop within %s and was killed\n%s", stopLimit, p.tail()))
	}
}
