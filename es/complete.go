package es

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// unmarshal reads JSON as .NET does: of a property that is there twice, the
// last counts.
func unmarshal(value []byte, target any) error {
	return json.Unmarshal(value, target, jsontext.AllowDuplicateNames(true))
}

// checkComplete returns an error if a value lacks a property that the Go type
// has, or is null in its place, at any depth. Without it a missing amount would
// be read as zero. Of a value of another shape it says nothing: that one cannot
// be unmarshalled.
//
// A struct that reads itself, such as an amount of money, has no exported
// fields and so asks for nothing here. A field whose zero value is not written
// (omitzero) may be missing, but not null.
func checkComplete(t reflect.Type, value jsontext.Value, path jsontext.Pointer) error {
	switch kind := value.Kind(); {
	case kind == 'n':
		return errors.New(describe(path) + " is null")
	case kind == '[' && t.Kind() == reflect.Slice:
		return checkElements(t.Elem(), value, path)
	case kind == '{' && t.Kind() == reflect.Struct:
		return checkProperties(t, value, path)
	}
	return nil
}

func checkElements(t reflect.Type, value jsontext.Value, path jsontext.Pointer) error {
	var elements []jsontext.Value
	if err := unmarshal(value, &elements); err != nil {
		return err
	}
	for i, element := range elements {
		if err := checkComplete(t, element, path.AppendToken(strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return nil
}

func checkProperties(t reflect.Type, value jsontext.Value, path jsontext.Pointer) error {
	var properties map[string]jsontext.Value
	if err := unmarshal(value, &properties); err != nil {
		return err
	}
	for field := range t.Fields() {
		name, optional := propertyName(field)
		if name == "" {
			continue
		}
		here := path.AppendToken(name)
		property, present := properties[name]
		switch {
		case !present && optional:
			continue
		case !present:
			return errors.New(describe(here) + " is missing")
		}
		if err := checkComplete(field.Type, property, here); err != nil {
			return err
		}
	}
	return nil
}

// propertyName is the name of a field in JSON, and empty if it is not written. An
// optional one is not written while it is zero.
func propertyName(field reflect.StructField) (name string, optional bool) {
	tag := field.Tag.Get("json")
	name, options, _ := strings.Cut(tag, ",")
	switch {
	case !field.IsExported() || tag == "-":
		return "", false
	case name == "":
		name = field.Name
	}
	return name, slices.Contains(strings.Split(options, ","), "omitzero")
}

func describe(path jsontext.Pointer) string {
	if path == "" {
		return "the body"
	}
	return fmt.Sprintf("the property %s", path)
}
