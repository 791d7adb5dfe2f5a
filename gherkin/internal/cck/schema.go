package cck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/groupcheckout/internal/fetch"
)

// ProtocolVersion is that of the schema, and what runs must say of themselves.
const ProtocolVersion = "34.2.1"

// Schema returns the published schema of a line of messages.
func Schema(ctx context.Context) (*jsonschema.Schema, error) {
	dir, err := fetch.NPM(ctx, fetch.Package{
		Name: "@cucumber/messages", Version: ProtocolVersion, Folder: "cucumber-messages-" + ProtocolVersion,
		SHA512: "aj2iCAG9ZOpMVcMxcgShifv5fbR96b7SMgdWcPXXh2QbFp7OEcAnQ5MC5YfWUDSDasmw7FU5NJEsOrXdTQOU1A==",
	}, nil)
	if err != nil {
		return nil, err
	}
	return jsonschema.NewCompiler().Compile(filepath.Join(dir, "messages.schema.json"))
}

// Validate compares every line of a file with the schema. The error joins one for
// each line that is not valid.
func Validate(schema *jsonschema.Schema, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var errs []error
	number := 0
	for line := range bytes.Lines(content) {
		number++
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d is not valid: %w\n%s", filepath.Base(file), number, err, line))
		}
	}
	return errors.Join(errs...)
}
