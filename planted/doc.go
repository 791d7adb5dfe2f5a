// Package planted holds bugs. Each is a patch against the project, NN-name.patch (or
// dynamo-NN-name.patch, about the index of DynamoDB),
// and proves that the tests can fail: with the patch applied, a command that is
// green otherwise has to be red, and its output has to lead to the bug.
//
// They are mistakes that people make when they build such a system, in the
// process, in the scheduler, in the decider and in the stores. What a user of
// the hotel would suffer is told at the head of each.
//
//	go test ./planted            checks that each patch applies and is whole
//	go test ./planted -planted   plants each bug and wants it caught; make torture
//	… -planted -planted-faults   the same with -faults all, of a few seeds; make planted-faults
//
// Some bugs are too plain for a patch: a check that does not check. Those are rows of
// a table; see below.
//
// # A patch
//
// A patch begins with these lines, followed by an empty one and the diff. A line
// that begins with a space goes on from the one before.
//
//	Bug:       what is wrong, in a sentence
//	Harm:      what that does to the hotel
//	Caught-By: go test ./features -count=1 -tagged @competing
//	Says:      a regular expression for what the output has to say
//
// The words of the command are parted by spaces, and there are no quotes. In
// the expression a dot stands for a line break too, and what two lines of the
// head are joined by is one space. To make a new patch, change the code and run:
//
//	git diff | grep -v '^index '
//
// # How a bug is planted
//
// The project itself is not touched: the patched files are handed to the
// compiler as an overlay (go test -overlay). So a patch takes the time that it
// takes to compile what depends on it, and to run one narrow command.
//
// # Sabotage
//
// A row of the table in sabotage_test.go takes away a whole function, which then
// returns at once and with no error, or one statement of it. It says which command
// has to be red then, and what it has to say. For each check that is registered with
// Then in package steps there is a row without anybody writing it.
//
// All rows are compiled at once, each behind a condition, and the variable SABOTAGE
// of the environment says which of them is on. So a row costs the time of its
// command. To run some of them:
//
//	go test ./planted -planted -v -run 'TestEverySabotageIsCaught/sabotaged/steps/names.go'
//
// # How a patch applies
//
// A patch applies wherever its lines are found, however far they have moved, if
// they are found only once; otherwise it has to be made anew.
package planted
