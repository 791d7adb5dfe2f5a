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
// # Waiting
//
// A check of what the reactor brings about waits through [World.Eventually],
// and no step waits in any other way. A check of a group also wants an outcome
// for every selected stay first, unless the scenario keeps its reactor stopped:
// what is said of a group before that may be true and yet not final.
package steps
