// Package report writes a run down: as Cucumber Messages for other reports to be
// made of, and as JUnit XML, which most CI services read. Both are reporters for
// the Config of package suite.
//
// # Messages
//
// One JSON object a line, by the protocol that the other Cucumbers use. While the
// run goes on, [Messages] appends what becomes known: first everything that is
// known before the first scenario, then each attempt as it ends. At the end it
// writes the whole again in the order of the plan, with testRunFinished as the
// last line, to a file beside it, which then takes the name. So
//
//   - a file with testRunFinished is whole, and two runs of the same scenarios
//     differ only in times, however many ran side by side;
//   - a file without it is of a run that was ended from outside, and shows how
//     far it had come.
//
// What is in it:
//
//	meta, source, gherkinDocument, pickle
//	hook, parameterType, stepDefinition, in the order of registration
//	undefinedParameterType
//	testRunStarted, attachment, testRunHookStarted and -Finished
//	testCase, for the scenarios that ran or were skipped
//	testCaseStarted, testStepStarted, attachment, suggestion, testStepFinished, testCaseFinished
//	testRunHookStarted and -Finished, testRunFinished
//
// The protocol has no place for what a run was on, and for the way that was
// brought up: meta has them as the name and version of the implementation, and an
// attachment of the run has them, as store and how, with the other properties of
// [Config], as a JSON object of texts.
//
// What goes wrong outside a step and a registered hook, such as in making a
// scenario's world, is the result of a hook named "the harness", which only such
// scenarios have.
//
// Ids are made of the places of things and are the same in each run.
//
// # JUnit
//
//	<testsuites name="memory">
//	  <testsuite name="Lending">                                a feature
//	    <testcase classname="Lending › A book has one reader"   feature and rule
//	              name="The last copy">                         scenario, or row of an outline
//
// There is one testcase for each scenario and row, with what became of the last
// attempt. It is a plain one if the scenario passed, has <failure> if it failed,
// was undefined, pending, ambiguous or empty, and <skipped> with the reason if it
// was skipped; nothing else means any of these, since readers take any <error>
// for a failure.
//
// Earlier attempts are kept as Surefire does, with the text of each: as
// <flakyFailure> beside a last one that passed, which also has the property flaky
// and is counted as flakes, and as <rerunFailure> beside one that did not.
//
// Hooks of the run that did not pass, and what is wrong with the run as a whole,
// are failed testcases of a testsuite of their own, so that a run without
// scenarios does not look like a success.
package report
