package main

import (
	"os/exec"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/completion"
)

func TestWhatComesNextIsCompleted(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                             "run init checkpoint slots quarantine index audit health demo config completion version help",
		"de":                           "demo",
		"run -g x ":                    "mdb dynamo",
		"run -g mdb ":                  "mdb dynamo",
		"run -g ":                      "",
		"run --log-format ":            "text json",
		"run --log-format=text md":     "mdb",
		"run mdb --checkpoint-s":       "--checkpoint-schema",
		"run mdb -cs s --max-w":        "--max-writers",
		"quarantine list ":             "mdb dynamo",
		"completion ":                  "bash zsh fish",
		"completion f":                 "fish",
		"run -g x mdb --no-such --que": "",
		"run --log-format=":            "--log-format=text --log-format=json",
		"run --log-format=j":           "--log-format=json",
		"run --log-format = j":         "json", // bash makes words of their own of = and :
		"run --log-format =":           "text json",
		"run --listen : 8080 m":        "mdb",
		"help":                         "help",
		"help de":                      "demo",
		"help run ":                    "mdb dynamo",
	} {
		_, out, _ := call(t, nil, append([]string{completion.Ask}, strings.Split(line, " ")...)...)
		var words []string
		for candidate := range strings.Lines(out) {
			word, _, _ := strings.Cut(candidate, "\t")
			words = append(words, word)
		}
		check.Equal(t, line, want, strings.Join(words, " "))
	}
}

// TestAShellCompletes has each shell that is there complete a command line.
func TestAShellCompletes(t *testing.T) {
	t.Parallel()
	for shell, test := range map[string]struct{ script, want string }{
		"bash": {`source <(reactor completion bash); COMP_WORDS=(reactor de); COMP_CWORD=1; _reactor_complete; echo "${COMPREPLY[*]}"`, "demo"},
		"zsh": {
			`compdef() {}; _describe() { print -l -- $found; }; _files() {}; source <(reactor completion zsh); words=(reactor de); CURRENT=2; _reactor`,
			"demo:Watch simulated clerks check out groups while a reactor works, then audit the books",
		},
		"fish": {
			`reactor completion fish | source; complete -C 'reactor de'`,
			"demo\tWatch simulated clerks check out groups while a reactor works, then audit the books",
		},
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("there is no %s on the PATH", shell)
			}
			out, err := exec.CommandContext(t.Context(), program, "-c", test.script).CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != test.want {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}
