package evidence_test

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/groupcheckout/livingdoc/evidence"
)

// Evidence is JSON in an attachment of a scenario. Whoever reports on a run reads
// what was written, and why.
func ExampleEvents() {
	const attachment = `{"streams":[{"name":"Truck-5d1c","label":"truck T1","events":[
		{"position":0,"order":0,"type":"Unloaded","text":"2 parcels unloaded","at":"2026-11-23T11:00:00Z","by":"scenario","step":0},
		{"position":1,"order":3,"type":"Sorted","at":"2026-11-23T11:00:01Z","by":"reactor","step":1,
		 "cause":{"stream":"Truck-5d1c","position":0}}]}]}`
	var events evidence.Events
	if err := json.Unmarshal([]byte(attachment), &events); err != nil {
		fmt.Println(err)
	}
	for _, stream := range events.Streams {
		for _, event := range stream.Events {
			fmt.Println(stream.Label, event.Type, "by the", event.By, "at", event.At.Format(time.TimeOnly))
			if event.Cause != nil {
				fmt.Println("  because of event", event.Cause.Position, "of", event.Cause.Stream)
			}
		}
	}
	// Output:
	// truck T1 Unloaded by the scenario at 11:00:00
	// truck T1 Sorted by the reactor at 11:00:01
	//   because of event 0 of Truck-5d1c
}
