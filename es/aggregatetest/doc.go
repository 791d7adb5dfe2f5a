// Package aggregatetest proves of an aggregate what each has to keep, in tests of
// the aggregate's own package: [Bodies] is about how its events are stored, and
// [Aggregate] about its fold and its decisions. What a new event needs is another
// entry in the Bodies, and a place in the generators of events and commands.
package aggregatetest
