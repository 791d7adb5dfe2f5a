package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"text/template"

	"example.com/groupcheckout"
	"example.com/groupcheckout/internal/modulepath"
)

// example is one that a project can begin with.
type example struct {
	name string
	// copied are folders and files of this repository with what they become in the
	// project. What they import of each other they import there too.
	copied map[string]string
	except *regexp.Regexp // files that are about this repository; nil if none is

	Features string // the folder of the features and their tests
	Domain   string // the folder whose types are words of the glossary
	Title    string // of the living documentation; empty: as the features say
	Packages string // what is what, as rows of a table
}

func examples() []example {
	return []example{
		{
			name:     "parcels",
			copied:   map[string]string{"examples/parcels": "parcels", "examples/parcels/.vscode": ".vscode"},
			Features: "parcels", Domain: "parcels", Title: "Sorting centre",
			Packages: "| `parcels` | the domain, its scenarios and their steps |\n| `parcels/cmd/sorter` | the reactor as a program |",
		},
		{
			name: "hotel",
			copied: map[string]string{
				"internal/check": "internal/check",
				"domain":         "domain", "checkout": "checkout", "steps": "steps", "features": "features", "cmd/reactor": "cmd/reactor",
				"internal/oneline": "internal/oneline", "internal/pause": "internal/pause", "internal/quickstart": "internal/quickstart",
				"internal/completion": "internal/completion", "internal/nearest": "internal/nearest", "internal/terminal": "internal/terminal", "internal/plural": "internal/plural",
				"internal/tried": "internal/tried", "internal/version": "internal/version", ".vscode": ".vscode",
			},
			// What the tests of the program break is the kit, and its servers, for minutes.
			except:   regexp.MustCompile(`^features/docs_test\.go$|^cmd/reactor/(.*_test\.go|testdata/.*)$`),
			Features: "features", Domain: "domain",
			Packages: "| `domain` | ids, money, moments; the aggregates; the audit |\n| `checkout` | the process manager and its wiring |\n" +
				"| `features` | the scenarios |\n| `steps` | the words of the scenarios |\n| `cmd/reactor` | the reactor as a program |",
		},
	}
}

func exampleOf(name string) (example, error) {
	var names []string
	for _, e := range examples() {
		if e.name == name {
			return e, nil
		}
		names = append(names, e.name)
	}
	return example{}, fmt.Errorf("there is no example %q; choose %s", name, strings.Join(names, " or "))
}

//go:embed template
var templates embed.FS

// written are the files of templates and what they become.
func written() map[string]string {
	return map[string]string{"README.md": "README.md", "Makefile": "Makefile", "ci.yml": ".github/workflows/ci.yml"}
}

// files are those of a project of a module, by their names in it, but for go.mod.
func (e example) files(module string) (map[string][]byte, error) {
	files, kit := map[string][]byte{}, kitPath()
	for _, name := range []string{"go.sum", ".gitignore"} { // go mod tidy takes away what is too much
		text, err := fs.ReadFile(groupcheckout.Files, name)
		if err != nil {
			return nil, err
		}
		files[name] = text
	}
	for from, to := range e.copied {
		err := fs.WalkDir(groupcheckout.Files, from, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && name != from && e.copied[name] != "": // it goes somewhere else
				return fs.SkipDir
			case entry.IsDir() || e.except != nil && e.except.MatchString(name):
				return nil
			}
			before, err := fs.ReadFile(groupcheckout.Files, name)
			files[to+strings.TrimPrefix(name, from)] = e.adopt(name, before, kit, module)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for from, to := range written() {
		text, err := e.write(from, module)
		if err != nil {
			return nil, err
		}
		files[to] = text
	}
	return files, nil
}

// adopt makes a file of this repository one of the module: it then names packages
// and folders as they are called there.
func (e example) adopt(name string, before []byte, kit, module string) []byte {
	after := string(before)
	for from, to := range e.copied {
		after = modulepath.Replace(after, kit+"/"+from, module+"/"+to)
		if from != to {
			after = modulepath.Replace(after, from, to)
		}
	}
	return modulepath.Tidy(name, before, []byte(after))
}

// write fills in a template.
func (e example) write(name, module string) ([]byte, error) {
	parsed, err := template.New(name).Delims("[[", "]]").Funcs(template.FuncMap{"action": action}).ParseFS(templates, "template/"+name)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = parsed.Execute(&text, struct {
		example

		Example, Project, Kit string
	}{e, e.name, path.Base(module), kitPath()})
	return text.Bytes(), err
}

// action is an action of GitHub at the version that this repository uses.
func action(name string) (string, error) {
	used := regexp.MustCompile(`uses: (` + regexp.QuoteMeta(name) + `@.+)`)
	found := ""
	err := fs.WalkDir(groupcheckout.Files, ".github", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(groupcheckout.Files, file)
		if match := used.FindSubmatch(text); match != nil {
			found = string(match[1])
		}
		return err
	})
	if err == nil && found == "" {
		err = fmt.Errorf("no workflow uses the action %s", name)
	}
	return found, err
}
