package suite_test

import "testing"

// TestTheExampleRuns keeps the example of Run true.
func TestTheExampleRuns(t *testing.T) {
	t.Parallel()
	testLending(t)
}
