package livingdoc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/fixture"
)

// A recorded run and the folder of its features become a site.
func Example() {
	features := fstest.MapFS{
		"README.md":               {Data: []byte("# Lending\n\nA library lends books.\n")},
		"1-loans/README.md":       {Data: []byte("# Loans\n\nBooks go out and come back.\n")},
		"1-loans/lending.feature": {Data: []byte("Feature: Lending\n\n  Rule: A book has one reader\n\n    Scenario: A book is lent\n      Given a book\n")},
	}
	dir, err := os.MkdirTemp("", "site")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	recorded := filepath.Join(dir, "memory.ndjson")
	if err := fixture.Write(recorded, fixture.Run{Features: features, Store: "memory", How: "in this process"}); err != nil {
		fmt.Println(err)
		return
	}

	report, err := livingdoc.Build(livingdoc.Config{Runs: []string{recorded}, Features: features, Out: filepath.Join(dir, "site")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d rule with %d example on %v\n", report.Rules, report.Examples, report.Stores)
	_, err = os.Stat(filepath.Join(dir, "site", "loans", "lending", "a-book-has-one-reader.html"))
	fmt.Println("the rule has a page:", err == nil)
	// Output:
	// 1 rule with 1 example on [memory]
	// the rule has a page: true
}
