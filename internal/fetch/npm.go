package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
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
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("the npm package %s is needed, and npm is not on the PATH; install Node.js with npm", p.Name)
	}
	// npm writes beside dir, whose parent is this call's own.
	command := exec.CommandContext(ctx, npm, "pack", p.Name+"@"+p.Version, "--ignore-scripts", "--loglevel=error")
	command.Dir = filepath.Dir(dir)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	if err := command.Run(); err != nil {
		return fmt.Errorf("npm pack %s@%s: %w\n%s", p.Name, p.Version, err, lastLines(complaints.String(), 10))
	}
	archives, err := filepath.Glob(filepath.Join(command.Dir, "*.tgz"))
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

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
