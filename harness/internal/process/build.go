package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"example.com/groupcheckout/internal/fetch"
)

// Build builds a program of the module that the working directory belongs to,
// such as example.com/groupcheckout/cmd/reactor, and returns where it is. The file stays in the
// user's cache folder, one for each module folder and package, so that another
// build of the same sources only makes sure that nothing has changed. The error
// quotes the compiler.
func Build(ctx context.Context, packagePath string) (exe string, err error) {
	module, err := goMod(ctx)
	if err != nil {
		return "", fmt.Errorf("build %s: find its module: %w", packagePath, err)
	}
	cache, err := fetch.Dir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(module + "\x00" + packagePath))
	dir := filepath.Join(cache, "built", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("build %s: make a folder for it: %w", packagePath, err)
	}
	exe = filepath.Join(dir, path.Base(packagePath))
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", exe, packagePath).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", packagePath, err, strings.TrimSpace(string(output)))
	}
	return exe, nil
}

// ModuleFolder is the root of the module that the working directory belongs to. That
// is where somebody types the command of go test, which runs tests elsewhere.
func ModuleFolder(ctx context.Context) (string, error) {
	module, err := goMod(ctx)
	if err == nil && filepath.Base(module) != "go.mod" {
		err = errors.New("the working directory is in no module")
	}
	return filepath.Dir(module), err
}

// goMod is where the go.mod of the working directory is.
func goMod(ctx context.Context) (string, error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return strings.TrimSpace(string(module)), nil
}
