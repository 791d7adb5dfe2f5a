// Package history remembers how the scenarios of earlier builds went, in a file
// that is only ever appended to and that one build hands to the next.
//
// The file has a JSON object a line, a line a build. A scenario is named once, in
// the first build that has it, and has its number from then on:
//
//	{"v":1,"n":12,"commit":"9668ace…","when":"…","new":[{"i":0,"k":"…","a":"…","r":"…"}],
//	 "stores":[{"name":"memory","how":"in memory","states":"107p2s","ms":[1.2,0.8,…]}]}
//
// The letters of states, each with how often it repeats, are those of the
// scenarios in the order of their numbers; ms has the durations of those that
// ran; k, a and r are a scenario's key, its address and that of its rule, which is
// left out where it is the same as before in the line. A line needs no other line but for the names in it, so that one that is
// broken costs no more than itself: [Load] reports it and goes on.
//
// [History.Trend] says what has become of a scenario, [Spark] draws its
// durations and [Strip] how it went, and [History.Redirects] leads from the addresses that scenarios had
// to those that they have.
//
// A site has its history in the file [File], and the sites of the builds before it
// in the folder [BuildsFolder]. [Carry] takes both from one site to the next, so
// that whoever has the last site has everything.
package history
