package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// configCommand is reactor config.
type configCommand struct {
	Check string `placeholder:"FILE" help:"Only tell whether this file is right. It need not be complete."`
	jsonFlag
	Line []string `arg:"" optional:"" passthrough:"" help:"A command with its flags, such as run -g checkouts mdb: its settings alone are shown. All that can be set unless given."`
}

// Help is the text behind the summary.
func (*configCommand) Help() string {
	return `Whatever a command can be told by a flag it can be told by a variable of the environment and by a key of a file too. A flag comes before a variable, a variable before the file, and that before the default. It shows each setting with its value, where that came from, its default, its unit, and its variable; it connects to nothing. Secrets are not shown.

The file is given by --config FILE or by REACTOR_CONFIG. It is YAML, or JSON. A key is the name of the flag, and what belongs to a store stands below its name:

    processor-name: checkouts
    max-writers: 16
    listen: :8080
    mdb:
      connection: {file: /run/secrets/connection}
      checkpoint-schema: public

A value may be the content of a file, as that of connection above, so that no secret need stand here. What is not known is refused. To see what a command would run with:

    reactor config --config reactor.yaml run -w 4 mdb`
}

// Run shows settings, or checks a file.
func (c *configCommand) Run(s streams, grammar *cli, sources *sources) error {
	if c.Check != "" {
		if len(c.Line) > 0 {
			return &usageError{"--check looks at a file alone: leave the command out"}
		}
		return checkFile(s, c.Check)
	}
	shown, err := c.shown(s, grammar, sources)
	if err != nil {
		return err
	}
	if c.JSON {
		result := configResult{Settings: []settingOf{}}
		for _, row := range shown {
			result.Settings = append(result.Settings, settingOf{row.key, row.value, row.from, row.without, row.unit, row.variable, row.meaning})
		}
		return printJSON(s.out, result)
	}
	table := terminal.Table{Head: []string{"setting", "value", "from", "default", "unit", "variable", "meaning"}}
	for _, row := range shown {
		table.Rows = append(table.Rows, []string{row.key, row.value, row.from, row.without, row.unit, row.variable, row.meaning})
	}
	return table.Write(s.out, s.styles.out)
}

// row is a setting as it is shown.
type row struct{ key, value, from, without, unit, variable, meaning string }

func (c *configCommand) shown(s streams, grammar *cli, above *sources) (rows []row, err error) {
	if len(c.Line) == 0 {
		parser, err := newParser(&cli{}, s, nil)
		if err != nil {
			return nil, err
		}
		for _, setting := range settingsIn(parser.Model.Node) {
			text, from, err := above.lookUp(parser.Model.Node, grammar.Config, setting.key, setting.flag)
			if err != nil {
				return nil, err
			}
			if from == "" {
				text, from = setting.flag.Default, "default"
			}
			value := reflect.Value{}
			if text != "" {
				if value, err = decode(setting.flag, text); err != nil {
					return nil, err // the default is wrong
				}
			}
			rows = append(rows, rowOf(setting, value, from))
		}
		return rows, nil
	}
	sources := newSources(above.getenv)
	line := c.Line
	if grammar.Config != "" {
		line = append([]string{"--config=" + grammar.Config}, line...)
	}
	_, command, err := parseFrom(line, s, sources)
	if err != nil || command == nil {
		return nil, err
	}
	for _, path := range command.Path {
		for _, flag := range path.Flags {
			key := keyOf(path.Node(), flag)
			if key == "" {
				continue
			}
			from := sources.from[flag.Value]
			switch given := slices.ContainsFunc(command.Path, func(p *kong.Path) bool { return p.Flag == flag && !p.Resolved }); {
			case given:
				from = "flag"
			case from == "":
				from = "default"
			}
			rows = append(rows, rowOf(setting{key, flag}, flag.Target, from))
		}
	}
	return rows, nil
}

// meaning is the first sentence of a flag's help.
var meaning = regexp.MustCompile(`^.*?[.](?:\s|$)`)

func rowOf(s setting, value reflect.Value, from string) row {
	sentence := strings.TrimSpace(cmp.Or(meaning.FindString(s.flag.Help), s.flag.Help))
	return row{s.key, shownValue(s.flag, value), from, without(s.flag), unit(s.flag), variableOf(s.key, s.flag), sentence}
}

// without is what a flag means that is not given: its default, or what its tag says.
func without(flag *kong.Flag) string {
	value := reflect.Value{}
	if flag.Default != "" {
		value, _ = decode(flag, flag.Default) // the parser takes none that is wrong
	}
	if text := shownValue(flag, value); text != "-" {
		return text
	}
	return cmp.Or(flag.Tag.Get("without"), "-")
}

// unit is what a number counts, or how a time may be written.
func unit(flag *kong.Flag) string {
	switch flag.Target.Interface().(type) {
	case time.Duration:
		return "time"
	case milliseconds:
		return "time, or ms"
	case seconds:
		return "time, or s"
	case byteCount:
		return "bytes, or KiB, MiB, GiB"
	}
	switch kind := flag.Target.Kind(); {
	case kind == reflect.Bool:
		return "true or false"
	case kind == reflect.String, kind == reflect.Slice, flag.PlaceHolder == "N", flag.PlaceHolder == "":
		return "-"
	}
	return strings.ToLower(flag.PlaceHolder)
}

// looksSecret is a value that may hold a secret though that has another place.
var looksSecret = regexp.MustCompile(`[=;@\s]|://.*:.*/|(?i)pass|secret`)

// shownValue is a value without secrets.
func shownValue(flag *kong.Flag, value reflect.Value) string {
	switch {
	case flag.Target.Kind() == reflect.Bool && !value.IsValid():
		return "false"
	case !value.IsValid(), value.IsZero() && value.Kind() != reflect.Bool && !flag.HasDefault:
		return "-"
	}
	var text string
	switch of := value.Interface().(type) {
	case milliseconds:
		text = time.Duration(of).String()
	case seconds:
		text = time.Duration(of).String()
	case []string:
		text = strings.Join(of, ",")
	default:
		text = fmt.Sprint(of)
	}
	if flag.Tag.Has("secret") || looksSecret.MatchString(text) {
		return "…"
	}
	return cmp.Or(text, "-")
}

// checkFile tells whether a file of settings is right, as far as that can be told
// without connecting to anything.
func checkFile(s streams, path string) error {
	grammar := &cli{}
	parser, err := newParser(grammar, s, nil)
	if err != nil {
		return err
	}
	file, err := readSettings(path, parser.Model.Node)
	if wrong, ok := errors.AsType[*wrongFileError](err); ok && len(wrong.lines) > 1 {
		for _, line := range wrong.lines {
			s.note(line)
		}
		return &usageError{fmt.Sprintf("%d things in %s are wrong, named above", len(wrong.lines), path)}
	}
	if err != nil {
		return err
	}
	visit(parser.Model.Node, func(node *kong.Node, flag *kong.Flag) {
		text, ok := file.values[keyOf(node, flag)]
		if !ok && flag.HasDefault {
			text.text, ok = flag.Default, true
		}
		if ok {
			if value, err := decode(flag, text.text); err == nil {
				flag.Target.Set(value)
			}
		}
	})
	if err := grammar.checkRanges(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: %s, and nothing is wrong with %s\n", path, plural.Of(len(file.values), "setting"), plural.Word(len(file.values), "it", "them"))
	return err
}

func visit(node *kong.Node, each func(*kong.Node, *kong.Flag)) {
	for _, flag := range node.Flags {
		each(node, flag)
	}
	for _, child := range node.Children {
		visit(child, each)
	}
}

// checkRanges is what the commands refuse before they connect to anything.
func (c *cli) checkRanges() error {
	c.Run.ProcessorName = cmp.Or(c.Run.ProcessorName, "given elsewhere")
	mdb, dynamo := &c.Run.Mdb, &c.Run.Dynamo
	for _, text := range []string{mdb.Connection, mdb.CheckpointConnection, mdb.ReadConnection} {
		if text == "" {
			continue
		}
		if _, err := dsn.Parse(text); err != nil {
			return &usageError{fmt.Sprintf("a connection string below mdb: is malformed: %v", err)}
		}
	}
	return errors.Join(c.Run.check(), mdb.check(), dynamo.check(), c.Audit.Dynamo.check())
}
