// Package suite runs feature files under go test, one subtest a scenario, with
// verdicts that can be believed.
//
// # The tree
//
// [Run] makes a subtest for the run, and beneath it one for each feature, rule,
// scenario and row of a scenario outline:
//
//	TestFeatures/memory/Lending/A_book_has_one_reader/The_last_copy
//	TestFeatures/memory/Lending/A_book_has_one_reader/Several_copies/2:_3,_EUR_20.00
//
// As many scenarios run at once as -parallel says, and they start in the order of
// the tree: that of the files, unless it is shuffled. -run selects at every level;
// [Config].Only selects by path:line. Run itself returns when all have ended.
//
// # Verdicts
//
//   - A scenario passes only if it has steps and each of them ran and passed.
//   - Undefined, pending and ambiguous steps fail, and so does a scenario
//     without steps, an outline without rows, and a selection without scenarios.
//   - A skip, by [Config].Unsupported, a hook or a step, is a SKIP of go test
//     with its reason, never a pass. It needs every joined error to be a skip: a
//     failure beside it fails.
//   - Nothing counts after a step or hook that skips the scenario, not even a step
//     that is undefined.
//   - A scenario that fails and passes when it is tried again, which it is only
//     where [Config].Retries says so, is flaky: no pass and no failure. The
//     summary, reports and text say so, with each attempt. go test knows no such
//     verdict and shows a SKIP whose reason begins with FLAKY; without -v it shows
//     nothing, so print the [Summary]. More than [Config].FlakyBudget fail the run.
//   - A panic, in a step or a hook, fails its scenario with the stack and no other.
//   - So does a scenario that outlives its time limit. Its context ends at the
//     limit. A step that goes on all the same cannot be stopped: after a short
//     grace its scenario fails with the goroutine's stack, the goroutine is left
//     behind, and the world is closed beneath it.
//
// # One godog suite a scenario
//
// A file is made plain text and parsed once, by [Load]: whatever runs, is selected,
// linted or reported is what that parse found. Each scenario is run by a godog suite of
// its own, whose file has nothing but as many steps, in whose place the scenario's own
// are put before the first hook. So a row of thousands costs no more than a scenario of
// its own, and nothing of one scenario, not its output and not its panic, reaches
// another. What happened is taken from godog's hooks; its formatter is silent.
//
//	Load: parse once, select by tags
//	  -> t.Run tree -> World -> Bind -> godog, in a goroutine -> Close -> verdict
//
// A [Reporter] is told of the plan, of each attempt and of the end, and writes it
// down; package report has two. Hooks of a run, which are
// those of [Config].Before and After, are part of its verdict and of its reports.
//
// The hooks that World binds run within the recording ones, in godog's order.
// godog runs the After hooks of a scenario at its first failing step, before the
// rest is marked as skipped.
//
// # What not to do in a step
//
// godog.Log and the methods of godog.T write to standard output, between the
// lines of other scenarios: use gherkin.Logf, and return errors. A step runs
// outside the goroutine of the test, so it must not call FailNow of a testing.T;
// if it does, the scenario fails and says so.
package suite
