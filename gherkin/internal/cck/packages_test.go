package cck

import (
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/groupcheckout/internal/fetch"
)

// kit returns the folder of the samples.
func kit(t *testing.T) string {
	t.Helper()
	return filepath.Join(npm(t, fetch.Package{
		Name: "@cucumber/compatibility-kit", Version: "30.0.0", Folder: "cucumber-compatibility-kit-30.0.0",
		SHA512: "R01Sfp3aPx1CWT9x0hUFMJ3xrAqMpSqQDbzVq3kD5fWBRkkBYmlLhM4p4BukT5MGn6BwEsf9saKT4vD7gsKATg==",
	}), "features")
}

// protocolVersion is that of the schema, and what runs must say of themselves.
const protocolVersion = "34.2.1"

// schema returns the published schema of a line of messages.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir := npm(t, fetch.Package{
		Name: "@cucumber/messages", Version: protocolVersion, Folder: "cucumber-messages-" + protocolVersion,
		SHA512: "aj2iCAG9ZOpMVcMxcgShifv5fbR96b7SMgdWcPXXh2QbFp7OEcAnQ5MC5YfWUDSDasmw7FU5NJEsOrXdTQOU1A==",
	})
	compiled, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, "messages.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func npm(t *testing.T, p fetch.Package) string {
	t.Helper()
	dir, err := fetch.NPM(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
