// Package features holds the scenarios: what the hotel promises, in the words of
// its front desk, in one folder for each capability. The README.md of a folder
// introduces it. A new scenario goes below the rule that it illustrates; its phrases
// are those of package steps.
//
// Tags say what a scenario needs of the harness that runs it:
//
//	@own-reactor  stops, starts or breaks its reactor, so it needs one of its own
//	@exact        asserts that nothing more happens, so the harness has to know
//	              exactly when all work is done: with the reactor in its own
//	              process it does, on every store
//	@competing    lets several clerks work at the same moment; more than one
//	              outcome is right, and what all of them share is checked
//	@virtual-time lets hours or days pass, so it runs where time costs nothing
//	@slow         takes seconds rather than milliseconds
//
// One tag says what a scenario is:
//
//	@beyond-the-original  states a rule that the original in .NET does not keep: it
//	              merges a stay that is not on record, with 0, and records the
//	              outcomes of a group in one event, however many there are. A run
//	              of another reactor counts these apart (docs/other-reactors.md),
//	              and the site has a page of them (tags/beyond-the-original.md)
//
// A scenario that one store cannot run is tagged @skip-on-<store>:<reason>, with
// dashes for blanks in the reason. None is, so far.
package features

import "embed"

// FS holds all feature files and the README.md of each folder.
//
//go:embed README.md tags/*.md */*.feature */README.md
var FS embed.FS
