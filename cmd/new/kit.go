package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/modfile"

	"example.com/groupcheckout"
)

// kit is where a project finds the kit: a version that is published, or a clone.
type kit struct {
	version string // empty: dir
	dir     string
}

// own is the kit's go.mod.
func own() *modfile.File {
	text, err := fs.ReadFile(groupcheckout.Files, "go.mod")
	if err != nil {
		panic(err) // it is embedded
	}
	parsed, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil {
		panic(err) // this program was built by it
	}
	return parsed
}

// kitPath is the path of the kit's module.
func kitPath() string { return own().Module.Mod.Path }

// findKit finds the kit: in the folder, if one is given; otherwise where this
// program is from.
func findKit(ctx context.Context, dir string) (kit, error) {
	path := kitPath()
	if dir != "" {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if found := modfile.ModulePath(text); err == nil && found != path {
			err = fmt.Errorf("its go.mod is that of the module %q", found)
		}
		if err != nil {
			return kit{}, fmt.Errorf("%s is no clone of the kit, %s: %w", dir, path, err)
		}
		return kit{dir: dir}, nil
	}
	// Only what was built of a published version has a sum.
	if built, ok := debug.ReadBuildInfo(); ok && built.Main.Path == path && built.Main.Sum != "" {
		return kit{version: built.Main.Version}, nil
	}
	found, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			err = errors.New(strings.TrimSpace(string(exit.Stderr)))
		}
		return kit{}, fmt.Errorf("the kit, %s, cannot be found from this folder; run this program in a clone of the kit, or say with --kit=DIR where one is. The go command said: %w", path, err)
	}
	return kit{dir: strings.TrimSpace(string(found))}, nil
}

// outside returns an error if a folder lies in the clone: the project would be a part
// of it.
func (k kit) outside(dir string) error {
	if k.dir == "" {
		return nil
	}
	there, err := way(k.dir, dir)
	if err != nil {
		return fmt.Errorf("find the way from the kit to the project: %w", err)
	}
	if filepath.IsLocal(filepath.FromSlash(there)) {
		return fmt.Errorf("the folder %s lies in the clone of the kit, %s, and would become a part of it: choose one outside, such as %s",
			dir, k.dir, filepath.Join(filepath.Dir(k.dir), filepath.Base(dir)))
	}
	return nil
}

// mod is the go.mod of a project in a folder, as far as go mod tidy cannot know it.
func (k kit) mod(module, dir string) ([]byte, error) {
	path, version, replaced := kitPath(), k.version, ""
	if version == "" {
		there, err := way(dir, k.dir)
		if err != nil {
			return nil, fmt.Errorf("find the way from the project to the kit: %w", err)
		}
		version = "v0.0.0"
		replaced = fmt.Sprintf("\n// Without this, once the kit is published: go mod edit -dropreplace=%[1]s && go get %[1]s@latest\nreplace %[1]s => %[2]s\n",
			path, modfile.AutoQuote(there))
	}
	return fmt.Appendf(nil, "module %s\n\ngo %s\n\nrequire %s %s\n\ntool %[3]s/cmd/livingdoc\n%[5]s", module, own().Go.Version, path, version, replaced), nil
}

// way is the relative way from a folder, which need not be there, to another, as
// go.mod wants it.
func way(from, to string) (string, error) {
	from, err := physical(from)
	if err != nil {
		return "", err
	}
	to, err = physical(to)
	if err != nil {
		return "", err
	}
	if found, err := filepath.Rel(from, to); err == nil {
		return filepath.ToSlash(found), nil
	}
	return to, nil // on another drive
}

// physical is the absolute path of a folder without symbolic links, of which the last
// elements need not be there.
func physical(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(dir); !errors.Is(err, fs.ErrNotExist) {
		return resolved, err
	}
	parent, err := physical(filepath.Dir(dir))
	return filepath.Join(parent, filepath.Base(dir)), err
}
