package stock_test

import (
	"context"
	"fmt"
	"strings"

	"example.com/groupcheckout/livingdoc/stock"
)

// The files are those of the npm package, which [stock.Files] fetches once; these
// are like them, but small.
func ExampleWrite() {
	var page strings.Builder
	run := strings.NewReader(`{"meta":{"protocolVersion":"34.2.1"}}`)
	if err := stock.Write(context.Background(), &page, run, files(), stock.Options{Title: "Lending on memory"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(page.String())
	// Output: <title>Lending on memory</title>ICON<style>CSS</style><script>[{"meta":{"protocolVersion":"34.2.1"}}];{{title}}</script>
}
