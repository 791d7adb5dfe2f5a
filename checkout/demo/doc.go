// Package demo is a hotel of simulated clerks: they check guests in, check
// whole groups out while the reactor works, take the payments and confirm.
// Then it audits the books: what was moved has to be what was owed, and what
// was paid has to be what was moved. What clerks meet with is drawn in plan.go, what
// they do about it is in clerk.go, and what is made sure of afterwards in audit.go.
//
// # What happens
//
// Everything is planned from a seed before it begins: amounts, and which stays
// cannot be merged, because the guest has left already, because nobody knows
// the stay, or because another group takes it first. Which of two groups wins
// is left to chance, how many lose is not: the same seed gives the same
// amounts and the same counts. Ids are new in each run, so that a store can be
// used again.
//
// The clerks arrive first (phase [Arrivals]), then check groups out (phase
// [Checkouts]). A clerk who has selected stays looks at the group, and if
// merges are pending waits until the reactor has retired what the clerk saw:
// there is no polling, on no store.
package demo
