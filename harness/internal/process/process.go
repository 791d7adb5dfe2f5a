package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"

	"example.com/groupcheckout/harness/internal/guarded"
	"example.com/groupcheckout/reactor/feed"
)

// Config says which program to run, and how. Path is required.
type Config struct {
	Path   string   // of the program, or its name if it is on the PATH
	Args   []string // without secrets
	Env    []string // what its environment has besides, as in NAME=value
	Starts int      // how often it is started if it ends before it answers; once if it is 0

	// Saved, if given, tells how far a program has come that has no page of its
	// own: its checkpoints, as the store has them. Such a program is ready once it is
	// started, and it may end with any status when it is asked to stop.
	Saved  func(ctx context.Context) (map[feed.Tranche]feed.Position, error)
	Dir    string // its working directory; an empty one of its own unless given
	Signal string // that stops it, such as INT; TERM unless given

	StopLimit time.Duration // how long it may take to stop; as long as whoever stops it has time unless given

	readyLimit time.Duration     // how long it may take until it answers; tests change it
	line       func(text string) // is told each line that it writes; tests listen
}

// readyLimit is far more than a start takes, also of several programs at once on a
// slow machine.
const readyLimit = 2 * time.Minute

// Process is a program that was started and has answered. Whoever started it
// calls [Process.Stop] or [Process.Kill] in the end. Its calls may overlap.
type Process struct {
	config  Config
	guarded *guarded.Process
	dir     string // its own, and its working directory unless there is another
	address string // of its page: host:port
	client  *http.Client
	killed  atomic.Bool
}

// serving matches the line that tells the address, as log/slog writes it as text
// and as JSON.
func serving() *regexp.Regexp {
	return regexp.MustCompile(`"serving the status page"[ ,]+"?address"?[=:]"?([^"\s]+)`)
}

// elsewhere has a program work in another directory: the first argument.
const elsewhere = `cd -- "$1" && shift && exec "$@"`

// Start starts a program and waits until its status page answers, if it has one. If
// that does not within the limit, or the program ends instead, it is gone when Start
// returns, and the error quotes its last lines. The end of ctx gives up on the start, not on the process.
func Start(ctx context.Context, config Config) (*Process, error) {
	if config.readyLimit == 0 {
		config.readyLimit = readyLimit
	}
	for try := 1; ; try++ {
		p, err := startOnce(ctx, config)
		switch {
		case err == nil:
			return p, nil
		case try >= config.Starts || !errors.Is(err, guarded.ErrEnded) || ctx.Err() != nil:
			return nil, fmt.Errorf("start %s: %w", filepath.Base(config.Path), err)
		}
	}
}

func startOnce(ctx context.Context, config Config) (*Process, error) {
	as, err := guarded.OwnAccount()
	if err != nil {
		return nil, err
	}
	exe, err := Find(config.Path)
	if err != nil {
		return nil, err
	}
	commandLine := append([]string{exe}, config.Args...)
	if config.Dir != "" {
		commandLine = append([]string{"sh", "-c", elsewhere, "sh", config.Dir}, commandLine...)
	}
	dir, err := os.MkdirTemp("", "groupcheckout-process-*")
	if err != nil {
		return nil, err
	}
	found, line := make(chan string, 1), serving()
	started, err := guarded.Program{
		CommandLine: commandLine,
		Dir:         dir,
		As:          as,
		Env:         config.Env,
		StopSignal:  cmp.Or(config.Signal, "TERM"),
		Line: func(text string) {
			if config.line != nil {
				config.line(text)
			}
			if match := line.FindStringSubmatch(text); match != nil {
				select {
				case found <- match[1]:
				default: // it was found
				}
			}
		},
	}.Start()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p := &Process{config: config, guarded: started, dir: dir, client: &http.Client{Transport: &http.Transport{}}}
	if config.Saved != nil {
		return p, nil
	}
	if err := p.awaitReady(ctx, found); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// Find returns where a program is, of which the path or the name on the PATH is given.
func Find(path string) (exe string, err error) {
	if exe, err = exec.LookPath(path); err != nil {
		return "", err
	}
	return filepath.Abs(exe) // it may get another working directory
}

// awaitReady waits until the page answers for a reactor that runs.
func (p *Process) awaitReady(ctx context.Context, address <-chan string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.config.readyLimit, fmt.Errorf("it was not ready within %v", p.config.readyLimit))
	defer cancel()
	select {
	case p.address = <-address:
	case <-p.Done():
		return p.guarded.Early()
	case <-ctx.Done():
		return p.explain(fmt.Errorf("it did not say where its status page is: %w", context.Cause(ctx)))
	}
	var last error
	err := poll(ctx, p.Done(), func() bool {
		status, err := p.Status(ctx)
		switch {
		case err == nil && (len(status.Tranches) > 0 || status.StandsBy):
			return true
		case err == nil:
			last = errors.New("it follows no feed yet")
		case ctx.Err() == nil: // otherwise the one before says more
			last = err
		}
		return false
	})
	switch {
	case errors.Is(err, errGone):
		return p.guarded.Early()
	case err != nil:
		return p.explain(errors.Join(err, last))
	}
	return nil
}

// explain adds what the process said last to an error.
func (p *Process) explain(err error) error {
	if output := p.Output(); output != "" {
		return fmt.Errorf("%w\nits last lines:\n%s", err, output)
	}
	return err
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.guarded.Done() }

// Output returns the last lines that the process wrote.
func (p *Process) Output() string { return p.guarded.Tail() }

// Stop asks the process to stop, by its signal, and waits until it has ended. The
// error quotes its last lines if it ended with another status than 0, also before
// Stop was called; the status of a program without a page counts only then. If ctx
// or the limit ends first the process is killed. Stopping twice, or what was killed,
// is fine.
func (p *Process) Stop(ctx context.Context) error {
	if p.killed.Load() {
		return nil
	}
	if limit := p.config.StopLimit; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("it was given %v to stop", limit))
		defer cancel()
	}
	early := p.hasEnded()
	asked := p.guarded.Ask()
	defer p.client.CloseIdleConnections()
	select {
	case <-p.Done():
	case <-ctx.Done():
		output := p.Output()
		return errors.Join(fmt.Errorf("%s did not stop and was killed: %w\nits last lines:\n%s", p.name(), context.Cause(ctx), output), asked, p.Kill())
	}
	removed := os.RemoveAll(p.dir) // the guard does so only where it stopped the program
	if err := p.guarded.Result(); err != nil && (p.config.Saved == nil || early) {
		return errors.Join(p.explain(fmt.Errorf("%s ended badly: %w", p.name(), err)), asked, removed)
	}
	return errors.Join(asked, removed)
}

func (p *Process) hasEnded() bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// Kill ends the process with SIGKILL, as a crash would, and waits until it has
// ended. Killing twice, or what has ended, is fine.
func (p *Process) Kill() error {
	p.killed.Store(true)
	defer p.client.CloseIdleConnections()
	if err := p.guarded.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", p.name(), err)
	}
	return nil
}

func (p *Process) name() string { return filepath.Base(p.config.Path) }
