// Package run reads what a run of the features left behind, for documentation to
// be made of it.
//
// [Read] reads one run, which is a file of Cucumber Messages, and gives its
// features as a reader knows them: features with rules, rules with scenarios,
// scenarios with their rows, and what became of each row. It refuses a run that
// did not finish, since what it lacks would look as if it did not exist.
//
// [Join] lays several runs of the same features side by side, such as those on
// different stores, so that each row has a [Result] for each of them. Runs of
// different features are refused.
//
// Nothing in this package runs a scenario or links test code. Everything that it
// returns is the caller's to keep and, once read, safe to read at the same time.
package run
