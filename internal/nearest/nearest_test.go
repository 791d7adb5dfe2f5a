package nearest

import "testing"

func TestASlipOfThePenIsFound(t *testing.T) {
	t.Parallel()
	commands := []string{"run", "init", "checkpoint", "demo", "version"}
	for name, want := range map[string]string{
		"dmeo": "demo", "DEMO": "demo", "rnu": "run", "chekpoint": "checkpoint", "start": "", "x": "", "": "",
	} {
		if got, found := Of(name, commands); found != (want != "") || found && got != want {
			t.Errorf("%q: got %q (%v), want %q", name, got, found, want)
		}
	}
	if got, found := Of("demo", nil); found {
		t.Errorf("got %q of no names, want none", got)
	}
}
