package main

import (
	"encoding/json"
	"io"
)

// result is what --json prints, in numbers that are not rounded. Fields may be added to
// it, and none goes.
type result struct {
	Costs    costsResult     `json:"costs"`
	Stations []stationResult `json:"stations"`
	Chains   []chainResult   `json:"chains"`
}

// costsResult is what the model is fed with.
type costsResult struct {
	From                string  `json:"from"`
	TransactionSeconds  float64 `json:"transaction_seconds"`
	AppendSeconds       float64 `json:"append_seconds"` // each in a transaction, besides
	Cores               int     `json:"cores"`          // that the groups were measured on
	GroupsPerSecond     float64 `json:"groups_per_second"`
	FeedEventsPerSecond float64 `json:"feed_events_per_second"`
}

// stationResult is what one station of one store can do.
type stationResult struct {
	Store        string  `json:"store"`
	Station      string  `json:"station"`
	GroupsPerDay float64 `json:"groups_per_day"`
}

// chainResult is what a chain needs.
type chainResult struct {
	Hotels              float64        `json:"hotels"`
	PeakGroupsPerSecond float64        `json:"peak_groups_per_second"`
	MessageDB           serversResult  `json:"messagedb"`
	DynamoDB            dynamoDBResult `json:"dynamodb"`
}

type serversResult struct {
	Stores           int     `json:"stores"`
	ReactorsPerStore int     `json:"reactors_per_store"`
	ConnectionsEach  int     `json:"connections_per_store"`
	AppendP50Seconds float64 `json:"append_p50_seconds"`
	AppendP99Seconds float64 `json:"append_p99_seconds"`
}

type dynamoDBResult struct {
	Pairs           int     `json:"pairs_of_tables"`
	ReactorsPerPair int     `json:"reactors_per_pair"`
	DollarsPerMonth float64 `json:"dollars_per_month"`
}

// json says what the tables say.
func (c cli) json(out io.Writer, m costs, hotels chain) error {
	made := result{Costs: costsResult{m.From, m.Lock.Fixed, m.Lock.Each, m.Cores, m.Groups, m.Feed}}
	for _, s := range c.stations(m) {
		made.Stations = append(made.Stations, stationResult{s.store, s.name, fill(s.station, hotels) * hotels.Groups})
	}
	for _, n := range c.Hotels {
		hotels.Hotels = n
		mdb, dynamo := onMessageDB(m, hotels, c.Cores), onDynamoDB(m, hotels)
		made.Chains = append(made.Chains, chainResult{
			n, hotels.atPeak().groups,
			serversResult{mdb.stores, mdb.slots, mdb.connections, mdb.median, mdb.slowest},
			dynamoDBResult{dynamo.stores, dynamo.slots, dynamo.dollars},
		})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(made)
}
