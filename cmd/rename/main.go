package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/program"

	"golang.org/x/mod/modfile"

	"example.com/groupcheckout/internal/modulepath"
)

// description is the head of the help.
const description = `Gives the module another path: in go.mod, in imports, and wherever else a file of the repository names it, such as texts, settings of linters and editors, patches, and strings in code.

Other words that look like it stay, such as names of packages and of images. What is in build/ and .git/ stays too. The path that there is now is read from go.mod, so a module may be renamed again, and back.

Exit status: 0 the module has the path; 1 it has not: the path cannot be one, or a file cannot be read or written. Then run it again: it goes on where it stopped.`

// cli is the grammar of the command line.
type cli struct {
	Dir    string `default:"." placeholder:"DIR" help:"The folder of go.mod. Default: ${default}."`
	Module string `arg:"" help:"The new path, such as git.example.org/depot/sorting."`
}

func main() { program.Main(run) }

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	var grammar cli
	return program.Program{
		Name: "rename", Description: description, Grammar: &grammar,
		Do: func() error { return grammar.rename(ctx, out) },
	}.Run(args, out, complaints)
}

const modFile = "go.mod"

func (c cli) rename(ctx context.Context, out io.Writer) error {
	if err := modulepath.Check(c.Module); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(c.Dir, modFile))
	if err != nil {
		return fmt.Errorf("find the present path of the module: %w", err)
	}
	present := modfile.ModulePath(mod)
	switch present {
	case "":
		return fmt.Errorf("find the present path of the module: %s says none", filepath.Join(c.Dir, modFile))
	case c.Module:
		fmt.Fprintf(out, "The module is %s already; nothing was changed.\n", present)
		return nil
	}
	changed, err := changes(ctx, c.Dir, present, c.Module)
	if err != nil {
		return err
	}
	for _, file := range changed {
		if err := os.WriteFile(file.name, file.text, file.mode); err != nil {
			return fmt.Errorf("rename the module: %w", err)
		}
	}
	fmt.Fprintf(out, "%s is %s now, in %s. See git diff, and try it out: make test\n", present, c.Module, plural.Of(len(changed), "file"))
	return nil
}

// file is one that is to be written.
type file struct {
	name string
	text []byte
	mode fs.FileMode
}

// changes are the files of a folder that name a module, as they are when they name
// another. The last of them is go.mod: whoever is interrupted finds the old path
// there, and can begin again.
func changes(ctx context.Context, dir, from, to string) ([]file, error) {
	var changed, last []file
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		inside, err := filepath.Rel(dir, name)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (inside == ".git" || inside == "build"):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || inside == ".git": // of a worktree it is a file
			return nil
		}
		before, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		after := []byte(modulepath.Replace(string(before), from, to))
		if bytes.Equal(before, after) || bytes.IndexByte(before, 0) >= 0 { // or it is a program
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		renamed := file{name, modulepath.Tidy(name, before, after), info.Mode()}
		if inside == modFile {
			last = append(last, renamed)
		} else {
			changed = append(changed, renamed)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find what names the module: %w", err)
	}
	return append(changed, last...), nil
}
