//go:build unix

package provision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// account is the user that a server of ours runs as.
type account struct {
	name     string
	uid, gid int
	switches bool // it is another user than ours
}

// serverAccount returns our own user, or an unprivileged one if we are root:
// PostgreSQL refuses to run as root.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return ownAccount()
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("look up the user %s: %w", name, err)
		}
		return &account{name: name, uid: uid, gid: gid, switches: true}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// ownAccount returns our own user, even if that is root: for a server that does
// not mind.
func ownAccount() (*account, error) {
	return &account{name: "our own user", uid: os.Geteuid(), gid: os.Getegid()}, nil
}

// command returns a command that runs in dir as the account, in a process
// group of its own, so that Ctrl-C in a terminal reaches only us.
func (a *account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = serverEnvironment(os.Environ())
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.switches {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return command
}

// own makes a file or folder the account's.
func (a *account) own(path string) error {
	if !a.switches {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// killGroup kills a command and all that it started.
func killGroup(command *exec.Cmd) error {
	return syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
}

// serverEnvironment is our environment without what would change the server,
// and without what is none of its business. Messages stay English, since we
// read them.
func serverEnvironment(ours []string) []string {
	env := []string{"LC_ALL=C"}
	for _, entry := range ours {
		if !slices.ContainsFunc([]string{"PG", "MDB_", "EQUINOX_", "AWS_", "LC_ALL="}, func(prefix string) bool {
			return strings.HasPrefix(entry, prefix)
		}) {
			env = append(env, entry)
		}
	}
	return env
}
