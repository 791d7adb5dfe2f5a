package es

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
)

// Codec turns the events of one aggregate into bodies and back. E is the sealed
// interface that all of them implement. Build one with [NewCodec]; it is
// immutable and calls may overlap.
//
// A body is the JSON of the event's struct and nothing else: no envelope,
// properties named exactly as declared, in the order of the fields, none
// omitted but those that are tagged omitzero and are zero. That is what
// FsCodec.SystemTextJson writes.
type Codec[E any] struct {
	byType map[string]Case[E]
	byGo   map[reflect.Type]Case[E]
}

// Case is one event type of a codec.
type Case[E any] struct {
	name   string
	goType reflect.Type
	decode func(body []byte) (E, error)
}

// On says that events of the Go type T, a struct that embeds no other, are
// stored under a type name. The function is the identity: it is how the
// compiler checks that T is an E.
//
//	es.On("Unloaded", func(e Unloaded) Event { return e })
func On[T, E any](name string, identity func(T) E) Case[E] {
	goType := reflect.TypeFor[T]()
	asked := shapeOf(goType, map[reflect.Type]*shape{})
	return Case[E]{
		name:   name,
		goType: goType,
		decode: func(body []byte) (E, error) {
			var event T
			err := unmarshal(body, &event)
			if err != nil || !asked.complete(body) {
				// That something is missing says more than what it leads to.
				err = cmp.Or(checkComplete(goType, body, ""), err)
			}
			if err != nil {
				var none E
				return none, err
			}
			return identity(event), nil
		},
	}
}

// NewCodec builds a codec of its cases. It panics if two share a type name or a
// Go type, since that is a mistake in the program's text.
func NewCodec[E any](cases ...Case[E]) *Codec[E] {
	codec := &Codec[E]{byType: map[string]Case[E]{}, byGo: map[reflect.Type]Case[E]{}}
	for _, c := range cases {
		if _, twice := codec.byType[c.name]; twice {
			panic("es: two cases for the event type " + c.name)
		}
		if _, twice := codec.byGo[c.goType]; twice {
			panic("es: two cases for the Go type " + c.goType.String())
		}
		codec.byType[c.name], codec.byGo[c.goType] = c, c
	}
	return codec
}

// EncodeError says that an event cannot be stored.
type EncodeError struct {
	Type string
	Err  error
}

func (e *EncodeError) Error() string { return fmt.Sprintf("encode %s: %v", e.Type, e.Err) }

func (e *EncodeError) Unwrap() error { return e.Err }

// DecodeError says that an event of a known type has a body that does not fit
// the type. Nothing of its stream can be trusted until somebody has looked.
type DecodeError struct {
	Stream StreamName
	Index  Version
	Type   string
	Err    error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("event %d (%s) of %s cannot be read: %v", e.Index, e.Type, e.Stream, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// NeedsPerson is what [NeedsPerson] asks: a stored event stays as it is.
func (*DecodeError) NeedsPerson() bool { return true }

// Encode gives an event's type name and body. It returns an [*EncodeError] for
// a Go type that the codec has no case for and for a value that JSON cannot
// hold.
func (c *Codec[E]) Encode(event E) (name string, body []byte, err error) {
	goType := reflect.TypeOf(event)
	known, ok := c.byGo[goType]
	if !ok {
		return "", nil, &EncodeError{fmt.Sprint(goType), errors.New("the codec has no case for it")}
	}
	body, err = json.Marshal(event, json.FormatNilSliceAsNull(false))
	if err != nil {
		return "", nil, &EncodeError{known.name, err}
	}
	return known.name, body, nil
}

// Decode reads a stored event. For a type that the codec has no case for, ok is
// false: the fold skips it. Properties that the type does not have are ignored;
// of one that is there twice the last counts; one that is null, or missing though
// it is not tagged omitzero, is an error, and so is everything else that does not
// fit. The error does not name the stream; see [DecodeError].
func (c *Codec[E]) Decode(name string, body []byte) (event E, ok bool, err error) {
	known, ok := c.byType[name]
	if !ok {
		return event, false, nil
	}
	event, err = known.decode(body)
	return event, true, err
}
