package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/messagedb"
)

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{&usageError{"x"}, 1},
		{&reactor.ConfigError{}, 1},
		{&reactor.CheckpointAheadError{}, 1},
		{&reactor.AbandonedError{}, 2},
		{&reactor.PanicError{}, 2},
		{&reactor.LagError{}, 2},
		{&address.Error{}, 1},
		{&messagedb.SetupError{Problem: messagedb.AccessRefused}, 1},
		{&messagedb.SetupError{Problem: messagedb.BadCheckpointSchema}, 1},
		{&messagedb.SetupError{Problem: messagedb.Unreachable}, 2},
		{&dynamodb.SetupError{Problem: dynamodb.MissingTable}, 1},
		{&dynamodb.SetupError{Problem: dynamodb.Unreachable}, 2},
		{&dynamodb.StreamReplacedError{}, 1},
		{&dynamodb.LossError{}, 1},
		{&lagError{}, 2},
		{&es.UncertainError{Err: errors.New("x")}, 2},
		{&es.DecodeError{Err: errors.New("x")}, 1},
		{errors.New("x"), 2},
		{&violationsError{1}, 3},
		{&audit.UnbalancedError{}, 3},
		{errors.Join(errors.New("x"), &audit.UnbalancedError{}), 3},
		{errors.Join(errors.New("x"), fmt.Errorf("open: %w", &dynamodb.LossError{})), 1},
	} {
		if got := exitStatus(test.err); got != test.want {
			t.Errorf("%T: got %d, want %d", test.err, got, test.want)
		}
	}
}

// Whoever adds an error decides what an operator does about it: each exported
// type says so with the method NeedsPerson. What it says is tested where it is.
func TestEveryErrorSaysWhetherItNeedsAPerson(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, root := range []string{"../../stores", "../../reactor"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			methods, err := methodsIn(path)
			for typ, has := range methods {
				if !ast.IsExported(typ) || !has["Error"] {
					continue
				}
				seen++
				if !has["NeedsPerson"] {
					t.Errorf("%s of %s is an error and has no method NeedsPerson() bool: say with it whether trying again is of no use until somebody acts", typ, path)
				}
			}
			return err
		})
		check.Must(t, err)
	}
	if seen < 15 {
		t.Errorf("only %d types of errors were found; has their place changed?", seen)
	}
}

// methodsIn are the methods that the files of a folder declare, by type.
func methodsIn(folder string) (map[string]map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	methods := map[string]map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declared := range file.Decls {
			method, ok := declared.(*ast.FuncDecl)
			if !ok || method.Recv == nil {
				continue
			}
			of := method.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if name, ok := of.(*ast.Ident); ok {
				if methods[name.Name] == nil {
					methods[name.Name] = map[string]bool{}
				}
				methods[name.Name][method.Name.Name] = true
			}
		}
	}
	return methods, nil
}
