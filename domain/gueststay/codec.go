package gueststay

import "example.com/groupcheckout/es"

// Codec reads and writes the events of a stay.
func Codec() *es.Codec[Event] {
	return es.NewCodec(
		es.On("CheckedIn", func(e CheckedIn) Event { return e }),
		es.On("Charged", func(e Charged) Event { return e }),
		es.On("Paid", func(e Paid) Event { return e }),
		es.On("CheckedOut", func(e CheckedOut) Event { return e }),
		es.On("TransferredToGroup", func(e TransferredToGroup) Event { return e }),
		es.On("TransferRefused", func(e TransferRefused) Event { return e }),
	)
}
