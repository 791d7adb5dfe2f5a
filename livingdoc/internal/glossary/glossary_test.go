package glossary_test

import (
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/glossary"
)

func TestTable(t *testing.T) {
	t.Parallel()
	const page = `# Words

| day | open |
|---|---|
| Monday | no |

| Word | Meaning |
|------|---------|
| residual | the *unpaid* balance, see [stays](stays.md), in ` + "`code`" + ` |
| group checkout, or group | several stays \| one bill |
| check-in or arrival | a & b &amp; \*c |
| | no word |
| no meaning | |
| ! | no letters |

| word | means |
|---|---|
| other | table |
`
	want := []glossary.Term{
		{Word: "residual", Also: []string{}, Text: "the unpaid balance, see stays, in code", Anchor: "residual"},
		{Word: "group checkout", Also: []string{"group"}, Text: "several stays | one bill", Anchor: "group-checkout"},
		{Word: "check-in", Also: []string{"arrival"}, Text: "a & b & *c", Anchor: "check-in"},
	}
	check.Same(t, "the result", want, glossary.Table([]byte(page)))
	if got := glossary.Table([]byte("no table")); len(got) > 0 {
		t.Errorf("without a table got %v", got)
	}
}

// house is a file system with Go packages.
func house() fstest.MapFS {
	return fstest.MapFS{
		"house/money.go": {Data: []byte(`package house

// Money is an exact amount. It may be below zero, as a [credit/Note.Amount] is.
//
//	Money(1)
//
// # Kinds
//
// Of it there are
//   - one
//   - two
//
//glossary:term
type Money int

//glossary:term
type Silent int

// hidden is not exported.
//
//glossary:term
type hidden int

// Service is nothing that a reader has to know.
type Service struct{}
`)},
		"house/money_test.go": {Data: []byte("package house\n\n// Fake is for tests.\n//\n//glossary:term\ntype Fake int\n")},
		"house/stay/stay.go": {Data: []byte(`package stay

import "house"

type (
	// CheckedIn is the guest's arrival, before [CheckedOut] and with no [house.Money]
	// [paid].
	//
	//glossary:term arrival, or checking in
	CheckedIn struct{}

	// CheckedOut ends the stay.
	//
	//glossary:term
	CheckedOut struct{}
)

// URLList are addresses.
//
//glossary:term
type URLList []string
`)},
		"house/stay/testdata/x.go": {Data: []byte("this is no Go")},
		"house/empty/readme":       {},
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	got, err := glossary.Types(house(), "house")
	check.Must(t, err)
	want := []glossary.Term{
		{Word: "money", Text: "An exact amount. It may be below zero, as a amount is. Of it there are one two", Anchor: "money", Source: "house.Money"},
		{
			Word: "arrival", Also: []string{"checking in"}, Anchor: "arrival", Source: "house/stay.CheckedIn",
			Text: "The guest's arrival, before checked out and with no money [paid].",
		},
		{Word: "checked out", Text: "Ends the stay.", Anchor: "checked-out", Source: "house/stay.CheckedOut"},
		{Word: "URL list", Text: "Addresses.", Anchor: "url-list", Source: "house/stay.URLList"},
	}
	normal := func(terms []glossary.Term) []glossary.Term {
		for i := range terms {
			if len(terms[i].Also) == 0 {
				terms[i].Also = nil
			}
		}
		return terms
	}
	check.Same(t, "the result", want, normal(got))
}

func TestTypesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, folder := range map[string]string{"no folder": "nowhere", "no Go": "house/stay/testdata"} {
		if _, err := glossary.Types(house(), folder); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestMergePrefersTheFirstList(t *testing.T) {
	t.Parallel()
	table := []glossary.Term{
		{Word: "Stay", Text: "by people", Anchor: "stay"},
		{Word: "group checkout", Also: []string{"group", "stays"}, Anchor: "group-checkout"},
	}
	types := []glossary.Term{
		{Word: "stays", Text: "a plural", Anchor: "stays"},
		{Word: "group", Text: "a further word of another", Anchor: "group"},
		{Word: "group-checkout", Text: "the same anchor", Anchor: "group-checkout"},
		{Word: "balance", Anchor: "balance"},
	}
	want := []glossary.Term{
		{Word: "balance", Anchor: "balance"},
		{Word: "group checkout", Also: []string{"group"}, Anchor: "group-checkout"},
		{Word: "Stay", Text: "by people", Anchor: "stay"},
	}
	check.Same(t, "the result", want, glossary.Merge(table, types))
}
