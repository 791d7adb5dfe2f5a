package provision_test

import (
	"context"
	"fmt"

	"example.com/groupcheckout/harness/provision"
)

// A server is used where it is, or comes up in a container or as processes of
// this machine. Whoever brought it up closes it.
func ExampleMessageDB() {
	server, err := provision.MessageDB(context.Background(), provision.Options{Way: provision.Local})
	if err != nil {
		fmt.Println(err) // what each way was lacking
		return
	}
	fmt.Println(server.How, server.ConnectionString)
	if err := server.Close(); err != nil {
		fmt.Println(err)
	}
}
