package parcels

import "example.com/groupcheckout/es"

// TruckEvent is something that happened to a truck.
//
//sumtype:decl
type TruckEvent interface{ isTruckEvent() }

type (
	// Unloaded lists what the truck has brought.
	Unloaded struct {
		Parcels []Parcel `json:"parcels"`
	}
	// Sorted names the parcels that went down a chute, and those without room.
	Sorted struct {
		Dropped  []string `json:"dropped"`
		SetAside []string `json:"setAside"`
	}
	// Released lets the truck go.
	Released struct{}
)

// Parcel has a label that is unique in its centre.
type Parcel struct {
	Label       string `json:"label"       col:"parcel"`
	Destination string `json:"destination" col:"destination"`
}

func (Unloaded) isTruckEvent() {}
func (Sorted) isTruckEvent()   {}
func (Released) isTruckEvent() {}

func truckCodec() *es.Codec[TruckEvent] {
	return es.NewCodec(
		es.On("Unloaded", func(e Unloaded) TruckEvent { return e }),
		es.On("Sorted", func(e Sorted) TruckEvent { return e }),
		es.On("Released", func(e Released) TruckEvent { return e }),
	)
}

// Truck is the state of a truck. What is waiting is the sorter's to-do list.
type Truck struct {
	Unloaded, Released bool
	Waiting            []Parcel
	Dropped, SetAside  []string
}

func foldTruck(t Truck, events []TruckEvent) Truck {
	for _, event := range events {
		switch e := event.(type) {
		case Unloaded:
			t.Unloaded, t.Waiting = true, e.Parcels
		case Sorted:
			t.Waiting, t.Dropped, t.SetAside = nil, e.Dropped, e.SetAside
		case Released:
			t.Released = true
		}
	}
	return t
}

// Unload lists what a truck has brought. Again it changes nothing.
func Unload(parcels []Parcel) func(Truck) ([]TruckEvent, error) {
	return func(t Truck) ([]TruckEvent, error) {
		if t.Unloaded {
			return nil, nil
		}
		return []TruckEvent{Unloaded{parcels}}, nil
	}
}

// sorted records what became of all that was waiting, unless that was done
// already, and releases the truck.
func sorted(outcome Sorted) func(Truck) ([]TruckEvent, error) {
	return func(t Truck) ([]TruckEvent, error) {
		if len(t.Waiting) == 0 {
			return nil, nil
		}
		return []TruckEvent{outcome, Released{}}, nil
	}
}
