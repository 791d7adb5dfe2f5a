//go:build unix

package guarded

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

// Account is the user that a program of ours runs as.
type Account struct {
	Name     string // for people
	uid, gid int
	switches bool // it is another user than ours
}

// ServerAccount returns our own user, or an unprivileged one if we are root:
// PostgreSQL refuses to run as root.
func ServerAccount() (*Account, error) {
	if os.Geteuid() != 0 {
		return OwnAccount()
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
		return &Account{Name: name, uid: uid, gid: gid, switches: true}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// OwnAccount returns our own user, even if that is root: for a server that does
// not mind.
func OwnAccount() (*Account, error) {
	return &Account{Name: "our own user", uid: os.Geteuid(), gid: os.Getegid()}, nil
}

// command returns a command that runs in dir as the account, in a process
// group of its own, so that Ctrl-C in a terminal reaches only us.
func (a *Account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = environment(os.Environ())
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.switches {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return command
}

// Own makes a file or folder the account's.
func (a *Account) Own(path string) error {
	if !a.switches {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// killGroup kills a command and all that it started. It is no error if all of that
// has ended, perhaps a moment ago.
func killGroup(command *exec.Cmd) error {
	if err := syscall.Kill(-command.Process.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// environment is our environment without what would change a server,
// and without what is none of its business. Messages stay English, since we
// read them.
func environment(ours []string) []string {
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
