// Package completion completes command lines in shells. A script, of which each shell
// has its own, asks the program itself what may come next, so that it is always in line
// with the build.
package completion

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Ask is the first argument of a program that is asked what the last of the arguments
// behind it may become.
const Ask = "__complete"

// Shells are those that there is a script for.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

// Script is what a shell has to read to complete the command lines of a program.
func Script(shell, program string) (string, error) {
	script, known := map[string]string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
	if !known {
		return "", fmt.Errorf("there is no script for %q, only for %s", shell, strings.Join(Shells(), ", "))
	}
	return strings.NewReplacer("PROGRAM", program, "ASK", Ask).Replace(script), nil
}

const bash = `# PROGRAM: completion for bash. Read it with: source <(PROGRAM completion bash)
_PROGRAM_complete() {
	local IFS=$'\n' line
	COMPREPLY=()
	for line in $("${COMP_WORDS[0]}" ASK "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
		COMPREPLY+=("${line%%$'\t'*}")
	done
}
complete -o default -F _PROGRAM_complete PROGRAM
`

const zsh = `#compdef PROGRAM
# PROGRAM: completion for zsh. Read it with: source <(PROGRAM completion zsh)
_PROGRAM() {
	local -a found
	local line
	for line in "${(@f)$("${words[1]}" ASK "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		[[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	if (( $#found )); then _describe PROGRAM found; else _files; fi
}
compdef _PROGRAM PROGRAM
`

const fish = `# PROGRAM: completion for fish. Read it with: PROGRAM completion fish | source
function __PROGRAM_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l found ($words[1] ASK $words[2..-1] 2>/dev/null)
	if test (count $found) -gt 0
		printf '%s\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`

// Candidate is what an argument may become.
type Candidate struct{ Word, Help string }

// Of is what the last of the words of a command line, which may be empty, may become.
func Of(root *kong.Node, words []string) []Candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	if len(words) > 1 && words[0] == "help" { // the help of what follows
		words = words[1:]
	}
	// bash makes words of their own of = and :
	separates := func(word string) bool { return word != "" && strings.Trim(word, "=:") == "" }
	words = slices.Clone(words)
	if separates(words[len(words)-1]) {
		words = append(words, "")
	}
	words = slices.DeleteFunc(words, separates)
	node, before, last := root, words[:len(words)-1], words[len(words)-1]
	var waiting *kong.Flag // for its value
	for _, word := range before {
		switch {
		case waiting != nil:
			waiting = nil
		case strings.HasPrefix(word, "-"):
			if flag := flagOf(node, word); flag != nil && !flag.IsBool() && !strings.Contains(word, "=") {
				waiting = flag
			}
		default:
			if i := slices.IndexFunc(node.Children, func(child *kong.Node) bool { return child.Name == word }); i >= 0 {
				node = node.Children[i]
			}
		}
	}
	var all []Candidate
	name, _, valued := strings.Cut(last, "=")
	switch flag := flagOf(node, name); {
	case valued && flag != nil:
		for _, value := range flag.EnumSlice() {
			all = append(all, Candidate{Word: name + "=" + value})
		}
	case waiting != nil:
		for _, value := range waiting.EnumSlice() {
			all = append(all, Candidate{Word: value})
		}
	case len(node.Children) > 0 && !strings.HasPrefix(last, "-"):
		for _, child := range node.Children {
			if !child.Hidden {
				all = append(all, Candidate{child.Name, child.Help})
			}
		}
	case len(node.Positional) > 0 && !strings.HasPrefix(last, "-"):
		for _, value := range node.Positional[0].EnumSlice() {
			all = append(all, Candidate{Word: value})
		}
	default:
		for at := node; at != nil; at = at.Parent {
			for _, flag := range at.Flags {
				if !flag.Hidden {
					all = append(all, Candidate{"--" + flag.Name, flag.Help})
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(c Candidate) bool { return c.Word == "" || !strings.HasPrefix(c.Word, last) })
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	for at := node; at != nil; at = at.Parent {
		for _, flag := range at.Flags {
			if word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short) ||
				slices.Contains(flag.Tag.GetAll("also"), word) || slices.Contains(flag.Aliases, strings.TrimPrefix(word, "--")) {
				return flag
			}
		}
	}
	return nil
}

// Lines are candidates as the scripts read them.
func Lines(candidates []Candidate) string {
	var text strings.Builder
	for _, c := range candidates {
		help, _, _ := strings.Cut(c.Help, ". ")
		fmt.Fprintf(&text, "%s\t%s\n", c.Word, strings.TrimSuffix(strings.Join(strings.Fields(help), " "), "."))
	}
	return text.String()
}
