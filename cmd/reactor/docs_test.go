package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/golden"
)

// The pages that are made of the grammar and of the program's own output. One command
// makes them all again:
//
//go:generate go test . -count=1 -run ^(TestHelp|TestJSONKeepsItsForm|TestTheReferenceIsThatOfTheGrammar|TestScreens)$ -update

// referencePage is seen from testdata.
const referencePage = "../../../docs/cli.md"

func TestTheReferenceIsThatOfTheGrammar(t *testing.T) {
	t.Parallel()
	golden.Compare(t, referencePage, reference(t))
}

const referenceHead = `# The command line of reactor

Made from the program itself by ` + "`go generate ./cmd/reactor`" + `. Do not edit it.

`

// reference is the page about all commands.
func reference(t *testing.T) string {
	t.Helper()
	parser, err := kong.New(&cli{}, kong.Name("reactor"), kong.Description(description), kong.ValueFormatter(flagHelp))
	check.Must(t, err)
	page := &strings.Builder{}
	page.WriteString(referenceHead + paragraphs(description))
	page.WriteString("| command | |\n|---|---|\n")
	for _, child := range parser.Model.Children {
		fmt.Fprintf(page, "| [%s](#reactor-%s) | %s |\n", child.Name, child.Name, cell(child.Help))
	}
	page.WriteString("\nFlags of all commands:\n\n")
	flagTable(page, parser.Model.Node)
	for _, child := range parser.Model.Children {
		commandPart(page, child)
	}
	page.WriteString(`## JSON

Every command that prints a table prints it as JSON with ` + "`--json`" + `. These forms stay: a field may be added,
but none goes, gets another name or means something else. Amounts are texts, so that none loses a digit; times are
of RFC 3339, in UTC; durations are numbers of seconds; what is not known is null.
`)
	examples := jsonExamples(t)
	for _, command := range slices.Sorted(maps.Keys(examples)) {
		fmt.Fprintf(page, "\n`reactor %s --json`:\n\n```json\n%s```\n", command, examples[command])
	}
	return page.String()
}

func commandPart(page *strings.Builder, node *kong.Node) {
	if node.Hidden {
		return
	}
	depth := strings.Count(node.FullPath(), " ") + 1
	fmt.Fprintf(page, "%s %s\n\n%s\n\n", strings.Repeat("#", min(depth, 4)), node.FullPath(), node.Help)
	if node.Detail != "" {
		page.WriteString(paragraphs(node.Detail))
	}
	if len(node.Positional) > 0 {
		for _, value := range node.Positional {
			fmt.Fprintf(page, "`%s`: %s\n\n", value.Summary(), value.Help)
		}
	}
	flagTable(page, node)
	for _, child := range node.Children {
		commandPart(page, child)
	}
}

// flagTable lists the flags of a command, those that are seldom needed at the end.
func flagTable(page *strings.Builder, node *kong.Node) {
	usual, seldom := []*kong.Flag{}, []*kong.Flag{}
	for _, flag := range node.Flags {
		if flag.Group == nil {
			usual = append(usual, flag)
		} else {
			seldom = append(seldom, flag)
		}
	}
	flagRows(page, node, "", usual)
	if len(seldom) > 0 {
		flagRows(page, node, seldom[0].Group.Title+"\n\n", seldom)
	}
}

func flagRows(page *strings.Builder, node *kong.Node, head string, flags []*kong.Flag) {
	var rows []string
	for _, flag := range flags {
		if flag.Hidden || node.Parent != nil && flag.Name == "help" {
			continue
		}
		spelled := "`--" + flag.Name
		if !flag.IsBool() {
			spelled += "=" + flag.FormatPlaceHolder()
		}
		spelled += "`"
		if flag.Short != 0 {
			spelled = "`-" + string(flag.Short) + "`, " + spelled
		}
		help := strings.ReplaceAll(flagHelp(flag.Value), "${default}", flag.Default)
		if flag.Required {
			help += " Required."
		}
		rows = append(rows, fmt.Sprintf("| %s | %s |\n", cell(spelled), cell(help)))
	}
	if len(rows) > 0 {
		page.WriteString(head + "| flag | |\n|---|---|\n" + strings.Join(rows, "") + "\n")
	}
}

// cell is a text in a table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(text)
}

// paragraphs is a help text in Markdown: what is indented stays as it is.
func paragraphs(text string) string {
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if trimmed := strings.Trim(block, "\n"); strings.HasPrefix(trimmed, "    ") {
			out.WriteString("```sh\n" + strings.ReplaceAll(strings.TrimPrefix(trimmed, "    "), "\n    ", "\n") + "\n```\n\n")
			continue
		}
		out.WriteString(strings.NewReplacer("<", "&lt;", "\n - ", "\n- ").Replace(strings.TrimPrefix(block, "\n")) + "\n\n")
	}
	return out.String()
}
