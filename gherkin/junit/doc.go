// Package junit writes a run as JUnit XML, which most CI services read.
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
package junit
