package address

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

func TestAddressesOfDynamoDB(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		address string
		want    dynamodb.Config
	}{
		{"dynamodb://eu-west-1/hotel", dynamodb.Config{Region: "eu-west-1", Table: "hotel"}},
		{"dynamodb://eu-west-1/hotel?index=other", dynamodb.Config{Region: "eu-west-1", Table: "hotel", IndexTable: "other"}},
		{"dynamodb+http://k:s@localhost:8000/hotel", dynamodb.Config{ServiceURL: "http://localhost:8000", AccessKeyID: "k", SecretAccessKey: "s", Table: "hotel"}},
		{" dynamodb://eu-west-1/hotel\r\n", dynamodb.Config{Region: "eu-west-1", Table: "hotel"}},
		{"DynamoDB://eu-west-1/hotel", dynamodb.Config{Region: "eu-west-1", Table: "hotel"}},
		{"dynamodb+https://k:s%2F@db/hotel", dynamodb.Config{ServiceURL: "https://db", AccessKeyID: "k", SecretAccessKey: "s/", Table: "hotel"}},
	} {
		// The fields that are compared are all that an address sets.
		found, err := read(test.address)
		if err != nil || found.dynamoDB == nil {
			t.Errorf("%s: got %+v and error %v, want a DynamoDB", test.address, found, err)
			continue
		}
		got := *found.dynamoDB
		if got.Region != test.want.Region || got.ServiceURL != test.want.ServiceURL || got.AccessKeyID != test.want.AccessKeyID ||
			got.SecretAccessKey != test.want.SecretAccessKey || got.Table != test.want.Table || got.IndexTable != test.want.IndexTable {
			t.Errorf("%s: got %+v, want %+v", test.address, got, test.want)
		}
	}
}

func TestAddressesThatNameNoDynamoDB(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"dynamodb:hotel":                         "neither a region nor a server",
		"dynamodb:///hotel":                      "neither a region nor a server",
		"dynamodb://eu-west-1":                   "does not name one table",
		"dynamodb://eu-west-1/a/b":               "does not name one table",
		"dynamodb+http://k:Sesame@h/":            "does not name one table",
		"dynamodb+http://k:Sesame@h:port/hotel":  "not a port from 1 to 65535",
		"dynamodb+http://k:Sesame@h:99999/hotel": "not a port from 1 to 65535",
		"dynamodb+http://k:Sesame/hotel":         "an @ and the host have to stand after it",
		"dynamodb+http://k:Sesame@%zz/hotel":     "the host has a %",
		"dynamodb+http://k:Sesame%zz@h/hotel":    "the keys have a %",
		"dynamodb+http://k:Sesame@h/ho%zz":       "the name of the table has a %",
		"dynamodb+http://k:a/Sesame@h/hotel":     "percent-encoded",
		"dynamodb+http://k:a?Sesame@h/hotel":     "percent-encoded",
		"dynamodb+http://k:a#Sesame@h/hotel":     "percent-encoded",
		"dynamodb+http://k:1/Sesame@hotel":       "percent-encoded",
		"dynamodb+http://h/hotel?secret=Sesame":  "something else than index=",
		"dynamodb://Eu_West/hotel":               "no region",
		"dynamodb://k:Sesame@eu-west-1\n/hotel":  "line break",
		"memory:Sesame":                          "nothing stands after",
		"Sesame":                                 "no scheme",
		"Sesame://h":                             "its scheme is unknown",
		"memroy:":                                "its scheme is unknown (did you mean memory:?); use",
		"memory":                                 "it has no scheme (did you mean memory:?); use",
		"postgers://k:Sesame@h/db":               "did you mean postgres:?",
		"dynamodbb://eu-west-1/hotel":            "did you mean dynamodb:?",
		"Host=db;Password=Se:Sesame":             "another form",
		"Host=db;Password=Sesame":                "another form",
		"":                                       "it is empty",
		"dynamodb+ftp://k:Sesame@h/hotel":        `the scheme "dynamodb+ftp" is unknown`,
		"dynamodb+http://h/hotel":                "needs an access key id and a secret access key",
		"dynamodb://eu-west-1/a b":               "3 to 255 letters",
	} {
		backend, err := Open(t.Context(), address, Options{Categories: []string{"GroupCheckout"}})
		if err == nil {
			backend.Close()
			t.Errorf("%s: got a backend, want an error", address)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(strings.ToLower(err.Error()), "sesame") {
			t.Errorf("%s: got the error %q, want %q in it and no secret", address, err, want)
		}
	}
}

// marker stands where a secret may stand.
const marker = "xQ7mARKERq7x"

// FuzzRead reads any text. Nothing panics, no error tells a secret, and what is an
// address of a Message DB the driver takes.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"testdata/wrong.txt", "../messagedb/dsn/testdata/wrong.txt"} {
		content, err := os.ReadFile(file)
		check.Must(f, err)
		for line := range strings.Lines(string(content)) {
			f.Add(strings.NewReplacer("S3CRET", marker, `\n`, "\n").Replace(line))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := read(text)
		switch {
		case err != nil:
		case found.messageDB != "":
			var said dsn.Settings
			if said, err = dsn.Parse(found.messageDB); err == nil {
				_, err = said.Config()
			}
			if err != nil && strings.Contains(err.Error(), "does not accept") {
				t.Errorf("%q: it was read, and the driver does not take it: %v", text, err)
			}
		case found.dynamoDB != nil:
			if at, err := url.Parse(found.dynamoDB.ServiceURL); err != nil || strings.Contains(at.String(), marker+"@") {
				t.Errorf("%q: got the service URL %q", text, found.dynamoDB.ServiceURL)
			}
			if printed := fmt.Sprintf("%v", found.dynamoDB.SecretAccessKey); printed != "…" {
				t.Errorf("%q: the secret is printed", text)
			}
		}
		if err != nil && strings.Contains(strings.ToLower(err.Error()), strings.ToLower(marker)) { // schemes are folded
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
	})
}
