package dsn_test

import (
	"fmt"

	"example.com/groupcheckout/stores/messagedb/dsn"
)

// Npgsql's form, a URL and libpq's form say the same.
func ExampleParse() {
	for _, text := range []string{
		"Host=db;Port=5433;Username=app;Database=message_store;Maximum Pool Size=20",
		"postgres://app@db:5433/message_store",
		"host=db port=5433 user=app dbname=message_store",
		"Host=db;Pasword=secret",
	} {
		settings, err := dsn.Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(settings.URL(), settings.MaxConns())
	}
	// Output:
	// postgres://app@db:5433/message_store 20
	// postgres://app@db:5433/message_store 0
	// postgres://app@db:5433/message_store 0
	// the key "Pasword" (part 2) is not known here; is password meant?
}
