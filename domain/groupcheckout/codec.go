package groupcheckout

import "example.com/groupcheckout/es"

// Codec reads and writes the events of a group checkout.
func Codec() *es.Codec[Event] {
	return es.NewCodec(
		es.On("StaysSelected", func(e StaysSelected) Event { return e }),
		es.On("StaysMerged", func(e StaysMerged) Event { return e }),
		es.On("MergesFailed", func(e MergesFailed) Event { return e }),
		es.On("Paid", func(e Paid) Event { return e }),
		es.On("Confirmed", func(e Confirmed) Event { return e }),
	)
}
