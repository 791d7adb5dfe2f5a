package editors

import (
	"bytes"
	"context"
	_ "embed" // the script and the lock file
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"

	"example.com/groupcheckout/internal/fetch"
)

//go:embed ask.js
var script string

//go:embed package.json
var packageJSON []byte

//go:embed package-lock.json
var packageLock []byte

// Report is what an editor finds.
type Report struct {
	Definitions []Definition // in the order in which the service looks
	Steps       []Step       // of all scenarios and rows, in the order of the files
	Undefined   []string     // what the editor underlines, as path:line: message
	Errors      []string     // what the service complains of
}

// Definition is a step definition that the editor found.
type Definition struct {
	Expression string
	URI        string // of its file
	Line       int    // of its expression, from 1
}

// Step is a step of a feature, with the expressions of the definitions that the
// editor takes for its own: one, if it can jump to it.
type Step struct {
	URI         string
	Line        int
	Text        string
	Expressions []string
}

// Ask gives the language service the files below root that the settings select.
// It takes seconds, and the first time a fetch besides. The error is that Node.js
// or npm is missing, that the service cannot be fetched or run, or that a setting
// selects no file.
func Ask(ctx context.Context, root fs.FS, settings Settings) (Report, error) {
	features, err := find(root, settings.Features)
	if err != nil {
		return Report{}, fmt.Errorf("cucumber.features: %w", err)
	}
	glue, err := find(root, settings.Glue)
	if err != nil {
		return Report{}, fmt.Errorf("cucumber.glue: %w", err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return Report{}, fmt.Errorf("the language service runs on Node.js, and node is not on the PATH: %w", err)
	}
	service, err := fetch.NPMTree(ctx, fetch.Tree{
		Folder: "cucumber-language-service", Package: packageJSON, Lock: packageLock,
	}, nil)
	if err != nil {
		return Report{}, err
	}
	question, err := json.Marshal(map[string]any{
		"features": features, "glue": glue, "parameterTypes": settings.ParameterTypes,
	})
	if err != nil {
		return Report{}, err
	}
	command := exec.CommandContext(ctx, node, "-e", script) //nolint:gosec // the script is this package's
	command.Dir = service                                   // where the script finds its packages
	report, err := run(command, question)
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// run has the service answer a question. Node.js is not waited for once it has:
// it may hang when it is about to exit, while a script is still being compiled
// (https://github.com/nodejs/node/issues/54918).
func run(command *exec.Cmd, question []byte) (Report, error) {
	command.Stdin = bytes.NewReader(question)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	failed := func(err error) (Report, error) {
		return Report{}, fmt.Errorf("run the language service: %w\n%s", err, strings.TrimSpace(complaints.String()))
	}
	answer, err := command.StdoutPipe()
	if err != nil {
		return failed(err)
	}
	if err := command.Start(); err != nil {
		return failed(err)
	}
	var report Report
	unread := json.NewDecoder(answer).Decode(&report)
	if unread == nil {
		_ = command.Process.Kill() // it may have ended by itself
		_ = command.Wait()         // so it was killed
		return report, nil
	}
	_, _ = io.Copy(io.Discard, answer) // until it has said everything
	if err := command.Wait(); err != nil {
		return failed(err)
	}
	return Report{}, fmt.Errorf("read what the language service says: %w", unread)
}
