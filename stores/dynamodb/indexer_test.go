package dynamodb

import (
	"errors"
	"net/http"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// An indexer goes on by itself after all but what somebody has to act on.
func TestAnIndexerEndsWhereAPersonIsNeeded(t *testing.T) {
	t.Parallel()
	denied := dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil)
	for name, test := range map[string]struct {
		operation string
		reply     dynamotest.Reply
		is        func(error) bool
	}{
		"it may not look at the table": {"DescribeTable", denied, func(err error) bool { return hasProblem(err, AccessRefused) }},
		"it may not read the lease":    {"GetItem", denied, isRefusal},
		"it may not write the lease":   {"PutItem", denied, isRefusal},
		"the table is gone": {
			"DescribeTable", dynamotest.Refuse(http.StatusBadRequest, "ResourceNotFoundException", nil),
			func(err error) bool { return hasProblem(err, MissingTable) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{Client: shared.Client(t, nil), Table: newName()}
			check.Must(t, check.Error(Init(within(t), config, Provision{})))
			db, transport := open(t, Config{Table: config.Table})
			transport.Script(test.operation, test.reply)
			err := db.Indexer(IndexerConfig{}).Run(within(t))
			if !test.is(err) || !es.NeedsPerson(err) {
				t.Errorf("got error %v, want one of its kind, for a person", err)
			}
		})
	}
}

func isRefusal(err error) bool {
	_, refused := errors.AsType[*table.AccessError](err)
	return refused
}
