package reactor

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// Only what is certain to have ended is not waited for.
func TestAProcessThatHasEndedIsKnown(t *testing.T) {
	t.Parallel()
	own := thisProcess()
	if own == "" {
		t.Skip("this system does not tell which process this is")
	}
	command := exec.Command("sleep", "3600")
	if err := command.Start(); err != nil {
		t.Skip(err)
	}
	started, _, err := startOf(command.Process.Pid)
	check.Must(t, err)
	place := placeOfProcesses()
	other := fmt.Sprintf("%s/%d/%s", place, command.Process.Pid, started)
	if processEnded(other) {
		t.Errorf("%s runs, and is said to have ended", other)
	}
	check.Must(t, command.Process.Kill())
	for deadline := time.Now().Add(time.Minute); !processEnded(other); {
		if time.Now().After(deadline) {
			t.Fatalf("%s was killed, and is not said to have ended before its parent took note", other)
		}
	}
	_ = command.Wait() // it was killed
	if !processEnded(other) {
		t.Errorf("%s was killed, and is not said to have ended", other)
	}
	for process, want := range map[string]bool{
		own:                                    false,
		"":                                     false,
		place:                                  false,
		place + "/" + fmt.Sprint(os.Getpid()):  false,
		own + "0":                              true, // another had our number before
		place + "/x/1":                         false,
		place + "/-1/1":                        false,
		place + "/0/1":                         false,
		strings.Replace(other, place, "x", 1):  false, // elsewhere
		strings.Replace(own+"0", place, "", 1): false,
	} {
		check.Equal(t, process, want, processEnded(process))
	}
}

// Whoever joins takes at once what a member held whose process has ended, and says so to
// those that cannot know.
func TestAMemberWhoseProcessHasEndedIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	now := time.Now()
	roster := feed.Roster{
		Version: 1, Slots: []feed.Slot{{Holder: "gone", Token: 1}, {Holder: "elsewhere", Token: 1}},
		Members: []feed.Member{{Name: "elsewhere", Beat: 1, Lease: 10_000, Process: "b"}, {Name: "gone", Beat: 1, Lease: 10_000, Process: "a"}},
	}
	s := newSeat("new", 2, 10*time.Second)
	s.ended = func(process string) bool { return process == "a" }
	check.Must(t, s.see(roster, now))
	next := s.next(now, nil)
	if next.Slots[0].Holder != "new" || next.Slots[1].Holder != "elsewhere" || len(next.Members) != 2 {
		t.Errorf("got %+v, want slot 0 taken from who has ended, and slot 1 left to who may run", next)
	}
}
