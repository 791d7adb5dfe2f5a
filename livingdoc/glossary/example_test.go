package glossary_test

import (
	"fmt"

	"example.com/groupcheckout/livingdoc/glossary"
)

// A table that people wrote becomes links, wherever its words occur in a page.
func ExampleLinker() {
	terms := glossary.Merge(glossary.Table([]byte(`
| word            | meaning                                       |
|-----------------|-----------------------------------------------|
| chute           | where the parcels for one destination go down |
| truck, or lorry | several parcels that arrive together          |
`)))
	linker := glossary.NewLinker(terms)
	fmt.Println(linker.Link("<p>A lorry waits until each chute has room.</p>", "glossary.html"))
	// Output: <p>A <a class="term" href="glossary.html#truck">lorry</a> waits until each <a class="term" href="glossary.html#chute">chute</a> has room.</p>
}
