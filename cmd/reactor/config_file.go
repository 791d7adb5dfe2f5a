package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"example.com/groupcheckout/internal/nearest"
	"example.com/groupcheckout/internal/oneline"
)

// settingsReader reads the text of a file of settings. It repeats no value but those
// that cannot be secret, since people put a secret where they please.
type settingsReader struct {
	name, folder string
	known        map[string]*kong.Flag
	file         *settingsFile
	wrong        []string
}

func (r *settingsReader) say(line int, format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf("%s, line %d: %s", r.name, line, fmt.Sprintf(format, args...)))
}

func (r *settingsReader) read(content []byte) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		r.wrong = append(r.wrong, fmt.Sprintf("%s is not YAML or JSON: %s", r.name, withoutQuotes(err)))
		return
	}
	if len(document.Content) == 0 {
		return // nothing is set
	}
	if root := document.Content[0]; root.Kind == yaml.MappingNode {
		r.section("", root)
	} else if root.Kind != yaml.ScalarNode || root.Tag != "!!null" {
		r.say(root.Line, "a file of settings has lines of the form key: value")
	}
}

// withoutQuotes is where the text goes wrong. What the parser says besides may repeat a
// part of it.
func withoutQuotes(err error) string {
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		return "it goes wrong at line " + found[1] + ": are a colon, the indentation or quotes missing? A value with : or # in it has to be quoted"
	}
	return "it cannot be read at all"
}

var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\s+)?line (\d+)`)

// section reads the keys of the file, or of what stands below mdb: or dynamo:.
func (r *settingsReader) section(name string, node *yaml.Node) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		full := key.Value
		if name != "" {
			full = name + "." + key.Value
		}
		flag := r.known[full]
		switch {
		case seen[full]:
			r.say(key.Line, "%s is there twice", full)
		case name == "" && (full == "mdb" || full == "dynamo") && value.Kind == yaml.MappingNode:
			r.section(full, value)
		case name == "" && (full == "mdb" || full == "dynamo"):
			if value.Tag != "!!null" {
				r.say(value.Line, "below %s: its own settings stand, indented", full)
			}
		case flag == nil || strings.Contains(key.Value, "."):
			r.say(key.Line, "%s", r.unknown(name, key.Value))
		default:
			r.value(full, flag, value)
		}
		seen[full] = true
	}
}

// aKey is what may be shown of a key that is not known.
var aKey = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,30}$`)

func (r *settingsReader) unknown(section, key string) string {
	if !aKey.MatchString(key) {
		return "its key is not known here"
	}
	plain := strings.ToLower(strings.ReplaceAll(key, "_", "-"))
	var elsewhere []string
	here := map[string]string{} // the keys of this section, by each of their spellings
	for known, flag := range r.known {
		of, word := "", known
		if before, after, below := strings.Cut(known, "."); below {
			of, word = before, after
		}
		switch {
		case of == section:
			for _, spelling := range append([]string{word}, flag.Aliases...) {
				here[spelling] = word
			}
		case word == plain && of == "":
			elsewhere = append(elsewhere, "the beginning of a line, below no store")
		case word == plain:
			elsewhere = append(elsewhere, "below "+of+":")
		}
	}
	if slices.Sort(elsewhere); len(elsewhere) > 0 {
		return fmt.Sprintf("%s stands at another place: %s", key, strings.Join(elsewhere, ", or "))
	}
	if meant, found := nearest.Of(plain, slices.Sorted(maps.Keys(here))); found {
		return fmt.Sprintf("the key %s is not known here; is %s meant?", key, here[meant])
	}
	return fmt.Sprintf("the key %s is not known here: reactor config shows all", key)
}

// value reads the value of a key. One that is empty counts as not set.
func (r *settingsReader) value(key string, flag *kong.Flag, node *yaml.Node) {
	text := node.Value
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return
	case node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Value == "file" && node.Content[1].Kind == yaml.ScalarNode:
		path := node.Content[1].Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.folder, path)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			reason := err
			if cause := errors.Unwrap(err); cause != nil {
				reason = cause // without the path, in whose place somebody may have put the secret itself
			}
			r.say(node.Line, "%s: the file that it names cannot be read: %v", key, reason)
			return
		}
		text = string(content)
	case node.Kind != yaml.ScalarNode:
		r.say(node.Line, "%s has to be %s, or file: and the path of a file that holds it", key, expected(flag))
		return
	}
	text, err := oneline.Connection(text)
	if err != nil {
		r.say(node.Line, "%s: %v", key, err)
		return
	}
	if text == "" && node.Kind == yaml.MappingNode {
		r.say(node.Line, "%s: the file that it names is empty", key)
		return
	}
	if err := fits(flag, text); err != nil {
		r.say(node.Line, "%s: %v", key, err)
		return
	}
	r.file.values[key] = given{text, fmt.Sprintf("%s:%d", r.name, node.Line)}
}
