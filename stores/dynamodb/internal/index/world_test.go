package index

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	streamstypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/fakestream"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// world is a table of events, its stream, and an index table.
type world struct {
	events  *table.Table
	lying   *faketable.Table // what events stands on
	stream  *fakestream.Stream
	backing *faketable.Table // of the index
	index   *table.Table
	hours   int // that have passed in age
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{stream: fakestream.New(), backing: faketable.New()}
	events := faketable.New()
	events.Changed = func(event string, item faketable.Item) {
		w.stream.Put(item["p"].(*types.AttributeValueMemberS).Value, streamRecord(event, item))
	}
	w.lying = events
	w.events = mustTable(t, events, table.Config{MaxEvents: 3})
	w.index = mustTable(t, w.backing, TableConfig())
	return w
}

// streamRecord is the record that a write leaves, as far as anyone looks at it.
func streamRecord(event string, item faketable.Item) streamstypes.Record {
	convert := func(v types.AttributeValue) streamstypes.AttributeValue {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			return &streamstypes.AttributeValueMemberS{Value: v.Value}
		case *types.AttributeValueMemberN:
			return &streamstypes.AttributeValueMemberN{Value: v.Value}
		case *types.AttributeValueMemberL:
			list := &streamstypes.AttributeValueMemberL{}
			for _, e := range v.Value {
				switch e := e.(type) {
				case *types.AttributeValueMemberS:
					list.Value = append(list.Value, &streamstypes.AttributeValueMemberS{Value: e.Value})
				case *types.AttributeValueMemberM:
					at := &streamstypes.AttributeValueMemberS{Value: e.Value["t"].(*types.AttributeValueMemberS).Value}
					list.Value = append(list.Value, &streamstypes.AttributeValueMemberM{Value: map[string]streamstypes.AttributeValue{"t": at}})
				}
			}
			return list
		}
		return nil
	}
	data := &streamstypes.StreamRecord{
		Keys: map[string]streamstypes.AttributeValue{"p": convert(item["p"]), "i": convert(item["i"])}, NewImage: map[string]streamstypes.AttributeValue{},
		StreamViewType: streamstypes.StreamViewTypeNewImage, ApproximateCreationDateTime: aws.Time(time.Now().Truncate(time.Second)),
	}
	for _, name := range []string{"n", "a", "c", "e"} {
		if v := convert(item[name]); v != nil {
			data.NewImage[name] = v
		}
	}
	return streamstypes.Record{EventName: streamstypes.OperationType(event), Dynamodb: data}
}

// append writes count events to a stream of the table of events.
func (w *world) append(t testing.TB, stream es.StreamName, count int) {
	t.Helper()
	tip, err := w.events.Tip(t.Context(), table.NoTip(stream), true)
	check.Must(t, err)
	var events []table.Event
	for i := range count {
		events = append(events, newEvent(fmt.Sprint("T", tip.Version()+es.Version(i)), table.Body{}))
	}
	check.Must(t, check.Error(w.events.Append(t.Context(), tip, table.Write{Events: events})))
}

// put sets a stream back to an earlier version, without a record of it.
func (w *world) put(t testing.TB, stream es.StreamName, version int) error {
	t.Helper()
	changed := w.lying.Changed
	w.lying.Changed = nil
	defer func() { w.lying.Changed = changed }()
	w.lying.Remove(stream.String(), -1)
	var events []table.Event
	for i := range version {
		events = append(events, newEvent(fmt.Sprint("T", i), table.Body{}))
	}
	_, err := w.events.Append(t.Context(), table.NoTip(stream), table.Write{Events: events})
	return err
}

// process is an indexer that can be told to stop, or killed.
type process struct {
	*Indexer
	stop context.CancelFunc
	dead *atomic.Bool
	done chan error
}

// mortal is the network of a process.
type mortal struct {
	*faketable.Table
	dead *atomic.Bool
}

var errDead = errors.New("the process is dead")

func (m mortal) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Table.PutItem(ctx, in, o...)
}

func (m mortal) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Table.UpdateItem(ctx, in, o...)
}

func (w *world) start(t testing.TB, config IndexerConfig) *process {
	t.Helper()
	config.Complete = true
	p := &process{dead: &atomic.Bool{}, done: make(chan error, 1)}
	var err error
	p.Indexer, err = NewIndexer(w.stream, fakestream.ARN, w.events, mustTable(t, mortal{w.backing, p.dead}, TableConfig()), config)
	check.Must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	p.stop = stop
	go func() { p.done <- p.Run(ctx) }()
	return p
}

// failed waits for a process to end by itself, and returns why it did.
func (p *process) failed(t testing.TB) error {
	t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(time.Hour): // in a bubble
		p.stop()
		t.Fatalf("the indexer goes on, want that it ends; when it was told to, it said %v", <-p.done)
		return nil
	}
}

// end stops a process in order and returns what Run returned.
func (p *process) end() error {
	p.stop()
	return <-p.done
}

// kill ends a process without a last word to the table.
func (p *process) kill(t testing.TB) {
	t.Helper()
	p.dead.Store(true)
	p.stop()
	err := <-p.done
	if err != nil && !errors.Is(err, errDead) {
		t.Errorf("got %v from a process that was killed, want nothing, or its death", err)
	}
}

func (w *world) source(t testing.TB, categories ...string) *Source {
	t.Helper()
	source, err := NewSource(w.index, SourceConfig{BatchSize: 7}, categories...)
	check.Must(t, err)
	return source
}

// follow reads the feed until all events came, in order, and returns how many
// came again.
func follow(t testing.TB, source feed.Source, want map[es.StreamName]es.Version) (again int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour) // in a bubble
	defer cancel()
	next := map[es.StreamName]es.Version{}
	missing := 0
	for _, n := range want {
		missing += int(n)
	}
	for from := feed.Position(0); missing > 0; {
		batch, err := source.Read(t.Context(), "0", from)
		check.Must(t, err)
		for _, d := range batch.Events {
			switch at := next[d.Stream]; {
			case d.Event.Index < at:
				again++
				continue
			case d.Event.Index > at:
				t.Fatalf("got event %d of %s, want %d first", d.Event.Index, d.Stream, at)
			}
			if want := fmt.Sprint("T", d.Event.Index); d.Event.Type != want {
				t.Errorf("event %d of %s: got type %s, want %s", d.Event.Index, d.Stream, d.Event.Type, want)
			}
			next[d.Stream]++
			missing--
		}
		if from = batch.Next; batch.Tail {
			check.Mustf(t, pause.For(ctx, 100*time.Millisecond), "%d events did not come", missing)
		}
	}
	return again
}
