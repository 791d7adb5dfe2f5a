package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/program"

	"example.com/groupcheckout/internal/modulepath"
)

// description is the head of the help.
const description = `Writes a project of one's own, ready to run: a module with a domain, its scenarios, a Makefile, a workflow of GitHub, settings of an editor, and a README.md that says what is where.

    go run ./cmd/new --module git.example.org/depot/sorting ../sorting

It begins as a copy of an example, which is then yours to change. Its packages have the paths of your module; the kit, which is everything that is for any domain, is imported.

Exit status: 0 the project is ready; 1 it is not: an argument is wrong, the folder has files in it already, or go mod tidy failed.`

// cli is the grammar of the command line.
type cli struct {
	Module  string `placeholder:"PATH" help:"The path of the new module, such as git.example.org/depot/sorting. It has to be given."`
	Example string `default:"parcels" placeholder:"NAME" help:"What to begin with: parcels, a sorting centre that can be read in an hour, or hotel, with all there is. Default: ${default}."`
	Kit     string `placeholder:"DIR" help:"A clone of the kit that the project is to use. Default: the version that this program is of; or the clone that it is run from."`
	Dir     string `arg:"" optional:"" help:"The folder to make, outside of the clone. It has to be given; one that is there has to be empty."`
}

func main() { program.Main(run) }

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	var grammar cli
	return program.Program{
		Name: "new", Description: description, Grammar: &grammar,
		Do: func() error { return grammar.make(ctx, out) },
	}.Run(args, out, complaints)
}

// make makes the project.
func (c cli) make(ctx context.Context, out io.Writer) error {
	if err := c.missing(); err != nil {
		return err
	}
	if err := modulepath.Check(c.Module); err != nil {
		return err
	}
	if name := kitPath(); modulepath.Replace(c.Module, name, "") != c.Module {
		return fmt.Errorf("%s belongs to the kit's own module, %s: choose a path that is yours", c.Module, name)
	}
	chosen, err := exampleOf(c.Example)
	if err != nil {
		return err
	}
	// As the shell sees it, which may have come here by a symbolic link.
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("find the folder %s: %w", c.Dir, err)
	}
	if err := vacant(dir); err != nil {
		return err
	}
	from, err := findKit(ctx, c.Kit)
	if err != nil {
		return err
	}
	if err := from.outside(dir); err != nil {
		return err
	}
	files, err := chosen.files(c.Module)
	if err != nil {
		return fmt.Errorf("make the project: %w", err)
	}
	if files["go.mod"], err = from.mod(c.Module, dir); err != nil {
		return err
	}
	for name, text := range files {
		if err := write(filepath.Join(dir, filepath.FromSlash(name)), text); err != nil {
			return fmt.Errorf("make the project: %w", err)
		}
	}
	fmt.Fprintf(out, "%s is in %s: %s, of the example %s.\n", c.Module, c.Dir, plural.Of(len(files), "file"), chosen.name)
	if err := tidy(ctx, dir); err != nil {
		return fmt.Errorf("the project is written, but its go.mod is not complete: %w\nThat takes a network, or a module cache that has everything. Go on with: cd %s && go mod tidy && make test", err, c.Dir)
	}
	if from.version == "" {
		fmt.Fprintf(out, "It uses the kit in the clone %s, as its go.mod says. CI does not find it there: see README.md.\n", from.dir)
	}
	fmt.Fprintf(out, "Next: cd %s && make test\n", c.Dir)
	return nil
}

// missing says what was not given of that which has to be, all at once.
func (c cli) missing() error {
	var lacks []string
	if c.Module == "" {
		lacks = append(lacks, "the path of the module (--module=PATH)")
	}
	if c.Dir == "" {
		lacks = append(lacks, "the folder to make")
	}
	if len(lacks) == 0 {
		return nil
	}
	return fmt.Errorf("missing: %s; give it as in: new --module=git.example.org/depot/sorting ../sorting. See new --help", strings.Join(lacks, ", and "))
}

// vacant returns an error unless a folder is empty, or is not there.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	info, _ := os.Stat(dir) // what cannot be looked at cannot be read either
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case info != nil && !info.IsDir():
		return fmt.Errorf("%s is a file: choose a folder that is empty, or not there yet", dir)
	case err != nil:
		return fmt.Errorf("make the project: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("the folder %s is not empty: it holds %s; choose another, nothing is replaced", dir, entries[0].Name())
	}
	return nil
}

func write(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // sources are for everybody
		return err
	}
	return os.WriteFile(name, text, 0o644) //nolint:gosec // sources are for everybody
}

// tidy completes go.mod and go.sum.
func tidy(ctx context.Context, dir string) error {
	command := exec.CommandContext(ctx, "go", "mod", "tidy")
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod tidy: %w\n%s", err, strings.TrimSpace(string(output)))
	}
	return nil
}
