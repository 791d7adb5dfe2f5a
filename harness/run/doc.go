// Package run is everything that stands between a project's features and go
// test: flags, a store that is brought up once for all tests of a process, a
// world for each scenario, reports, and the audit and the summary in the end. A
// project says what it is, in a [Project], and its test file is this:
//
//	var features = run.New(run.Project{Folder: "lending", Features: os.DirFS("."), System: system(), Define: define})
//
//	func TestMain(m *testing.M)     { os.Exit(features.Main(m)) }
//	func TestFeatures(t *testing.T) { features.Run(t) }
//	func TestSteps(t *testing.T)    { features.Check(t) }
//	func TestExplore(t *testing.T)  { features.Explore(t) }
//
//	func TestEveryScenarioHoldsUnderEveryFault(t *testing.T) { features.Matrix(t) }
//	func TestTheSameSeedGivesTheSameRun(t *testing.T)        { features.Again(t) }
//
// The names of the tests are the project's to choose; -args -help speaks of Explore's
// and Matrix's by these.
//
// # Flags
//
// go test then takes these besides its own; "go test . -args -h" says more:
//
//	-store, -provision        where
//	-tagged, -only            which scenarios
//	-reverse, -seed           in which order, besides -shuffle
//	-time, -limit             how long it takes, and may take
//	-reactor, -reactor-signal,
//	-reactor-stop-limit       whether the reactor is in this process, or in others
//	-faults, with -seed       what goes wrong
//	-retries, -retry-tagged,
//	-flaky-budget             what becomes of those that fail
//	-explore, -matrix         how many seeds these two tests try
//	-messages, -junit,
//	-summary                  where to write it down
//	-steps                    list the steps, run nothing
//
// A failure ends with the command that repeats just that, in the same way. Flags
// that are wrong run nothing: the exit status is 2. A run with a seed prints it
// first, which go test shows with -v or when something fails.
//
// # What fails a run beside its scenarios
//
// Each run ends with an audit of what its scenarios have left behind, and a run with
// faults has to have injected some. None at all is a failure, and so is a kind that the
// store can have and that never came, if by its rate it should have, or if a whole run
// had no occasion for it. The summary says which kinds did not come. Both are hooks of the run, so
// messages, JUnit and the summary say it too. A store that cannot be taken down after
// the last run comes too late for messages and JUnit: the summary and the exit status
// say it, and that the reports do not.
//
// # Trials
//
// [Features.Explore] and [Features.Matrix] run scenarios thousands of times, each
// time on a store of its own in a bubble of virtual time, with faults that a seed
// decides; see [example.com/groupcheckout/harness/faults]. In some trials a second copy of the
// scenario runs on the same store, so that there is more than one stream in the feed. [Features.Again] sees that a seed
// decides everything: it runs each scenario twice.
//
// # Tags
//
// These tags mean the same in every project:
//
//	@own-reactor              the scenario has a reactor of its own, which it may stop
//	@virtual-time             time passes in it, so it runs with -time virtual only
//	@skip-on-<store>:<why>    that store cannot run it, with dashes for blanks in why
package run
