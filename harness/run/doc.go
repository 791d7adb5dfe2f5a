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
//
// # Flags
//
// go test then takes flags of ours besides its own, and "go test . -args -h" says
// what each means:
//
//	-store, -provision                    where scenarios run
//	-time, -limit                         which clock they see, and how long they may take
//	-tagged, -only                        which of them
//	-reverse, -seed                       in which order, with -shuffle=on
//	-faults, -seed                        what goes wrong meanwhile
//	-retries, -retry-tagged, -flaky-budget
//	-messages, -junit, -summary           what is written down
//	-steps                                a list of all steps with their uses, and no run
//
// # Tags
//
// These tags mean the same in every project:
//
//	@own-reactor              the scenario has a reactor of its own, which it may stop
//	@virtual-time             time passes in it, so it runs with -time virtual only
//	@skip-on-<store>:<why>    that store cannot run it, with dashes for blanks in why
package run
