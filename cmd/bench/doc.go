// Bench measures how fast the project is, each time beside a floor: the bare store, or
// the least that the same work can cost, in the same process and minute. What a machine
// can do changes from minute to minute, and a ratio much less.
//
//	round 1: floor, subject    round 2: subject, floor    round 3: floor, subject ...
//	ratio of each round ──▶ the median of the rounds, and what half of them lie between
//
// # Figures
//
// A figure is a row of the table: a subject, which is this project's code, and its floor.
// They are in the file of their topic, such as appends.go and feed.go, and all are listed
// in main.go. The floors of PostgreSQL lie beside them in floors.go; they know nothing of
// this project but the bytes of its events.
//
// # Results
//
// The table goes to the terminal, and the runs, this one and the last ones, to
// bench.json in the folder that --out names, with a picture of each figure over those
// runs. No time fails anything: bench fails only if something could not be measured.
package main
