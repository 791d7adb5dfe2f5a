//go:build !unix

package guarded

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

// Account stands for the user that a program of ours would run as.
type Account struct{ Name string }

// ServerAccount fails: local processes need users and process groups as Unix
// has them.
func ServerAccount() (*Account, error) {
	return nil, fmt.Errorf("local processes on %s: %w; use a container or an address", runtime.GOOS, errors.ErrUnsupported)
}

// OwnAccount fails as ServerAccount does.
func OwnAccount() (*Account, error) { return ServerAccount() }

func (*Account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	return command
}

// Own does nothing: there is no account to own it.
func (*Account) Own(string) error { return nil }

func killGroup(command *exec.Cmd) error { return command.Process.Kill() }
