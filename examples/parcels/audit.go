package parcels

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/es"
)

// Audit reads trucks, and the chutes of their parcels, and proves what must hold
// whatever happened: no chute holds more than it has room for, and what a truck
// says went down is in its chute, once.
func Audit(ctx context.Context, reader es.Reader, streams []es.StreamName) error {
	var errs []error
	for _, stream := range streams {
		if stream.Category() == Trucks {
			errs = append(errs, auditTruck(ctx, reader, stream))
		}
	}
	return errors.Join(errs...)
}

func auditTruck(ctx context.Context, reader es.Reader, stream es.StreamName) error {
	events, err := read(ctx, reader, stream, truckCodec())
	if err != nil || len(events) == 0 {
		return err
	}
	centre, _, _ := strings.Cut(stream.ID(), "_")
	truck := foldTruck(Truck{}, events)
	brought, _ := events[0].(Unloaded)
	var violations []error
	for _, p := range brought.Parcels {
		chute, err := es.NewStreamName(Chutes, centre, p.Destination)
		if err != nil {
			return err
		}
		took, err := read(ctx, reader, chute, chuteCodec())
		if err != nil {
			return err
		}
		if i := slices.Index(took, Took{p.Label}); i >= Room {
			violations = append(violations, fmt.Errorf("%s took parcel %s when it had no room: it holds %d", chute, p.Label, Room))
		}
		took = slices.DeleteFunc(took, func(e Took) bool { return e.Label != p.Label })
		if slices.Contains(truck.Dropped, p.Label) && len(took) != 1 {
			violations = append(violations, fmt.Errorf("%s says that parcel %s went down, and %s took it %d times", stream, p.Label, chute, len(took)))
		}
	}
	return errors.Join(violations...)
}

// read returns those of a stream's events that a codec knows.
func read[E any](ctx context.Context, reader es.Reader, stream es.StreamName, codec *es.Codec[E]) (known []E, err error) {
	stored, err := reader.Read(ctx, stream, 0, es.FromLeader)
	for _, event := range stored {
		e, ok, err := codec.Decode(event.Type, event.Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", stream, err)
		}
		if ok {
			known = append(known, e)
		}
	}
	return known, err
}
