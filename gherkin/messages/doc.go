// Package messages writes a run down as Cucumber Messages: one JSON object a
// line, by the protocol that the other Cucumbers use, so that their reports and
// ours can be made from it.
//
// # The file
//
// While the run goes on, [Writer] appends what becomes known: first everything
// that is known before the first scenario, then each attempt as it ends. At the
// end it writes the whole again in the order of the plan, with testRunFinished
// as the last line, to a file beside it, which then takes the name. So
//
//   - a file with testRunFinished is whole, and two runs of the same scenarios
//     differ only in times, however many ran side by side;
//   - a file without it is of a run that was ended from outside, and shows how
//     far it had come.
//
// # What is in it
//
//	meta, source, gherkinDocument, pickle
//	hook, parameterType, stepDefinition, in the order of registration
//	undefinedParameterType
//	testRunStarted, attachment, testRunHookStarted and -Finished
//	testCase, for the scenarios that ran or were skipped
//	testCaseStarted, testStepStarted, attachment, suggestion, testStepFinished, testCaseFinished
//	testRunHookStarted and -Finished, testRunFinished
//
// The protocol has no place for the store that a run was on, and for the way it
// was brought up: meta has them as the name and version of the implementation,
// and an attachment of the run has them, with what else the configuration says,
// as a JSON object of texts; see [PropertiesMediaType].
//
// What goes wrong outside a step and a registered hook, such as in making a
// scenario's world, is the result of a hook named "the harness", which only such
// scenarios have.
//
// Ids are made of the places of things and are the same in each run.
package messages
