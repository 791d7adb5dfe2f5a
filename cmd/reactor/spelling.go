package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/nearest"
	"example.com/groupcheckout/internal/oneline"
)

// Some of the .NET program's flags cannot be said in the grammar: those with
// two letters behind one dash (-cp), and one letter that means something else
// behind the name of the store (-r). They stand in a tag of the flag,
// also:"-cp", and are replaced by the flag's name before the parser sees them.

// respell goes along a command line as the parser will and replaces the
// spellings of the tags also, and -x=value, which the parser does not know.
//
// It refuses an argument that is no flag where only flags can stand, without
// repeating it: that is what becomes of a connection string with a space or a
// semicolon in it that was not quoted, so it may be a piece of a password.
func respell(root *kong.Node, args []string) ([]string, error) {
	respelled := slices.Clone(args)
	node := root
	for i := 0; i < len(respelled); i++ {
		arg := respelled[i]
		if arg == "--" {
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			if len(node.Positional) > 0 {
				break // a command line of its own
			}
			child := childNamed(node, arg)
			switch {
			case child != nil:
				node = child
			case len(node.Positional) == 0:
				return nil, strayArgument(node, i+1, arg)
			}
			continue
		}
		flag, spelled, value := findFlag(node, arg)
		if flag == nil {
			return nil, unknownFlag(node, arg)
		}
		if spelled != "" {
			respelled[i] = spelled
		}
		if value || flag.IsBool() {
			continue
		}
		i++ // the next argument is the value
		switch {
		case i == len(respelled):
			return nil, &usageError{fmt.Sprintf("%s needs a value: %s. See %s --help", arg, flag.Summary(), node.FullPath())}
		case strings.HasPrefix(respelled[i], "-") && respelled[i] != "-":
			return nil, &usageError{fmt.Sprintf("%s needs a value: %s. What follows it looks like a flag; if it is the value, write --%s= in front of it",
				arg, flag.Summary(), flag.Name)}
		}
	}
	return respelled, nil
}

func childNamed(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

func strayArgument(node *kong.Node, place int, arg string) error {
	if len(node.Children) == 0 {
		return &usageError{fmt.Sprintf("argument %d is not a flag, and only flags can follow %q. "+
			"Was a value with a space in it left without quotes? See %s --help", place, node.FullPath(), node.FullPath())}
	}
	names := commandsOf(node)
	what := fmt.Sprintf("argument %d", place)
	// The name of a command is no secret, also not in capitals.
	plain := plainValue.MatchString(arg) || slices.Contains(names, strings.ToLower(arg))
	if plain {
		what = fmt.Sprintf("%q", arg)
	}
	if meant, found := nearest.Of(arg, names); found && plain {
		return &usageError{fmt.Sprintf("%s is not a command: did you mean %q? See %s --help", what, meant, node.FullPath())}
	}
	return &usageError{fmt.Sprintf("%s is not a command; %q is followed by one of: %s. See %s --help",
		what, node.FullPath(), strings.Join(names, ", "), node.FullPath())}
}

// unknownFlag says that there is no such flag, without what may be a value and secret.
func unknownFlag(node *kong.Node, arg string) error {
	name, _, _ := strings.Cut(arg, "=")
	if !strings.HasPrefix(name, "--") && len(name) > len("-x") {
		name = name[:len("-x")] // the rest is a value
	}
	if !plainFlag.MatchString(name) {
		return &usageError{fmt.Sprintf("a flag is unknown. See %s --help", node.FullPath())}
	}
	if below := flagBelow(node, name); below != nil {
		return &usageError{fmt.Sprintf("%s belongs to %q: write it after that. See %s --help", name, below.FullPath(), below.FullPath())}
	}
	var names []string
	for at := node; at != nil; at = at.Parent {
		for _, flag := range at.Flags {
			names = append(names, "--"+flag.Name)
		}
	}
	beginning := slices.DeleteFunc(slices.Clone(names), func(other string) bool { return !strings.HasPrefix(other, name) })
	if len(beginning) == 1 {
		names = beginning
	}
	hint := "."
	if meant, found := nearest.Of(name, names); (found || len(beginning) == 1) && len(name) > len("-x") {
		hint = fmt.Sprintf(": did you mean %s?", meant)
	}
	return &usageError{fmt.Sprintf("unknown flag %s%s See %s --help", name, hint, node.FullPath())}
}

// flagBelow is a command below one which has a flag of a name, such as that of the store.
func flagBelow(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		for _, flag := range child.Flags {
			if name == "--"+flag.Name || slices.Contains(flag.Tag.GetAll("also"), name) {
				return child
			}
		}
		if found := flagBelow(child, name); found != nil {
			return found
		}
	}
	return nil
}

// findFlag finds the flag that an argument sets. A flag of the command wins
// over one of the commands above it. spelled is how to write the argument for
// the parser, if it has to be changed; value tells whether it holds the value.
func findFlag(node *kong.Node, arg string) (flag *kong.Flag, spelled string, value bool) {
	name, content, hasValue := strings.Cut(arg, "=")
	for at := node; at != nil; at = at.Parent {
		for _, flag := range at.Flags {
			if slices.Contains(flag.Tag.GetAll("also"), name) {
				spelled := "--" + flag.Name
				if hasValue {
					spelled += "=" + content
				}
				return flag, spelled, hasValue
			}
			if long, ok := strings.CutPrefix(name, "--"); ok && (long == flag.Name || slices.Contains(flag.Aliases, long)) {
				return flag, "", hasValue
			}
		}
		for _, flag := range at.Flags {
			short := "-" + string(flag.Short)
			switch {
			case flag.Short == 0 || strings.HasPrefix(arg, "--"):
			case name == short && hasValue && !flag.IsBool():
				return flag, "--" + flag.Name + "=" + content, true // to the parser the = would be part of the value
			case strings.HasPrefix(arg, short):
				return flag, "", len(arg) > len(short)
			}
		}
	}
	return nil, "", false
}

// flagHelp is the help of a flag with its other spellings and its variable.
func flagHelp(value *kong.Value) string {
	help := value.Help
	if value.Flag == nil {
		return help
	}
	var extras []string
	for _, also := range value.Tag.GetAll("also") {
		extras = append(extras, "also "+also)
	}
	if variable := value.Tag.Get("variable"); variable != "" {
		extras = append(extras, "else $"+variable)
	}
	if len(extras) > 0 {
		help = strings.TrimSuffix(help, ".") + " (" + strings.Join(extras, ", ") + ")."
	}
	return help
}

// trimmed are arguments without the blanks and line breaks around them, which
// --flag="$(cat file)" may bring along. What has a line break inside stays as it is;
// it is found where the flag is known.
func trimmed(args []string) []string {
	clean := slices.Clone(args)
	for i, arg := range args {
		if text, err := oneline.Connection(arg); err == nil {
			clean[i] = text
		}
	}
	return clean
}

// oneLineEach takes off what stands around the values of flags that are texts, and
// refuses those of more than one line.
func oneLineEach(command *kong.Context) error {
	for _, flag := range command.Flags() {
		texts := []reflect.Value{flag.Target}
		if flag.Target.Kind() == reflect.Slice {
			texts = texts[:0]
			for i := range flag.Target.Len() {
				texts = append(texts, flag.Target.Index(i))
			}
		}
		for _, text := range texts {
			if text.Kind() != reflect.String {
				continue
			}
			clean, err := oneline.Connection(text.String())
			if err != nil {
				return &usageError{fmt.Sprintf("--%s: %v", flag.Name, err)}
			}
			if !flag.Tag.Has("secret") && holdsPassword.MatchString(clean) {
				return &usageError{fmt.Sprintf("--%s: what is given looks like a connection string or an address with a password in it, and has another place", flag.Name)}
			}
			text.SetString(clean)
		}
	}
	return nil
}

// holdsPassword is what only a connection string or an address has. What is given in
// the wrong place would be repeated and logged as what belongs there.
var holdsPassword = regexp.MustCompile(`(?i)(pass(word|wd)?|pwd|psw|secret\w*)\s*=|://[^/\s]*:[^/\s]*@`)

// plainValue is a value that may be repeated: a number, or a word in small letters.
var plainValue = regexp.MustCompile(`^([a-z-]{1,12}|[-+]?[0-9.]{1,12}[a-z]{0,2})$`)

// plainFlag is a flag that may be repeated.
var plainFlag = regexp.MustCompile(`^--?[a-z-]+$`)

// withoutValues is what the parser complains about without the values of flags that
// may be secret: -p is the password elsewhere, and people's fingers know it.
func withoutValues(complaint string, args []string) string {
	var values []string
	for _, arg := range args {
		flag, value, hasValue := strings.Cut(arg, "=")
		switch {
		case !strings.HasPrefix(arg, "-"):
			values = append(values, arg)
		case hasValue:
			values = append(values, value)
		case !strings.HasPrefix(arg, "--") && len(arg) > 2:
			values = append(values, arg[2:])
		}
		if strings.HasPrefix(arg, "-") && !plainFlag.MatchString(flag) {
			values = append(values, strings.TrimLeft(flag, "-"))
		}
	}
	// The longest first, since one may be a part of another.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, value := range values {
		if value == "" || plainValue.MatchString(value) {
			continue
		}
		complaint = strings.ReplaceAll(complaint, value, "…")
		quoted := strconv.Quote(value)
		complaint = strings.ReplaceAll(complaint, quoted[1:len(quoted)-1], "…")
	}
	return complaint
}
