package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Package is a package of the npm registry.
type Package struct {
	Name    string // with its scope
	Version string // an exact one
	SHA512  string // of its archive, in base 64, as the registry gives it
	Folder  string // its name among the fetched things, which holds the version too
}

// largestFile is the most that a file of a package may hold, in bytes.
const largestFile = 4 << 20

// NPM returns the folder with the files of a package, and fetches it with npm if
// this machine does not have it yet. Its scripts are not run, and what it
// depends on is not fetched. Several processes may call it at once. A nil log is
// silent.
func NPM(ctx context.Context, p Package, log *slog.Logger) (string, error) {
	cache, err := Dir()
	if err != nil {
		return "", err
	}
	return Once(filepath.Join(cache, p.Folder), func(dir string) error {
		if log != nil {
			log.InfoContext(ctx, "fetching a package with npm", "package", p.Name, "version", p.Version)
		}
		return p.fetch(ctx, dir)
	})
}

// fetch has npm download the package, checks it and unpacks it into dir.
func (p Package) fetch(ctx context.Context, dir string) error {
	// npm writes beside dir, whose parent is this call's own.
	beside := filepath.Dir(dir)
	if err := npm(ctx, beside, "pack", p.Name+"@"+p.Version, "--ignore-scripts", "--loglevel=error"); err != nil {
		return fmt.Errorf("npm pack %s@%s: %w", p.Name, p.Version, err)
	}
	archives, err := filepath.Glob(filepath.Join(beside, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack %s@%s left %d archives, not one", p.Name, p.Version, len(archives))
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return fmt.Errorf("read what npm packed: %w", err)
	}
	if got := sha512.Sum512(archive); base64.StdEncoding.EncodeToString(got[:]) != p.SHA512 {
		return fmt.Errorf("npm delivered a package %s@%s with another checksum than the published one; not using it", p.Name, p.Version)
	}
	return unpack(archive, dir)
}

// unpack writes the files of an npm archive to dir, without the folder package
// that all of them are in.
func unpack(archive []byte, dir string) error {
	root, err := os.OpenRoot(dir) // keeps every name inside dir
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing is written through it

	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		name := strings.TrimPrefix(path.Clean(header.Name), "package/")
		content, err := io.ReadAll(io.LimitReader(files, largestFile+1))
		if err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
		if len(content) > largestFile {
			return fmt.Errorf("unpack %s: it is larger than %d bytes", name, largestFile)
		}
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
		if err := root.WriteFile(name, content, 0o644); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
	}
}

// npm runs npm in a folder. What it complains of is in the error: it explains itself
// first, and then lists its flags.
func npm(ctx context.Context, dir string, args ...string) error {
	program, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("npm is needed, and is not on the PATH; install Node.js with npm")
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = dir
	var complaints bytes.Buffer
	command.Stderr = &complaints
	if err := command.Run(); err != nil {
		lines := strings.SplitAfter(strings.TrimSpace(complaints.String()), "\n")
		return fmt.Errorf("%w\n%s", err, strings.Join(lines[:min(20, len(lines))], ""))
	}
	return nil
}

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
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "package.json"), t.Package, 0o644),
		os.WriteFile(filepath.Join(dir, "package-lock.json"), t.Lock, 0o644),
	)
	if err != nil {
		return err
	}
	if err := npm(ctx, dir, "ci", "--ignore-scripts", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return fmt.Errorf("npm ci for %s: %w", t.Folder, err)
	}
	return nil
}
