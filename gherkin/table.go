package gherkin

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v34"
)

// Table is a step's table. It is a value that refers to memory which nobody
// changes, so it may be kept and copied. [Rows] turns it into structs.
type Table struct {
	cells [][]string
	types *types
}

// newTable copies, since the pickle belongs to godog.
func newTable(table *messages.PickleTable, types *types) Table {
	cells := make([][]string, len(table.Rows))
	for i, row := range table.Rows {
		cells[i] = make([]string, len(row.Cells))
		for j, cell := range row.Cells {
			cells[i][j] = cell.Value
		}
	}
	return Table{cells: cells, types: types}
}

// Table makes a table of rows of cells, as a step would get it.
func (d *Definitions) Table(cells [][]string) Table {
	return Table{cells: clone(cells), types: d.types}
}

// Cells returns a copy of the cells, row by row, the header included.
func (t Table) Cells() [][]string { return clone(t.cells) }

func clone(cells [][]string) [][]string {
	copied := make([][]string, len(cells))
	for i, row := range cells {
		copied[i] = slices.Clone(row)
	}
	return copied
}

// Rows reads a table with a header: one T for each row beneath it.
//
// T is a struct. A field tagged `col:"name"` takes the cell of that column;
// `col:"name,optional"` lets the column be absent and the cell be empty, and
// the field is then zero. Fields without the tag are left alone. A cell becomes
// a value by the parameter type that is registered for the field's Go type, by
// its UnmarshalText, or, for texts, numbers, truth values and durations, as Go
// writes them.
//
// A column that no field takes, a missing one, and a cell that cannot be read
// are errors that name the place.
func Rows[T any](t Table) ([]T, error) {
	if len(t.cells) == 0 {
		return nil, errors.New("the table is empty: it needs a header row")
	}
	fields, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	columns, err := fields.match(t.cells[0])
	if err != nil {
		return nil, err
	}
	rows := make([]T, len(t.cells)-1)
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		for j, cell := range t.cells[i+1] {
			if err := columns[j].set(row, cell, t.types); err != nil {
				return nil, fmt.Errorf("row %d, column %q: %w", i+1, columns[j].name, err)
			}
		}
	}
	return rows, nil
}

type field struct {
	name     string
	index    []int
	optional bool
}

type fields []field

func fieldsOf(typ reflect.Type) (fields, error) {
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a table can be read into a struct, not into %s", typ)
	}
	var list fields
	for _, f := range reflect.VisibleFields(typ) {
		tag, tagged := f.Tag.Lookup("col")
		if !tagged {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		switch {
		case !f.IsExported():
			return nil, fmt.Errorf("the field %s.%s has a col tag, but is not exported", typ, f.Name)
		case name == "":
			return nil, fmt.Errorf("the field %s.%s has a col tag without a name", typ, f.Name)
		case option != "" && option != "optional":
			return nil, fmt.Errorf("the field %s.%s has the unknown option %q in its col tag: there is only optional", typ, f.Name, option)
		case slices.Contains(list.names(), name):
			return nil, fmt.Errorf("%s has two fields for the column %q", typ, name)
		}
		list = append(list, field{name: name, index: f.Index, optional: option == "optional"})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no field with a col tag", typ)
	}
	return list, nil
}

func (fs fields) names() []string {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.name
	}
	return names
}

// match finds the field of each column.
func (fs fields) match(headers []string) (fields, error) {
	found := make(fields, len(headers))
	var errs []error
	for i, header := range headers {
		at := slices.IndexFunc(fs, func(f field) bool { return f.name == header })
		switch {
		case at < 0:
			errs = append(errs, fmt.Errorf("unknown column %q: there are %s", header, quoted(fs.names())))
		case slices.Contains(headers[:i], header):
			errs = append(errs, fmt.Errorf("the column %q is there twice", header))
		default:
			found[i] = fs[at]
		}
	}
	for _, f := range fs {
		if !f.optional && !slices.Contains(headers, f.name) {
			errs = append(errs, fmt.Errorf("the column %q is missing: the table has %s", f.name, quoted(headers)))
		}
	}
	return found, errors.Join(errs...)
}

func (f field) set(row reflect.Value, cell string, types *types) error {
	if cell == "" && f.optional {
		return nil
	}
	target, err := row.FieldByIndexErr(f.index)
	if err != nil {
		return err
	}
	value, err := types.read(target.Type(), cell)
	if err != nil {
		return err
	}
	target.Set(value)
	return nil
}

func quoted(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(list, ", ")
}
