package address

import (
	"strings"
	"testing"

	"example.com/groupcheckout/stores/dynamodb"
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
		{"dynamodb+https://k:s%2F@db/hotel", dynamodb.Config{ServiceURL: "https://db", AccessKeyID: "k", SecretAccessKey: "s/", Table: "hotel"}},
	} {
		// The fields that are compared are all that an address sets.
		got, err := dynamoDBAt(test.address)
		if err != nil || got.Region != test.want.Region || got.ServiceURL != test.want.ServiceURL || got.AccessKeyID != test.want.AccessKeyID ||
			got.SecretAccessKey != test.want.SecretAccessKey || got.Table != test.want.Table || got.IndexTable != test.want.IndexTable {
			t.Errorf("%s: got %+v and error %v, want %+v", test.address, got, err, test.want)
		}
	}
}

func TestAddressesThatNameNoDynamoDB(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"dynamodb:hotel":                        "neither a region nor a server",
		"dynamodb:///hotel":                     "neither a region nor a server",
		"dynamodb://eu-west-1":                  "does not name one table",
		"dynamodb://eu-west-1/a/b":              "does not name one table",
		"dynamodb+http://k:Sesame@h/":           "does not name one table",
		"dynamodb+http://k:Sesame@h:port/hotel": "it is no URL",
		"dynamodb+http://k:Sesame@%zz/hotel":    "it is no URL",
		"dynamodb+ftp://k:Sesame@h/hotel":       `the scheme "dynamodb+ftp" is unknown`,
		"dynamodb+http://h/hotel":               "needs an access key id and a secret access key",
		"dynamodb://eu-west-1/a b":              "3 to 255 letters",
	} {
		backend, err := Open(t.Context(), address, Options{Categories: []string{"GroupCheckout"}})
		if err == nil {
			backend.Close()
			t.Errorf("%s: got a backend, want an error", address)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Sesame") {
			t.Errorf("%s: got the error %q, want %q in it and no secret", address, err, want)
		}
	}
}
