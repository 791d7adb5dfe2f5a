//go:build race

package livingdoc_test

// raced says that the race detector watches, which makes a site ten times slower.
const raced = true
