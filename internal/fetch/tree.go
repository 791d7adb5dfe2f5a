package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tree is npm packages with all that they depend on, pinned by a lock file,
// which has the checksum of each.
type Tree struct {
	Folder  string // the beginning of its name among the fetched things
	Package []byte // package.json
	Lock    []byte // package-lock.json
}

// NPMTree returns the folder whose node_modules has the packages, and installs
// them with npm if this machine does not have them yet. No scripts are run, and
// what is optional or a peer is left out. Several processes may call it at once.
// A nil log is silent.
func NPMTree(ctx context.Context, t Tree, log *slog.Logger) (string, error) {
	cache, err := Dir()
	if err != nil {
		return "", err
	}
	// Another lock file is another folder.
	sum := sha256.Sum256(bytes.Join([][]byte{t.Package, t.Lock}, []byte{0}))
	return Once(filepath.Join(cache, fmt.Sprintf("%s-%x", t.Folder, sum[:6])), func(dir string) error {
		if log != nil {
			log.InfoContext(ctx, "installing packages with npm", "folder", t.Folder)
		}
		return t.install(ctx, dir)
	})
}

// install has npm fill dir.
func (t Tree) install(ctx context.Context, dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("npm packages are needed for %s, and npm is not on the PATH; install Node.js with npm", t.Folder)
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "package.json"), t.Package, 0o644),
		os.WriteFile(filepath.Join(dir, "package-lock.json"), t.Lock, 0o644),
	)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error")
	command.Dir = dir
	var complaints bytes.Buffer
	command.Stderr = &complaints
	if err := command.Run(); err != nil {
		return fmt.Errorf("npm ci for %s: %w\n%s", t.Folder, err, firstLines(complaints.String(), 20))
	}
	return nil
}

// firstLines returns the first n lines of a text. npm explains itself first, and
// then lists its flags.
func firstLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
