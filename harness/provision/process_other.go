//go:build !unix

package provision

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

// account stands for the user that a server of ours would run as.
type account struct{ name string }

// serverAccount fails: local processes need users and process groups as Unix
// has them.
func serverAccount() (*account, error) {
	return nil, fmt.Errorf("local processes on %s: %w; use a container or an address", runtime.GOOS, errors.ErrUnsupported)
}

// ownAccount fails as serverAccount does.
func ownAccount() (*account, error) { return serverAccount() }

func (*account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	return command
}

func (*account) own(string) error { return nil }

func killGroup(command *exec.Cmd) error { return command.Process.Kill() }
