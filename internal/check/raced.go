//go:build race

package check

// Raced says whether the race detector watches, which takes ten times as long.
const Raced = true
