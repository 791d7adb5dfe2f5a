package steps_test

import (
	"strings"
	"testing"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
)

// claim is something that is not true in a scenario.
type claim struct{ given, then, says string }

const (
	owing  = "Given stays 101 and 102 with a balance of 80.00\n"
	taken  = owing + `And stay 101 was merged into the group "Hansen wedding"` + "\n"
	chosen = "Given the clerk selects stay 105 for the group\nAnd the selected stays of the group have been visited\n"
	paused = owing + "And the visits to the stays are paused\nAnd the clerk selects stay 101 for the group\n"
	tour   = "Given a coach tour of 3 stays with a charge of 12.50 each\nAnd the clerk selects the whole coach tour for the group\n"
	both   = owing + `When at the same moment one clerk selects stays 101 and 102 for the group "Hansen wedding" and another for the group "Football club"` + "\n"
	tries  = taken + "When the clerk tries to charge 5.00 to stay 101\n"
)

// claims are for each check at least one that it has to refuse.
func claims() []claim {
	return []claim{
		// stays.go
		{owing, "the balance of stay 101 is 79.00", "got a balance of stay 101 of 80.00, want 79.00"},
		{owing, `the balance of stay 101 reads "80.0"`, `got a balance of stay 101 that reads "80.00", want "80.0"`},
		{owing, "stay 101 is checked out", "got stay 101 not checked out (balance 80.00)"},
		{"Given stay 101 was checked out", "stay 101 is not checked out", "got stay 101 checked out"},
		{taken + "And the clerk confirms the group", "stay 101 left with the group", `got stay 101 left with the group "Hansen wedding", want it left with the group`},
		{taken, `stay 102 left with the group "Hansen wedding"`, "got stay 102 left with no group"},
		{taken, "stay 101 has not left with a group", `got stay 101 left with the group "Hansen wedding", want it left with no group`},
		{chosen, "stay 105 is on record", "got no record of stay 105"},
		{owing, "stay 101 is not on record", "got a record of stay 101 (balance 80.00)"},

		// groups.go
		{chosen, "stay 105 is merged into the group", "got stay 105 not merged in the group, want it merged"},
		{taken, `stay 102 is merged into the group "Hansen wedding"`, "got stay 102 not selected"},
		{taken, `stay 101 could not be merged into the group "Hansen wedding"`, "want it not merged"},
		{chosen, "stay 105 could not be merged into the group because the guest had checked out", "got stay 105 not merged into the group because the stay was not on record, want that the guest had checked out"},
		{chosen + "And the clerk confirms the group \"Hansen wedding\"", "stay 105 could not be merged into the group because the guest had left with the group \"Hansen wedding\"", "want that the guest had left with the group \"Hansen wedding\""},
		{chosen, "the stays of the group are:\n  | stay | outcome | because |\n  | 105 | not merged | the guest had checked out |", "got stay 105 not merged because the stay was not on record, want that the guest had checked out"},
		{taken, "the stays of the group \"Hansen wedding\" are:\n  | stay | outcome | amount | because |\n  | 101 | merged | 80.00 | the guest had checked out |", "only what is not merged has a reason"},
		{taken, "the stays of the group \"Hansen wedding\" are:\n  | stay | outcome | amount |\n  | 101 | merged | 79.00 |", "got a balance moved from stay 101 of 80.00, want 79.00"},
		{taken, "the stays of the group \"Hansen wedding\" are:\n  | stay | outcome |\n  | 101 | not merged |", "got stay 101 merged, want it not merged"},
		{taken, "the stays of the group \"Hansen wedding\" are:\n  | stay | outcome |", "got stay 101 merged, want it not in the group"},
		{taken, "the stays of the group \"Hansen wedding\" are:\n  | stay | outcome |\n  | 101 | merged |", "an amount belongs to each merged stay"},
		{taken, `the balance of the group "Hansen wedding" is 0.00`, `got a balance of the group "Hansen wedding" of 80.00, want 0.00`},
		{taken, `the balance of the group "Hansen wedding" reads "80.0"`, `that reads "80.00", want "80.0"`},
		{taken, `the clerk is asked to settle 79.00 for the group "Hansen wedding"`, "got a balance to settle"},
		{taken, `nothing is owed for the group "Hansen wedding", and the clerk can confirm it`, "got a balance to settle"},
		{taken, `nothing is left to do for the group "Hansen wedding"`, "want nothing left to do"},
		{taken, `the group "Hansen wedding" is confirmed`, "not confirmed (balance 80.00)"},
		{"When the clerk confirms the group", "the group is not confirmed", "got the group confirmed"},
		{"When the clerk confirms the group", "the clerk is asked to settle 0.00 for the group", "as the next step of the group"},
		{paused, "2 stays of the group wait to be visited", "got 1 stay of the group waiting (stay 101), want 2"},
		{taken, `0 stays of the group "Hansen wedding" wait to be visited`, "certain only while the reactor is down"},

		// records.go
		{owing, "the record of stay 101 is:\n  | entry | amount |\n  | charge | 80.00 |", "got “check-in at 09:01” on the record of stay 101, want it not there"},
		{owing, "the record of stay 101 is:\n  | entry | amount |\n  | check-in | |\n  | charge | 80.00 |\n  | charge | 80.00 |", "got no more “charge 80.00” on the record of stay 101, want it there"},
		{"Given the clerk checks in stay 101 at 14:00", "the record of stay 101 is:\n  | entry | at |\n  | check-in | 14:01 |", "want it there"},
		{owing, "the record of stay 101 is:\n  | entry | amount |\n  | chargd | 80.00 |", "did you mean charge?"},
		{owing, "the record of stay 101 is:\n  | entry |\n  | charge |", "“charge”: \"charge\" comes with no stay and an amount"},
		{taken, "the record of the group \"Hansen wedding\" is:\n  | entry | stay |\n  | selected | 101 |", "got “stay 101 merged 80.00” on the record"},
		{taken, "the record of the group \"Hansen wedding\" is:\n  | entry | stay | amount |\n  | selected | 101 | |\n  | merged | 102 | 80.00 |", "got no more “stay 102 merged 80.00”"},

		// refusals.go
		{owing + "When the clerk tries to charge 0.00 to stay 101", "it is refused because an amount has to be above zero, and -1.00 is not", "got a refused amount of 0.00, want -1.00"},
		{owing + "When the clerk tries to check out stay 101", "it is refused because the balance is 79.00", "got a balance in the refusal of 80.00, want 79.00"},
		{"Given stay 101 with a balance of 79228162514264337593543950335\nWhen the clerk tries to charge 1 to stay 101", "it is refused because 2 would make the balance of 79228162514264337593543950335 too large to be kept", "got a refused amount of 1, want 2"},
		{"Given the clerk checks in stay 101 at 14:00\nWhen the clerk tries to check in stay 101 at 15:30", "it is refused because the guest had checked in at 14:01", "got a refusal that says the guest checked in at"},
		{tries, "it is refused because the guest has checked out", "got the refusal “"},
		{tries, "it is refused because the stay is not on record", "got the refusal “"},
		{owing + "When the clerk tries to pay out 5.00 to stay 101", "it is refused because 5.00 is more than the credit of 1.00", "got a credit in the refusal of 0.00, want 1.00"},
		{tries + "And the clerk takes a payment of 1.00 for the group", "it is refused because the guest has left with the group", `got a refusal that names the group "Hansen wedding", want the group`},
		{paused + "When the clerk tries to confirm the group", "it is refused because 2 stays still wait to be visited", "got a refusal that speaks of 1 stay that still waits"},
		{tries, "it is refused because the group is confirmed", "got the refusal “"},

		// competition.go
		{taken + `And the clerk confirms the group "Football club"`, `stay 101 is merged into either the group "Hansen wedding" or the group "Football club", and not into both`, `got stay 101 merged in the group "Hansen wedding" and not selected in the group "Football club"`},
		{both, `the balances of the group "Hansen wedding" and the group "Football club" come to 80.00 together`, "of 160.00, want 80.00"},
		{taken, `stay 101 brought the group "Hansen wedding" its 79.00 and the charge, unless that was refused`, "got a balance moved from stay 101 of 80.00, want 79.00"},
		{chosen, "stay 105 brought the group its 0.00 and the charge, unless that was refused", "got stay 105 not merged in the group, want it merged"},
		{chosen, "stay 105 either is checked out or left with the group, and not both", "got stay 105 checked out: false, and merged into the group: false"},

		{taken + `And the clerk takes a payment of 80.00 for the group "Hansen wedding"` + "\n" + `And the clerk confirms the group "Hansen wedding"`, `either the group "Hansen wedding" is confirmed without stay 101, or that stay is merged into it and keeps it open`, `got the group "Hansen wedding" confirmed: true, and stay 101 merged, which left with the group "Hansen wedding"`},

		{"Given the clerk takes a payment of 20.00 for the group\nWhen two clerks at the same moment try to pay out 20.00 each to the group", "one of them is refused because 20.00 is more than the credit of 1.00", "got a credit in the refusal of 0.00, want 1.00"},

		// tours.go, reactor.go
		{tour, "all 4 stays of the coach tour are merged into the group", "got 3 stays of the coach tour merged into the group, want 4"},
		{taken, `3 events of the group "Hansen wedding" are stored`, "got 2 stored events"},
		{taken, `1 event of the group "Hansen wedding" is stored`, "got 2 stored events"},
		{taken, `the system was called 2 times for the group "Hansen wedding"`, "got 1 call of the system"},
		{taken, `the system was called 0 times for the group "Hansen wedding"`, "got 1 call of the system"},
		{owing + "And the store refuses what the system writes\nAnd the clerk selects stay 101 for the group\nWhen 2 hours pass\nAnd the store accepts again what the system writes", "within 0 seconds stay 101 is merged into the group", "want it within 0s"},
		{chosen, "within 30 seconds stay 105 is merged into the group", "got stay 105 not merged in the group, want it merged"},
	}
}

// TestEachCheckRefusesWhatIsNotTrue has a claim for each check that there is.
func TestEachCheckRefusesWhatIsNotTrue(t *testing.T) {
	t.Parallel()
	claimed := map[string]bool{}
	for _, c := range claims() {
		sentence, _, _ := strings.Cut(c.then, "\n")
		matches := definitions(t).Match(sentence)
		if len(matches) != 1 {
			t.Errorf("got %d steps for the claim %q, want one", len(matches), sentence)
			continue
		}
		claimed[matches[0].Step.Expression] = true
		t.Run(strings.ReplaceAll(c.then, "\n", " "), func(t *testing.T) {
			t.Parallel()
			wantLastRefused(t, play(t, strings.TrimSpace(c.given), "Then "+c.then), c.says)
		})
	}
	for _, step := range definitions(t).Steps() {
		if step.Keyword == gherkin.Then && !claimed[step.Expression] {
			t.Errorf("the check %q (%s) was never fed with what is not true: add a claim to the table", step.Expression, step.Location)
		}
	}
}

// TestAnAttemptHasToBeCheckedByTheEnd is about how a scenario ends.
func TestAnAttemptHasToBeCheckedByTheEnd(t *testing.T) {
	t.Parallel()
	for last, want := range map[string]string{
		"When the clerk tries to check out stay 101":                                                  "no step checked the refusal of what the clerk tried",
		"When the clerk tries to charge 12.50 to stay 101":                                            "was carried out, and no step checked that",
		"When the clerk charges 12.50 to stay 101":                                                    "",
		"When the clerk tries to check out stay 101\nThen it is refused because the balance is 80.00": "",
	} {
		result := play(t, strings.TrimSpace(owing), last)
		if failed := result.Status != suite.Passed; failed != (want != "") || failed && !strings.Contains(result.Reason, want) {
			t.Errorf("%s: got %v, %q, want the reason %q", last, result.Status, result.Reason, want)
		}
	}
}

// TestNoCheckIsGiven wants scenarios to begin with what was done. A check there would
// have to hold, too, and says nothing of what the scenario is about.
func TestNoCheckIsGiven(t *testing.T) {
	t.Parallel()
	loaded, err := suite.Load(features.FS)
	check.Must(t, err)
	compiled, seen := definitions(t), 0
	for _, feature := range loaded {
		for _, scenario := range feature.Scenarios {
			for _, step := range scenario.Pickle.Steps {
				for _, match := range compiled.Match(step.Text) {
					seen++
					checks := match.Step.Keyword == gherkin.Then
					if as := string(step.Type); checks != (as == "Outcome") {
						t.Errorf("%s: the step “%s” stands as %s, but is registered by r.%s", scenario.Location(), step.Text, as, match.Step.Keyword)
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("got %d steps, want all those of the features", seen)
	}
}
