package guarded

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

// guard is the shell script that a program runs under. Its standard input is a
// pipe that only this process holds open. The kernel closes the pipe when this
// process ends, killed or not; the guard then stops the program and removes its
// folder. A program that ends by itself ends the guard and keeps the folder.
//
// The fifo is for a stop that comes at once: a signal that reaches the program's
// process before the shell has begun with it there is lost. The program runs in the
// foreground, since a shell has those in the background ignore SIGINT.
//
// The first argument is the folder, the second the name of the signal that
// stops the program, the others are the program's command line.
const guard = `
dir=$1; signal=$2; shift 2
exec 3<&0 </dev/null
mkfifo "$dir/begun" || exit
(
	read -r program <"$dir/begun"
	rm -f "$dir/begun"
	read -r line <&3
	: >"$dir/stopping"
	kill -s "$signal" "$program"
) >/dev/null 2>&1 &
watch=$!
sh -c 'begun=$1; shift; echo "$$" >"$begun"; exec "$@"' sh "$dir/begun" "$@" 3<&-
status=$?
if [ -e "$dir/stopping" ]; then
	rm -rf -- "$dir" 2>/dev/null
else
	kill "$watch" 2>/dev/null
fi
exit "$status"
`

// Program says how to run a program.
type Program struct {
	CommandLine []string
	Dir         string // the program's own: its working directory, removed when it is stopped
	As          *Account
	Env         []string          // what its environment has besides, as in NAME=value
	ReadyText   string            // the first line with this text makes it ready; empty: it never says so
	StopSignal  string            // asks it to stop; by its name, such as INT
	Line        func(line string) // is given each line that it writes, from one goroutine; nil: nobody is
}

// Process is a program that runs under a guard. Its calls may overlap.
type Process struct {
	dir       string
	closePipe func() error // stops the program; only the first call does something
	ready     chan struct{}
	done      chan struct{} // closed when the program and its guard have ended
	killGroup func() error

	mu    sync.Mutex
	lines []string // the last that the program wrote
	err   error    // how it ended; set before done is closed
}

// TailLength is how many lines of a program's output its errors quote.
const TailLength = 15

// Start starts a program. What it writes is added to the file log in its folder
// too. Whoever starts it calls [Process.Stop] or [Process.Kill] in the end.
func (p Program) Start() (*Process, error) {
	failed := func(err error, closers ...io.Closer) error {
		errs := []error{fmt.Errorf("start %s: %w", p.CommandLine[0], err)}
		for _, c := range closers {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	log, err := os.OpenFile(filepath.Join(p.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, failed(err)
	}
	input, pipe, err := os.Pipe()
	if err != nil {
		return nil, failed(err, log)
	}
	output, written, err := os.Pipe()
	if err != nil {
		return nil, failed(err, log, input, pipe)
	}
	guarded := append([]string{"-c", guard, "sh", p.Dir, p.StopSignal}, p.CommandLine...)
	command := p.As.command(context.Background(), p.Dir, "sh", guarded...)
	command.Env = append(command.Env, p.Env...)
	command.Stdin, command.Stdout, command.Stderr = input, written, written
	err = command.Start()
	// The child has its own copies of these ends, if it started.
	if err = errors.Join(err, input.Close(), written.Close()); err != nil {
		return nil, failed(err, log, pipe, output)
	}
	process := &Process{
		dir:       p.Dir,
		closePipe: sync.OnceValue(pipe.Close),
		ready:     make(chan struct{}),
		done:      make(chan struct{}),
		killGroup: func() error { return killGroup(command) },
	}
	go process.follow(command, output, log, p)
	return process, nil
}

// follow reads what the program writes until it has ended.
func (p *Process) follow(command *exec.Cmd, output io.ReadCloser, log io.WriteCloser, program Program) {
	defer close(p.done)
	ready := program.ReadyText == ""
	for lines := bufio.NewReader(output); ; {
		line, err := lines.ReadString('\n')
		if line != "" {
			_, _ = io.WriteString(log, line) // a full disk shows in the program itself
			p.remember(strings.TrimRight(line, "\r\n"))
			if program.Line != nil {
				program.Line(strings.TrimRight(line, "\r\n"))
			}
			if !ready && strings.Contains(line, program.ReadyText) {
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

func (p *Process) remember(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
	if len(p.lines) > TailLength {
		p.lines = p.lines[1:]
	}
}

// Tail returns the last lines that the program wrote, at most [TailLength].
func (p *Process) Tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Result returns how the program ended, once it has: nil if with the status 0.
func (p *Process) Result() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// ErrEnded marks the error of a program that ended by itself.
var ErrEnded = errors.New("it exited")

// AwaitReady waits until the program has said that it is ready. If it ends
// instead, or ctx does, the error quotes its last lines; the caller still calls
// Stop.
func (p *Process) AwaitReady(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.done:
		return p.Early()
	case <-ctx.Done():
		return fmt.Errorf("it did not become ready: %w\n%s", context.Cause(ctx), p.Tail())
	}
}

// Early is the error of a program that ended before it was of use.
func (p *Process) Early() error {
	return fmt.Errorf("it ended while it started: %w\n%s", errors.Join(p.Result(), ErrEnded), p.Tail())
}

// AwaitEnd waits until a program that ends by itself has done so. If it fails,
// or ctx ends, the error quotes its last lines; the caller still calls Stop.
func (p *Process) AwaitEnd(ctx context.Context) error {
	select {
	case <-p.done:
		if err := p.Result(); err != nil {
			return fmt.Errorf("%w\n%s", err, p.Tail())
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("it did not end: %w\n%s", context.Cause(ctx), p.Tail())
	}
}

// StopLimit is how long a program may take to stop before Stop kills it, which is an
// error. A server first writes down what it has in memory, on a slow disk perhaps.
const StopLimit = time.Minute

// Ask asks the program to stop, and does not wait for it.
func (p *Process) Ask() error { return p.closePipe() }

// Stop stops the program and waits until it has ended and its folder is gone.
// It is no error if it had ended already, and none if it ends with another
// status than 0.
func (p *Process) Stop() error {
	asked := p.Ask()
	limit := time.NewTimer(StopLimit)
	defer limit.Stop()
	select {
	case <-p.done:
		return asked
	case <-limit.C:
		return errors.Join(asked, p.Kill(), fmt.Errorf("it did not stop within %s and was killed\n%s", StopLimit, p.Tail()))
	}
}

// Kill kills the program and all that it started, with SIGKILL, waits until it
// has ended, and removes its folder. It is no error if it had ended already.
func (p *Process) Kill() error { return errors.Join(p.Crash(), os.RemoveAll(p.dir)) }

// Crash is Kill that leaves the folder: the program can be started again in it.
func (p *Process) Crash() error {
	var killed error
	select {
	case <-p.done:
	default:
		if killed = p.killGroup(); killed == nil {
			<-p.done
		}
	}
	return errors.Join(killed, p.Ask())
}
