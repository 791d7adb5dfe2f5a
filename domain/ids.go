package domain

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

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
