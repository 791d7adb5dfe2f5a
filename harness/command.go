package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/groupcheckout/harness/internal/process"
)

// Command makes a program of a command line, in which placeholders such as {group}
// stand for what the harness says of a store: that is how a reactor is run that this
// project did not write. The text is split into words as a shell does it, with quotes
// and backslashes, and no shell is run. docs/other-reactors.md lists the placeholders,
// and what the program finds in its environment besides.
func Command(text string, store Store) (*Program, error) {
	words, err := splitWords(text)
	switch {
	case err != nil:
		return nil, err
	case len(words) == 0:
		return nil, errors.New("there is no command")
	}
	known := placeholders(Target{Store: store.Name}, "")
	for _, word := range words {
		for _, found := range placeholder.FindAllString(word, -1) {
			if _, ok := known[found]; !ok {
				return nil, fmt.Errorf("%s stands for nothing on the store %s: choose among %s", found, store.Name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			}
		}
	}
	return &Program{Path: words[0], Command: func(target Target, group string) (args, env []string) {
		values := placeholders(target, group)
		for _, word := range words[1:] {
			args = append(args, placeholder.ReplaceAllStringFunc(word, func(found string) string { return values[found] }))
		}
		return args, variables(target)
	}}, nil
}

var placeholder = regexp.MustCompile(`\{[a-z][a-z-]*\}`)

// placeholders are what a command line can be told of a store, and of the name that
// the reactor is to have.
func placeholders(target Target, group string) map[string]string {
	if target.Table != "" || target.Store == "dynamodb" {
		return map[string]string{
			"{group}": group, "{table}": target.Table, "{index-table}": target.IndexTable, "{service-url}": target.ServiceURL,
			"{access-key}": target.AccessKeyID, "{secret-key}": target.SecretAccessKey, "{region}": target.Region,
		}
	}
	return map[string]string{
		"{group}": group, "{schema}": target.CheckpointSchema,
		"{connection}": target.Connection, "{connection-npgsql}": target.ConnectionNpgsql,
		"{checkpoint-connection}": target.Connection, "{checkpoint-connection-npgsql}": target.ConnectionNpgsql,
	}
}

// variables are the same in the environment, under the names that the programs of
// Equinox and Propulsion look for. There is no region, since they would prefer that to
// the URL.
func variables(target Target) []string {
	if target.Store == "dynamodb" {
		return []string{
			"EQUINOX_DYNAMO_SERVICE_URL=" + target.ServiceURL,
			"EQUINOX_DYNAMO_ACCESS_KEY_ID=" + target.AccessKeyID,
			"EQUINOX_DYNAMO_SECRET_ACCESS_KEY=" + target.SecretAccessKey,
			"EQUINOX_DYNAMO_TABLE=" + target.Table,
			"EQUINOX_DYNAMO_TABLE_INDEX=" + target.IndexTable,
		}
	}
	return []string{"MDB_CONNECTION_STRING=" + target.ConnectionNpgsql, "MDB_SCHEMA=" + target.CheckpointSchema}
}

// splitWords splits a command line as a shell does. It knows single and double quotes
// and backslashes, and expands nothing.
func splitWords(text string) (words []string, err error) {
	var word strings.Builder
	begun, quote := false, rune(0)
	letters := []rune(text)
	for i := 0; i < len(letters); i++ {
		letter := letters[i]
		escapes := letter == '\\' && quote != '\''
		switch {
		case escapes && i+1 == len(letters):
			return nil, errors.New("the command ends with a backslash, after which something has to stand")
		case escapes && (quote == 0 || strings.ContainsRune("\"\\$`", letters[i+1])):
			i++
			begun = true
			word.WriteRune(letters[i])
		case quote == 0 && (letter == '\'' || letter == '"'):
			begun, quote = true, letter
		case quote != 0 && letter == quote:
			quote = 0
		case quote == 0 && strings.ContainsRune(" \t\n", letter):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(letter)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the command has a quotation mark %c that is not closed", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// find builds the program, or finds one that is there: then it also returns the root
// of the module, where the program is to work, since that is where its command line was typed.
func (p *Program) find(ctx context.Context) (exe, dir string, err error) {
	if p.Path == "" {
		exe, err = process.Build(ctx, p.Package)
		return exe, "", err
	}
	if dir, err = process.ModuleFolder(ctx); err != nil {
		return "", "", fmt.Errorf("run %s: find the root of the module, where it is to work: %w", p.Path, err)
	}
	path := p.Path
	if strings.ContainsRune(path, filepath.Separator) && !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if exe, err = process.Find(path); err != nil {
		return "", "", fmt.Errorf("the reactor %s cannot be run: %w; build it before, and give its path from %s, or its name if it is on the PATH", p.Path, err, dir)
	}
	return exe, dir, nil
}
