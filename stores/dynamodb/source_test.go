package dynamodb

import (
	"context"
	"testing"
	"time"

	"example.com/groupcheckout/internal/pause"
)

// TestTheFeedTellsHowOldTheFirstUnreadEventIs: the index has no times, so the stream that
// it is in tells.
func TestTheFeedTellsHowOldTheFirstUnreadEventIs(t *testing.T) {
	t.Parallel()
	config := Config{Client: shared.Client(t, nil), Table: newName()}
	if _, err := Init(within(t), config, Provision{}); err != nil {
		t.Fatal(err)
	}
	db, _ := open(t, Config{Table: config.Table})
	stream, other := newStream(t), newStream(t)
	mustAppend(t, db.Store(), other, 0, newEvents(2)...)
	mustAppend(t, db.Store(), stream, 0, newEvents(2)...)
	source, err := db.Source(stream.Category())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- db.Indexer(IndexerConfig{Poll: 20 * time.Millisecond}).Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the indexer ended: %v", err)
		}
	}()
	want := mustRead(t, db.Store(), stream, 0)[0].Time
	for {
		batch, err := source.Read(ctx, "0", 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Events) > 0 {
			break
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	lag, err := source.Lag(ctx, "0", 0)
	if err != nil || !lag.Oldest.Equal(want) {
		t.Errorf("got %+v and error %v, want the time %v of the oldest", lag, err, want)
	}
	if lag, err = source.Lag(ctx, "0", lag.End); err != nil || !lag.Oldest.IsZero() || lag.Events != 0 {
		t.Errorf("at the end: got %+v and error %v, want nothing", lag, err)
	}
}
