package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

func feeds() []leaf {
	return []leaf{
		{"the id and the tranches of a feed stay the same", feedsHaveIdentity},
		{"a read from position 0 begins before everything", feedsFromBeginning},
		{"every event is delivered once and in the order of its stream, whatever the batch size", feedsEveryEvent},
		{"nothing is skipped while eight writers are busy", feedsBesideWriters},
		{"only the categories that were asked for are delivered", feedsOnlyCategories},
		{"reading again from an earlier position gives the same events again", feedsAgain},
		{"what is delivered is what a read of the stream gives", feedsWhatIsStored},
		{"what was refused is not delivered", feedsNothingRefused},
	}
}

// appendSome writes streams of a category in turns, in appends of one to four
// events, and returns what it wrote.
func appendSome(t testing.TB, f Fixture, category string, streams, rounds int) appended {
	t.Helper()
	all := appended{}
	for round := range rounds {
		for i := range streams {
			stream := streamOf(category, fmt.Sprint("s", i))
			events := NewEvents(1 + (round+i)%4)
			mustAppend(t, f.Store, stream, es.Version(len(all[stream])), events...)
			all[stream] = append(all[stream], events...)
		}
	}
	return all
}

func feedsHaveIdentity(t testing.TB, f Fixture) {
	categories := []string{UniqueCategory(), UniqueCategory()}
	first, second := f.source(t, 10, categories...), f.source(t, 10, categories...)
	if first.ID() == "" || first.ID() != second.ID() {
		t.Errorf("got the ids %q and %q, want one that is not empty", first.ID(), second.ID())
	}
	var lists [][]feed.Tranche
	for _, source := range []feed.Source{first, first, second} {
		tranches, err := source.Tranches(patient(t))
		check.Must(t, err)
		lists = append(lists, tranches)
	}
	for _, again := range lists[1:] {
		if diff := cmp.Diff(lists[0], again); diff != "" {
			t.Errorf("tranches (-first +again):\n%s", diff)
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(lists[0])))
	if len(distinct) == 0 || len(distinct) != len(lists[0]) {
		t.Errorf("got the tranches %q, want at least one and none twice", lists[0])
	}
}

func feedsFromBeginning(t testing.TB, f Fixture) {
	category := UniqueCategory()
	all := appendSome(t, f, category, 2, 3)
	follower := mustFollow(t, f, 1000, category)
	for tranche := range follower.at {
		follower.at[tranche] = 0
	}
	mustAwait(t, follower, all)
}

func feedsEveryEvent(t testing.TB, f Fixture) {
	category := UniqueCategory()
	var followers []*follower
	for _, batchSize := range []int{1, 2, 7, 1000} {
		followers = append(followers, mustFollow(t, f, batchSize, category))
	}
	all := appendSome(t, f, category, 5, 4)
	for _, follower := range followers {
		mustAwait(t, follower, all)
		if got, want := len(follower.delivered), all.count(); got != want {
			t.Errorf("got %d deliveries, want one for each of %d events", got, want)
		}
	}
}

func feedsBesideWriters(t testing.TB, f Fixture) {
	const writers, rounds = 8, 24
	category := UniqueCategory()
	all := appended{}
	for i := range writers {
		all[streamOf(category, fmt.Sprint("writer", i))] = NewEvents(2 * rounds)
	}
	followers := []*follower{mustFollow(t, f, 1, category), mustFollow(t, f, 7, category), mustFollow(t, f, 1000, category)}

	ctx := patient(t)
	errs := make(chan error, len(all)+len(followers))
	var wg sync.WaitGroup
	for stream, events := range all {
		wg.Go(func() {
			var version es.Version
			var err error
			for round := 0; round < rounds && err == nil; round++ {
				size := es.Version(1 + 2*(round%2)) // one event, then three, then one again
				version, err = appendAll(ctx, f.Store, stream, version, events[version:version+size])
			}
			errs <- err
		})
	}
	for _, follower := range followers {
		wg.Go(func() { errs <- follower.await(ctx, all) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		check.OK(t, err)
	}
}

// feedsOnlyCategories relies on the follower to object to a stream that it does
// not expect. The events that it does expect are the last ones.
func feedsOnlyCategories(t testing.TB, f Fixture) {
	category, second := UniqueCategory(), UniqueCategory()
	one, two := mustFollow(t, f, 10, category), mustFollow(t, f, 10, category, second)
	for _, other := range lookalikes(category) {
		mustAppend(t, f.Store, streamOf(other, "a"), 0, NewEvents(2)...)
	}
	inFirst, inSecond := NewEvents(2), NewEvents(3)
	mustAppend(t, f.Store, streamOf(second, "a"), 0, inSecond...)
	mustAppend(t, f.Store, streamOf(category, "a"), 0, inFirst...)

	mustAwait(t, one, appended{streamOf(category, "a"): inFirst})
	mustAwait(t, two, appended{streamOf(category, "a"): inFirst, streamOf(second, "a"): inSecond})
}

func feedsAgain(t testing.TB, f Fixture) {
	category := UniqueCategory()
	start, visible := mustFollow(t, f, 3, category), mustFollow(t, f, 3, category)
	all := appendSome(t, f, category, 3, 4)
	mustAwait(t, visible, all)

	total := 0
	for tranche, from := range start.at {
		pages := mustDrain(t, start.source, tranche, from)
		for i, page := range pages {
			again := mustDrain(t, start.source, tranche, page.from)
			if diff := cmp.Diff(labels(pages[i:]), labels(again)); diff != "" {
				t.Errorf("read again from %d (-first +again):\n%s", page.from, diff)
			}
		}
		total += len(labels(pages))
	}
	check.Equal(t, "events", all.count(), total)
}

func feedsWhatIsStored(t testing.TB, f Fixture) {
	category := UniqueCategory()
	stream := streamOf(category, "a")
	follower := mustFollow(t, f, 10, category)
	events := withBodies()
	events[1].Data = []byte(`{"amount":100.50}`)
	events[2].Data, events[2].Meta = nil, nil
	mustAppend(t, f.Store, stream, 0, events...)
	mustAwait(t, follower, appended{stream: events})

	stored := mustRead(t, f.Store, stream, 0)
	for _, d := range follower.delivered {
		got, want := d.Event, stored[d.Event.Index]
		if !got.Time.IsZero() && !got.Time.Equal(want.Time) {
			t.Errorf("event %d: got time %v from the feed, want %v as in the stream", got.Index, got.Time, want.Time)
		}
		if got.ID != want.ID && got.ID != uuid.Nil {
			t.Errorf("event %d: got id %s from the feed, want %s as in the stream", got.Index, got.ID, want.ID)
		}
	}
}

// feedsNothingRefused writes good events last, so that a follower that has seen
// them has passed the place of those that were refused.
func feedsNothingRefused(t testing.TB, f Fixture) {
	category := UniqueCategory()
	stream, empty := streamOf(category, "a"), streamOf(category, "empty")
	follower := mustFollow(t, f, 10, category)
	events := NewEvents(4)
	mustAppend(t, f.Store, stream, 0, events[:2]...)
	for _, refused := range []struct {
		stream   es.StreamName
		expected es.Version
		events   []es.EventData
	}{
		{stream, 1, NewEvents(2)},
		{empty, 1, NewEvents(2)},
		{empty, 0, append(NewEvents(1), NewEvent("Bad", "{"))},
	} {
		check.Failsf(t, check.Error(f.Store.Append(patient(t), refused.stream, refused.expected, refused.events)), "append to %s at version %d", refused.stream, refused.expected)
	}
	mustAppend(t, f.Store, stream, 2, events[2:]...)
	mustAwait(t, follower, appended{stream: events})
}

// page is what one read of a tranche found.
type page struct {
	from, next feed.Position
	events     []feed.Delivery
}

// mustDrain reads a tranche up to its tail, or ends the test.
func mustDrain(t testing.TB, source feed.Source, tranche feed.Tranche, from feed.Position) []page {
	t.Helper()
	var pages []page
	for {
		batch, err := source.Read(patient(t), tranche, from)
		if err == nil {
			err = checkBatch(batch, from)
		}
		check.Mustf(t, err, "read %q from %d", tranche, from)
		if batch.Tail && len(batch.Events) == 0 {
			return pages
		}
		pages = append(pages, page{from: from, next: batch.Next, events: batch.Events})
		from = batch.Next
	}
}

// labels names the events of pages, without regard to where a page ends.
func labels(pages []page) []string {
	var labels []string
	for _, page := range pages {
		for _, d := range page.events {
			labels = append(labels, fmt.Sprintf("%s %d", d.Stream, d.Event.Index))
		}
	}
	return labels
}
