//go:build !race

package livingdoc_test

const raced = false
