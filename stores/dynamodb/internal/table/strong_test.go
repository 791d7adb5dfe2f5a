package table

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
)

// A global table of strong consistency takes no transactions. A stream that has to give
// events away from its tip then says so, and is left as it was; shorter ones work.
func TestATableThatTakesNoTransactions(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	fake.Strong = true
	tab, err := New(fake, "strong", Config{MaxEvents: 2})
	check.Must(t, err)
	stream := newStream(t)
	tip := mustAppend(t, tab, NoTip(stream), Write{Events: numbered(0, 2)})
	_, err = tab.Append(t.Context(), tip, Write{Events: numbered(2, 1)})
	if _, ok := errors.AsType[smithy.APIError](err); err == nil || !ok || !strings.Contains(err.Error(), stream.String()) || !strings.Contains(err.Error(), "the table takes no transactions") {
		t.Errorf("got error %v, want one that names the stream and says what the table is", err)
	}
	if got := mustLoad(t, tab, stream, 0); got.Tip.Version() != 2 || len(got.Events) != 2 {
		t.Errorf("got %d events at version %d, want the two that were there", len(got.Events), got.Tip.Version())
	}
}
