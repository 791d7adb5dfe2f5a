package plural

import "testing"

func TestOneIsNotMany(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		Of(0, "call"): "0 calls", Of(1, "call"): "1 call", Of(2, "call"): "2 calls",
		Of(1, "process", "processes"): "1 process", Of(3, "process", "processes"): "3 processes", Word(1, "is", "are"): "is",
		Thousands(0): "0", Thousands(999): "999", Thousands(1000): "1,000", Thousands(-100): "-100", Thousands(1234567): "1,234,567",
		Word(2, "is", "are"): "are",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
