package livingdoc_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"example.com/groupcheckout/livingdoc"
)

// A recorded run and the folder of its features become a site.
func Example() {
	dir, err := os.MkdirTemp("", "site")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	// The run is one of go test ./features -messages FILE.
	config := livingdoc.Config{Runs: []string{"testdata/lending/paper.ndjson"}, Features: "testdata/lending/features", Out: filepath.Join(dir, "site")}
	report, err := livingdoc.Build(context.Background(), config)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d rule with %d example on %v\n", report.Rules, report.Examples, report.Stores)
	_, err = os.Stat(filepath.Join(config.Out, "rules", "lending", "a-book-is-lent-once.html"))
	fmt.Println("the rule has a page:", err == nil)
	// Output:
	// 1 rule with 1 example on [paper]
	// the rule has a page: true
}
