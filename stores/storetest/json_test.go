package storetest

import "testing"

func TestDiffJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		got, want string
		equal     bool
	}{
		{"", "", true},
		{`{"a":1,"b":[2,3]}`, ` {"b": [2, 3], "a": 1}`, true},
		{`"\u00e4\/"`, `"ä/"`, true},
		{`100.50`, `100.5`, false},
		{`100.50`, `100.50`, true},
		{`1234567890123456789012345678`, `1234567890123456789012345679`, false},
		{`1e2`, `100`, false},
		{"", "null", false},
		{"null", "", false},
		{"{}", "", false},
		{"{", "{}", false},
		{"{} {}", "{}", false},
		{`"1"`, `1`, false},
		{`[1,2]`, `[2,1]`, false},
		{`{"a":null}`, `{}`, false},
	} {
		diff := diffJSON([]byte(test.got), []byte(test.want))
		if (diff == "") != test.equal {
			t.Errorf("diff of %q and %q: got %q, want equal %t", test.got, test.want, diff, test.equal)
		}
	}
}
