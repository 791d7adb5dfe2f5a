package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/check"
)

// leaf is a command that does something, with the words that lead to it.
type leaf struct {
	words []string
	node  *kong.Node
}

func leavesOf(t testing.TB) (leaves []leaf) {
	t.Helper()
	parser, err := newParser(&cli{}, streams{}, nil)
	check.Must(t, err)
	for _, node := range parser.Model.Leaves(false) {
		var words []string
		for at := node; at.Parent != nil; at = at.Parent {
			words = slices.Insert(words, 0, at.Name)
		}
		leaves = append(leaves, leaf{words, node})
	}
	if len(leaves) < 18 {
		t.Fatalf("only %d commands were found", len(leaves))
	}
	return leaves
}

// texts are the flags of a command that take a text.
func (l leaf) texts() (flags []*kong.Flag) {
	for at := l.node; at != nil; at = at.Parent {
		for _, flag := range at.Flags {
			kind := flag.Target.Kind()
			if kind == reflect.String && flag.Enum == "" || kind == reflect.Slice {
				flags = append(flags, flag)
			}
		}
	}
	return flags
}

func (l leaf) has(name string) bool {
	for at := l.node; at != nil; at = at.Parent {
		if slices.ContainsFunc(at.Flags, func(f *kong.Flag) bool { return f.Name == name }) {
			return true
		}
	}
	return false
}

// withSecret are connection strings and addresses of all forms, all of them right.
func withSecret(secret string) []string {
	escaped := url.QueryEscape(secret)
	return []string{
		"Host=127.0.0.1;Port=1;Username=u;Password=" + secret,
		"Server=127.0.0.1;Port=1;User Id=u;pwd='" + secret + "'",
		"postgres://u:" + escaped + "@127.0.0.1:1/d",
		"postgres://127.0.0.1:1/d?user=u&password=" + escaped,
		"host=127.0.0.1 port=1 user=u password='" + secret + "'",
		"dynamodb+http://key:" + escaped + "@127.0.0.1:1/hotel",
	}
}

// Whatever text of whatever command somebody puts a connection string into, by a flag, a
// variable, or a file, the password in it is not told: not at the lowest level of the
// log, not as JSON, and not by reactor config.
func TestNoTextOfAnyCommandTellsASecret(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	const secret = "S3cr:et"
	told := func(text string) bool {
		text = strings.ToLower(text)
		return strings.Contains(text, strings.ToLower(secret)) || strings.Contains(text, strings.ToLower(url.QueryEscape(secret)))
	}
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		check.Must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	var n, tried sample
	for _, l := range leavesOf(t) {
		base := slices.Clone(l.words)
		if l.has("processor-name") {
			base = append(base, "-g", "x")
		}
		if l.has("log-level") {
			base = append(base, "--log-level", "debug", "--log-format", []string{"text", "json"}[len(l.words)%2])
		}
		for _, flag := range l.texts() {
			texts := withSecret(secret)
			if flag.Tag.Has("secret") {
				texts = append(texts, secret, "postgres://u:"+secret+"@127.0.0.1:1/d", "key="+secret, secret+" "+secret)
			}
			for i, text := range texts {
				if !n.next() {
					continue
				}
				tried++
				key := flag.Name
				if flag.Name == "config" {
					key = ""
				}
				line, env := slices.Clone(base), map[string]string{
					"MDB_CONNECTION_STRING": "postgres://u@127.0.0.1:1/d", "MDB_SCHEMA": "public",
					"EQUINOX_DYNAMO_SERVICE_URL": "http://127.0.0.1:1", "EQUINOX_DYNAMO_ACCESS_KEY_ID": "k", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY": "s", "EQUINOX_DYNAMO_TABLE": "hotel",
				}
				switch way := (int(n) + i) % 4; {
				case way == 0 || key == "":
					line = append(line, "--"+flag.Name+"="+text)
				case way == 1:
					for at := l.node; at != nil; at = at.Parent {
						if full := keyOf(at, flag); full != "" && slices.Contains(at.Flags, flag) {
							env[variableOf(full, flag)] = text
						}
					}
				default:
					content := fmt.Sprintf("%s: %q\n", key, text)
					if way == 2 {
						content = fmt.Sprintf("%s: {file: %s}\n", key, file(fmt.Sprint("secret", n), text+"\n"))
					}
					if section := sectionOf(l.node); section != "" && slices.Contains(l.node.Flags, flag) {
						content = section + ":\n  " + content
					}
					env["REACTOR_CONFIG"] = file(fmt.Sprint("config", n), content)
				}
				for _, args := range [][]string{line, append([]string{"config"}, line...)} {
					if output := callEnded(t, env, args...); told(output) {
						t.Errorf("reactor %q with %q: it is told: %s", args, env, output)
					}
				}
			}
		}
	}
	if n < 500 || tried < n/7 {
		t.Errorf("of %d texts %d were tried", n, tried)
	}
}
