package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/oneline"
)

// setting is a flag that may also be a variable of the environment, and a key of the
// file of --config.
type setting struct {
	key  string     // as in the file; what stands below mdb: or dynamo: has that and a dot in front
	flag *kong.Flag // of the first command that has it
}

// noSettings are commands of which nothing can be set elsewhere: what they are to do is
// said each time. So are flags with the tag once.
func noSettings() []string { return []string{"demo", "version", "config"} }

// sectionOf is the store that a command is about, which is where its flags stand in the file.
func sectionOf(node *kong.Node) string {
	if node.Name == "mdb" || node.Name == "dynamo" {
		return node.Name
	}
	return ""
}

// keyOf is the key of a flag of a command, or "" if it has none.
func keyOf(node *kong.Node, flag *kong.Flag) string {
	for at := node; at != nil; at = at.Parent {
		if slices.Contains(noSettings(), at.Name) {
			return ""
		}
	}
	if node.Parent == nil || flag.Tag.Has("once") || flag.Name == "help" {
		return ""
	}
	if section := sectionOf(node); section != "" {
		return section + "." + flag.Name
	}
	return flag.Name
}

// variableOf is the variable of a flag: the one of its tag, or one that is made of its key.
func variableOf(key string, flag *kong.Flag) string {
	if variable := flag.Tag.Get("variable"); variable != "" {
		return variable
	}
	return "REACTOR_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(key))
}

// settingsIn are all settings of a grammar, each once, in the order of the commands.
func settingsIn(node *kong.Node) (all []setting) {
	seen := map[string]bool{}
	var visit func(*kong.Node)
	visit = func(node *kong.Node) {
		for _, flag := range node.Flags {
			if key := keyOf(node, flag); key != "" && !seen[key] {
				seen[key] = true
				all = append(all, setting{key, flag})
			}
		}
		for _, child := range node.Children {
			visit(child)
		}
	}
	visit(node)
	return all
}

// configVariable names the file where --config does not.
const configVariable = "REACTOR_CONFIG"

// sources is where flags come from that are not on the command line: the environment,
// and then a file. It notes which came from where.
type sources struct {
	getenv func(string) string
	file   *settingsFile // once it was looked for
	from   map[*kong.Value]string
}

func newSources(getenv func(string) string) *sources {
	return &sources{getenv: getenv, from: map[*kong.Value]string{}}
}

// Validate implements [kong.Resolver].
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver]. Blanks and line breaks around a variable do not
// count, and an empty one counts as not set.
func (s *sources) Resolve(context *kong.Context, path *kong.Path, flag *kong.Flag) (any, error) {
	key := keyOf(path.Node(), flag)
	if key == "" {
		return nil, nil
	}
	text, from, err := s.lookUp(context.Model.Node, pathOf(context), key, flag)
	if err != nil || from == "" || s.crossedOut(context, path, flag, from) {
		return nil, err
	}
	s.from[flag.Value] = from
	return text, nil
}

// lookUp finds the value of a setting. It is from nowhere if from is empty.
func (s *sources) lookUp(root *kong.Node, path, key string, flag *kong.Flag) (text, from string, err error) {
	if err := s.read(root, path); err != nil {
		return "", "", err
	}
	variable := variableOf(key, flag)
	if text, err = oneline.Connection(s.getenv(variable)); err != nil {
		return "", "", &usageError{fmt.Sprintf("$%s: %v", variable, err)}
	}
	if text != "" {
		if err := fits(flag, text); err != nil {
			return "", "", &usageError{fmt.Sprintf("$%s: %v", variable, err)}
		}
		return text, "$" + variable, nil
	}
	if given, ok := s.file.values[key]; ok {
		return given.text, given.place, nil
	}
	return "", "", nil
}

// read reads the file, unless that was done.
func (s *sources) read(root *kong.Node, path string) (err error) {
	if s.file != nil {
		return nil
	}
	if path == "" {
		path = strings.TrimSpace(s.getenv(configVariable))
	}
	if s.file, err = readSettings(path, root); err != nil {
		s.file = nil
	}
	return err
}

// fileAsksForJSON tells whether the file wants log lines for programs. Commands that take
// nothing else from it do not fail if it is wrong. Where the command line was wrong, it
// counts as far as it has been read.
func (s *sources) fileAsksForJSON(grammar *cli, command *kong.Context, err error) bool {
	if command != nil {
		err = s.read(command.Model.Node, grammar.Config)
	}
	if wrong, ok := errors.AsType[*wrongFileError](err); ok {
		return wrong.json
	}
	return s.file != nil && s.file.values[logFormatKey].text == asJSON
}

// logFormatKey is the key of --log-format.
const logFormatKey = "log-format"

// crossedOut tells whether a flag gives way to another that says the same in another
// way, and that a higher source has set: the command line, or a variable before a file.
func (s *sources) crossedOut(context *kong.Context, path *kong.Path, flag *kong.Flag, from string) bool {
	for _, other := range path.Flags {
		if other == flag || !slices.ContainsFunc(other.Xor, func(group string) bool { return slices.Contains(flag.Xor, group) }) {
			continue
		}
		if slices.ContainsFunc(context.Path, func(p *kong.Path) bool { return p.Flag == other && !p.Resolved }) {
			return true
		}
		if variable := variableOf(keyOf(path.Node(), other), other); !strings.HasPrefix(from, "$") && strings.TrimSpace(s.getenv(variable)) != "" {
			return true
		}
	}
	return false
}

// pathOf is the value of --config on a command line.
func pathOf(context *kong.Context) string {
	for _, p := range context.Path {
		if p.Flag != nil && p.Flag.Name == "config" {
			path, _ := context.FlagValue(p.Flag).(string)
			return strings.TrimSpace(path)
		}
	}
	return ""
}

// fits tells whether a text can be the value of a flag. The error says what is expected,
// and repeats only what cannot be secret.
func fits(flag *kong.Flag, text string) error {
	if _, err := decode(flag, text); err != nil {
		shown := "it"
		if plainValue.MatchString(text) && !flag.Tag.Has("secret") {
			shown = fmt.Sprintf("%q", text)
		}
		return fmt.Errorf("%s is not %s", shown, expected(flag))
	}
	return nil
}

// decode reads a text as the command line would.
func decode(flag *kong.Flag, text string) (reflect.Value, error) {
	target := reflect.New(flag.Target.Type()).Elem()
	if flag.Enum != "" && !slices.Contains(flag.EnumSlice(), text) {
		return target, errors.New("it is none of the words")
	}
	scan := kong.Scan().PushTyped(text, kong.FlagValueToken)
	return target, flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target)
}

// expected is what the value of a flag has to be.
func expected(flag *kong.Flag) string {
	switch flag.Target.Interface().(type) {
	case time.Duration:
		return "a time with its unit, such as 1.5s, of at most a year"
	case milliseconds:
		return "a time of at most a year: write 100 for milliseconds, or a unit after it, as in 1.5s"
	case seconds:
		return "a time of at most a year: write 10 for seconds, or a unit after it, as in 1.5s"
	case byteCount:
		return expectedBytes
	}
	if flag.Enum != "" {
		words := slices.DeleteFunc(flag.EnumSlice(), func(word string) bool { return word == "" })
		return "one of " + strings.Join(words, ", ")
	}
	switch kind := flag.Target.Kind(); {
	case kind == reflect.Bool:
		return "true or false"
	case kind == reflect.Float64:
		return "a number"
	case kind != reflect.String && kind != reflect.Slice:
		return "a whole number"
	}
	return "a text of one line"
}

// settingsFile is what the file of --config says.
type settingsFile struct {
	values map[string]given
}

type given struct{ text, place string }

// fileSizeLimit is far more than all settings take, and little memory.
const fileSizeLimit = 1 << 20

// readSettings reads a file of settings, or none if no path is given. It is YAML, and so
// it may be JSON. Everything that is wrong with it is said at once, by its line.
func readSettings(path string, root *kong.Node) (*settingsFile, error) {
	file := &settingsFile{values: map[string]given{}}
	if path == "" {
		return file, nil
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() > fileSizeLimit {
		err = errors.New("it is larger than 1 MB, so it is something else")
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(path)
	}
	if err != nil {
		if holdsPassword.MatchString(path) {
			return nil, &usageError{"--config takes the path of a file, and what is given looks like a connection string or an address with a password in it"}
		}
		return nil, &usageError{fmt.Sprintf("the file of --config cannot be read: %v", err)}
	}
	reader := settingsReader{
		name: filepath.Base(path), folder: filepath.Dir(path), file: file,
		known: map[string]*kong.Flag{},
	}
	for _, s := range settingsIn(root) {
		reader.known[s.key] = s.flag
	}
	reader.read(content)
	if len(reader.wrong) > 0 {
		return nil, &wrongFileError{reader.wrong, file.values[logFormatKey].text == asJSON}
	}
	return file, nil
}

// wrongFileError says all that is wrong with a file of settings, each in a line.
type wrongFileError struct {
	lines []string
	json  bool // it asks for log lines for programs
}

func (e *wrongFileError) Error() string { return strings.Join(e.lines, "\n") }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*wrongFileError) NeedsPerson() bool { return true }
