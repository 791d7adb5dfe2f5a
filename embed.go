// Package groupcheckout is the project as files. cmd/new makes projects of its
// examples: what they are of is the code that this repository itself builds, tests
// and runs, and no copy of it.
package groupcheckout

import "embed"

// Files are the examples that a project can begin with, and what goes with them:
// the files in the root folder, and the actions that the workflows use.
//
//go:embed go.mod go.sum .gitignore .vscode .github internal/check
//go:embed examples examples/parcels/.vscode
//go:embed domain checkout steps features cmd/reactor internal/completion internal/golden internal/nearest internal/oneline internal/pause internal/plural internal/proxy internal/quickstart internal/terminal internal/tried internal/version
var Files embed.FS
