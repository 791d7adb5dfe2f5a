package fetch_test

import (
	"fmt"
	"os"
	"path/filepath"

	"example.com/groupcheckout/internal/fetch"
)

// What is there is not fetched again, and a folder that is there is whole.
func ExampleOnce() {
	cache, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(cache) }()
	for range 2 {
		folder, err := fetch.Once(filepath.Join(cache, "schema-1.3.1"), func(dir string) error {
			fmt.Println("fetching")
			return os.WriteFile(filepath.Join(dir, "schema.sql"), []byte("-- …"), 0o600)
		})
		fmt.Println(filepath.Base(folder), err)
	}
	// Output:
	// fetching
	// schema-1.3.1 <nil>
	// schema-1.3.1 <nil>
}
