// Package steps is the language of the scenarios: each Gherkin phrase is one
// call of a domain service, or one check of what it left behind. It knows
// neither a store nor how the reactor is run; it asks a [World] for both. A new
// phrase goes into the file of what it is about, such as stays.go or groups.go; a
// new word in braces into parameters.go; both are registered by [Register].
//
// [Register] is the one way in. For every scenario it makes a desk, which holds
// what that scenario talks about: the ids behind its names, the time, and the
// last refusal.
//
// # Commands
//
// "the clerk pays" is carried out, or the step fails. "the clerk tries to pay"
// is refused, and the refusal waits for a step "it is refused because …". A
// refusal that nobody asked for fails the scenario at the next attempt, or at
// its end.
//
// # Names
//
// A command mentions the names that it speaks of, also if it is refused. A check may
// only speak of names that were mentioned, lest a misspelled one pass; its error
// suggests the nearest. That a stay is not on record may be said of any.
//
// # Records
//
// "the record of stay 101 is:" compares everything that was written about a stay or
// a group. It is for what is to count once, or to stay as it is: a state can hide
// that something was noted twice. Before such a check the reactor needs a reason to
// act, such as a payment for the group, or nothing could have gone wrong.
//
// # Waiting
//
// A check of what the reactor brings about waits through [World.Eventually],
// and no step waits in any other way. A check of a group also wants an outcome
// for every selected stay first, unless the scenario keeps its reactor stopped:
// what is said of a group before that may be true and yet not final.
package steps
