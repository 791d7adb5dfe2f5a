package domain

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// ID identifies something of the kind K, so that one kind's id cannot stand for
// another's. It is 16 bytes, comparable, and may be the key of a map.
//
// It has two written forms. In JSON it is hyphenated, as String gives it. In
// the name of a stream it is 32 hex digits, as N gives it (.NET's format "N").
// The two are not interchangeable: a .NET reader fails on the N form in JSON,
// and does not find a stream named with hyphens.
type ID[K any] uuid.UUID

type (
	stayKind    struct{}
	groupKind   struct{}
	chargeKind  struct{}
	paymentKind struct{}
)

type (
	// StayID identifies a guest's stay.
	StayID = ID[stayKind]
	// GroupID identifies a group checkout.
	GroupID = ID[groupKind]
	// ChargeID identifies a charge; the same one again is the same charge.
	ChargeID = ID[chargeKind]
	// PaymentID identifies a payment; the same one again is the same payment.
	PaymentID = ID[paymentKind]
)

// IDError says that a text is not an id in the form that its place asks for.
type IDError struct {
	Value string
	Form  string // an example of the form
}

func (e *IDError) Error() string {
	return fmt.Sprintf("%.80q is not an id of the form %s", e.Value, e.Form)
}

// hyphenatedLength is the length of the hyphenated form. Of the forms that
// package uuid reads, no other has it.
const hyphenatedLength = 36

// N is the form for stream names: 32 lower-case hex digits.
func (id ID[K]) N() string { return hex.EncodeToString(id[:]) }

// String is the hyphenated form.
func (id ID[K]) String() string { return uuid.UUID(id).String() }

// IsZero tells whether id is the zero value, which identifies nothing.
func (id ID[K]) IsZero() bool { return id == ID[K]{} }

// MarshalText writes the hyphenated form.
func (id ID[K]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the hyphenated form, in lower or upper case, and nothing
// else. It returns an [*IDError] otherwise, and leaves id as it was.
func (id *ID[K]) UnmarshalText(text []byte) error {
	parsed, err := uuid.ParseBytes(text)
	if err != nil || len(text) != hyphenatedLength {
		return &IDError{string(text), "0f8fad5b-d9cb-469f-a165-70867728950e"}
	}
	*id = ID[K](parsed)
	return nil
}

// UnmarshalN reads the form for stream names: 32 hex digits, lower case, since a
// name in upper case is another stream. It returns an [*IDError] otherwise, and
// leaves id as it was.
func (id *ID[K]) UnmarshalN(text string) error {
	var parsed ID[K]
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == len(parsed) {
		copy(parsed[:], raw)
	}
	if parsed.N() != text {
		return &IDError{text, "0f8fad5bd9cb469fa16570867728950e"}
	}
	*id = parsed
	return nil
}

// IDs are ids of one kind as many of them are kept together: one text in base64, of 16
// bytes for each id, in the order of its digits.
type IDs[K any] []ID[K]

type (
	// StayIDs are the ids of stays.
	StayIDs = IDs[stayKind]
	// ChargeIDs are the ids of charges.
	ChargeIDs = IDs[chargeKind]
	// PaymentIDs are the ids of payments.
	PaymentIDs = IDs[paymentKind]
)

// SortedIDs are the keys of a map, in order.
func SortedIDs[K, V any](of map[ID[K]]V) IDs[K] {
	ids := make(IDs[K], 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b ID[K]) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// Set is a map with the ids as keys.
func (ids IDs[K]) Set() map[ID[K]]struct{} {
	set := make(map[ID[K]]struct{}, len(ids))
	for _, id := range ids {
		set[id] = struct{}{}
	}
	return set
}

// MarshalText implements [encoding.TextMarshaler].
func (ids IDs[K]) MarshalText() ([]byte, error) {
	packed := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		packed = append(packed, id[:]...)
	}
	return base64.StdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (ids *IDs[K]) UnmarshalText(text []byte) error {
	packed, err := base64.StdEncoding.AppendDecode(nil, text)
	switch {
	case err != nil:
		return fmt.Errorf("a list of ids: %w", err)
	case len(packed)%16 != 0:
		return errors.New("a list of ids has to have 16 bytes for each, in base64")
	}
	*ids = make(IDs[K], len(packed)/16)
	for i := range *ids {
		copy((*ids)[i][:], packed[16*i:])
	}
	return nil
}
