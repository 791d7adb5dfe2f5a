package modulepath_test

import (
	"fmt"

	"example.com/groupcheckout/internal/modulepath"
)

// A path that was copied from a browser is refused, with what it should be.
func Example() {
	fmt.Println(modulepath.Check("https://git.example.org/depot/sorting/"))
	fmt.Println(modulepath.Replace(`import "git.example.org/depot/sorting/parcels"`, "git.example.org/depot/sorting", "git.example.org/yard"))
	// Output:
	// "https://git.example.org/depot/sorting/" is an address, not a module path: write git.example.org/depot/sorting
	// import "git.example.org/yard/parcels"
}
