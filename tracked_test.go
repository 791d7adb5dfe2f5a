package groupcheckout_test

import (
	"os/exec"
	"testing"
)

// TestNothingThatIsIgnoredIsKept asks git, where there is one: what tests leave behind
// is easily committed with everything else.
func TestNothingThatIsIgnoredIsKept(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("git", "ls-files", "--cached", "--ignored", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("this is no checkout of git: %v", err)
	}
	if len(out) > 0 {
		t.Errorf("these files are kept, and .gitignore leaves them out:\n%s", out)
	}
}
