package messagedb

import (
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

func TestAURLIsSpelledAsNpgsqlDoes(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://app:secret@127.0.0.1:5433/ms?sslmode=disable":             "Host=127.0.0.1;Port=5433;Username=app;Password=secret;Database=ms;SSL Mode=Disable",
		"postgres://app:a%3Bb%3D%22c%22%20'd'@db:5432/ms?sslmode=verify-full": `Host=db;Port=5432;Username=app;Password="a;b=""c"" 'd'";Database=ms;SSL Mode=VerifyFull`,
		"postgres://app@db/ms": "Host=db;Username=app;Database=ms",
	} {
		got := npgsql(address)
		check.Equal(t, address, want, got)
		read, err := dsn.Parse(got)
		if err != nil || read.URL() != same(t, address) {
			t.Errorf("%s: read again it is %s, error %v; want it unchanged", address, read.URL(), err)
		}
	}
}

// same is a URL as the package that reads it writes it.
func same(t *testing.T, address string) string {
	t.Helper()
	read, err := dsn.Parse(address)
	check.Must(t, err)
	return read.URL()
}
