// Package gherkin gives godog typed steps. A step is registered with a
// Cucumber Expression and an ordinary Go function; the expression's parameters
// arrive as values of Go types, and a table as a slice of structs. Everything
// that can be checked without a scenario is checked before the first one runs.
//
// # Terms
//
// A definition is an expression with its function. A parameter type gives a
// name such as {money} to a pattern and a Go type. [Definitions] is the
// compiled, immutable set of both; it is made once with [Compile] and shared.
//
// # How to register
//
// Editors find definitions in the source text, so the expression is a literal,
// the call is a method call, and both stand in a named function:
//
//	type steps struct{ world World }
//
//	func (s *steps) define(r *gherkin.Registrar) {
//		gherkin.Parameter(r, "money", `[A-Z]{3} -?\d+\.\d\d`, parseMoney)
//		s.accounts(r)
//	}
//
//	func (s *steps) accounts(r *gherkin.Registrar) {
//		r.Given("an account {string} with {money}", s.open)
//		r.Then("the balance of {string} is {money}", s.balance)
//	}
//
// # Two passes over one function
//
// Compile calls define once with no scenario: it collects parameter types and
// definitions, compiles the expressions, and compares every function's
// arguments with what its expression yields. Each mistake is reported with the
// file and line of its registration.
//
// [Definitions.Bind] calls define again for each scenario, now on that
// scenario's own world. It compiles nothing; it only takes the functions, which
// are bound to that world, and hands them to godog. Both passes must therefore
// register the same things in the same order.
//
//	Compile(define) ---> Definitions ---> Bind(sc, define of scenario 1's world)
//	 once per process     immutable  \--> Bind(sc, define of scenario 2's world)
//
// # Hooks and reports
//
// Hooks that are registered with [Registrar.Before] and [Registrar.After] have a
// name, a tag expression and a place, run to a fixed rule, and are told apart in
// reports, which godog's own are not. What a step or hook leaves with [Attach]
// and [Logf] goes to the [Recorder] of whoever drives the scenario.
//
// # Matching
//
// A definition is chosen by its text alone. Given, When, Then and Step differ
// for the reader and in [Definitions.Steps], as in the other Cucumbers, not in
// what they match.
package gherkin
