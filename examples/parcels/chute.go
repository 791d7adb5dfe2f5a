package parcels

import (
	"slices"

	"example.com/groupcheckout/es"
)

// Room is how many parcels a chute holds.
const Room = 3

// Took is the only event of a chute: a parcel went down.
type Took struct {
	Label string `json:"label"`
}

func chuteCodec() *es.Codec[Took] {
	return es.NewCodec(es.On("Took", func(e Took) Took { return e }))
}

// foldChute adds to the labels of the parcels in a chute, which are its state.
func foldChute(labels []string, events []Took) []string {
	labels = slices.Clip(labels) // states are shared: appending has to copy
	for _, e := range events {
		labels = append(labels, e.Label)
	}
	return labels
}

// take lets a parcel down, or tells that there is no room. One that is in the
// chute already is taken again, so that the sorter may repeat itself.
func take(label string) func([]string) (bool, []Took, error) {
	return func(labels []string) (bool, []Took, error) {
		switch {
		case slices.Contains(labels, label):
			return true, nil, nil
		case len(labels) >= Room:
			return false, nil, nil
		}
		return true, []Took{{label}}, nil
	}
}
