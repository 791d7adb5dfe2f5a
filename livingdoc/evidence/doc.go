// Package evidence is the form in which a run says what really happened in a
// scenario. The harness leaves it in the run's Cucumber Messages as attachments
// of the scenario's attempt, and whoever makes documentation of the run reads it
// there. It holds nothing of any domain: what an event or an amount means to a
// reader comes as a text from those who know.
//
// There are three kinds of attachments, each a JSON object, told apart by their
// media types: [Events], [Waits] and [Statements]. An attempt has at most one of
// each. A field that is unknown to a reader is to be passed over, so that a newer
// run can be read by an older program.
package evidence
