package main

import "math"

// chain is what hotels ask for.
type chain struct {
	Hotels float64
	Groups float64 // that check out of a hotel in a day
	Stays  float64 // of a group
	Others float64 // other appends of a hotel in a day: arrivals, charges, departures
	Peak   float64 // how much of a day falls into its busiest hour
}

const (
	hour = 3600
	day  = 24 * hour
)

// demand is what a second brings.
type demand struct{ groups, stays, others float64 }

func (c chain) over(seconds, share float64) demand {
	return demand{c.Hotels * c.Groups * share / seconds, c.Stays, c.Hotels * c.Others * share / seconds}
}

func (c chain) atPeak() demand    { return c.over(hour, c.Peak) }
func (c chain) onAverage() demand { return c.over(day, 1) }

// transfers are the appends to stays, and changes all appends there are.
func (d demand) transfers() float64 { return d.groups*d.stays + d.others }
func (d demand) changes() float64   { return d.transfers() + ofGroup*d.groups }

// ofGroup are the events of a group itself: selected, merged, paid, confirmed.
const ofGroup = 4

// station is something that all work of a store passes, and how much of it a demand uses: 1
// is all there is.
type station struct {
	name string
	uses func(demand) float64
}

// What is not measured here. A replica applies what was written in one process; that it
// takes a fifth of what an append takes on the leader is an assumption.
const replicaApplies = 0.2

// messageDB are the stations of a server with some cores. A group takes the time of cores
// that it took while clients and server shared those of bench, so this errs on the side of
// more servers.
func messageDB(c costs, cores int) []station {
	return []station{
		{"lock of the category of stays", func(d demand) float64 { return d.transfers() / c.Lock.most() }},
		{"cores of the server", func(d demand) float64 {
			return (d.groups*float64(c.Cores)/c.Groups*(d.stays+ofGroup)/(6+ofGroup) + d.others*c.Lock.Each) / float64(cores)
		}},
		scheduler(c),
		{"replica", func(d demand) float64 { return d.changes() * c.Lock.Each * replicaApplies }},
	}
}

// ungathered is a server on which each append has a transaction of its own.
func ungathered(c costs) station {
	alone := c.Lock
	alone.Room = 1
	return station{"lock, an append a transaction", func(d demand) float64 { return d.transfers() / alone.most() }}
}

func scheduler(c costs) station {
	return station{"core of the scheduler", func(d demand) float64 { return ofGroup * d.groups / c.Feed }}
}

// The units of DynamoDB, as in docs/dynamodb.md. What an append to the index costs lies
// close to a line: 3.3 write units of one change, 3.9 of ten and 11 of a hundred, and below
// it with 77 of a thousand, by the sizes of the items.
const (
	partitionUnits = 1000 // write units a second of one partition
	indexAppend    = 3.1  // write units, without the changes in it
	indexChange    = 0.09
	indexLooks     = 4 // a second, while there are changes
	groupWrites    = 4 // of the group itself
	stayWrite      = 1
	stayRead       = 0.5
	millionWrites  = 0.625 // $
	millionReads   = 0.125
	idleIndexer    = 3.82 // $ a month, a reactor with its indexer
	idleReactor    = 2.68 // another one, which stands by
)

// indexUnits are the write units a second of the index: the indexer takes what has come
// since its last look.
func indexUnits(changes float64) float64 {
	return min(changes, indexLooks)*indexAppend + changes*indexChange
}

func dynamoDB(c costs) []station {
	return []station{
		{"partition of the index", func(d demand) float64 { return indexUnits(d.changes()) / partitionUnits }},
		scheduler(c),
	}
}

// headroom is how full the fullest station may be at the peak.
const headroom = 0.7

// first is the station that is full first, and how many groups a day there are then, of
// hotels like those of a chain.
func first(stations []station, c chain) (name string, groupsADay float64) {
	groupsADay = math.Inf(1)
	for _, s := range stations {
		if most := fill(s, c) * c.Groups; most < groupsADay {
			name, groupsADay = s.name, most
		}
	}
	return name, groupsADay
}

// fill is how many hotels fill a station at their peak.
func fill(s station, c chain) float64 {
	low, high := 0.0, 1e12
	for range 200 {
		c.Hotels = (low + high) / 2
		if s.uses(c.atPeak()) < 1 {
			low = c.Hotels
		} else {
			high = c.Hotels
		}
	}
	return low
}

// need is what a chain needs of one kind of store.
type need struct {
	stores      int
	slots       int     // reactors of a store, of which one may fail
	connections int     // to a store, at the most
	median      float64 // seconds of an append at the peak
	slowest     float64 // one in a hundred takes longer
	dollars     float64 // a month
}

// stores is into how many parts a chain is to be split.
func stores(stations []station, c chain) int {
	n := 1
	_, most := first(stations, c)
	if total := c.Hotels * c.Groups; total > headroom*most {
		n = int(math.Ceil(total/(headroom*most) - 1e-9)) // the limit is found to fewer digits than that
	}
	return n
}

// split is one of some equal parts of a chain.
func (c chain) split(parts int) chain {
	c.Hotels /= float64(parts)
	return c
}

// slots is how many reactors a part needs, and one more.
func slots(c costs, d demand) int {
	cores := d.groups * float64(c.Cores) / c.Groups
	return int(math.Ceil(cores/headroom)) + 1
}

// The connections that a process opens at the most, see messagedb.Config.
const (
	reactorConnections = 10 + 10 + 4 + 2 + 2
	clerkConnections   = 10 + 10
	clerkAppends       = 500 // a second, of one process of clerks
)

func onMessageDB(c costs, ch chain, cores int) need {
	n := need{stores: stores(messageDB(c, cores), ch)}
	peak := ch.split(n.stores).atPeak()
	n.slots = slots(c, peak)
	clerks := int(math.Ceil(peak.changes()/clerkAppends)) + 1
	n.connections = n.slots*reactorConnections + clerks*clerkConnections
	waits := c.Lock.waits(peak.transfers(), 50_000, 1, 0.5, 0.99)
	n.median, n.slowest = waits[0], waits[1]
	return n
}

func onDynamoDB(c costs, ch chain) need {
	n := need{stores: stores(dynamoDB(c), ch)}
	part := ch.split(n.stores)
	n.slots = slots(c, part.atPeak())
	usual := part.onAverage()
	writes := usual.groups*(groupWrites+usual.stays*stayWrite) + usual.others*stayWrite + indexUnits(usual.changes())
	reads := usual.groups*(1+usual.stays)*stayRead + usual.others*stayRead
	month := 30.0 * day
	n.dollars = float64(n.stores) * ((writes*millionWrites+reads*millionReads)*month/1e6 + idleIndexer + idleReactor*float64(n.slots-1))
	return n
}
