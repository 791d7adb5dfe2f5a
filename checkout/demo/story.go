package demo

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// story is one group, small enough to follow: two guests who owe something, one who has
// left already, and a stay that nobody knows.
func story() plan {
	stays := []stay{
		{kind: owing, charges: []domain.Money{domain.MoneyOfCents(120_00), domain.MoneyOfCents(18_50)}},
		{kind: owing, charges: []domain.Money{domain.MoneyOfCents(95_00)}, paid: domain.MoneyOfCents(40_00)},
		{kind: checkedOut, charges: []domain.Money{domain.MoneyOfCents(60_00)}, paid: domain.MoneyOfCents(60_00)},
		{kind: unknown},
	}
	p := plan{groups: []group{{id: domain.GroupID(uuid.New()), selections: [][]domain.StayID{nil}}}}
	for _, s := range stays {
		s.id = domain.StayID(uuid.New())
		p.stays = append(p.stays, s)
		p.groups[0].selections[0] = append(p.groups[0].selections[0], s.id)
	}
	return p
}

// teller tells what happens to the streams of one plan.
type teller struct {
	names *names
	mu    sync.Mutex
	told  []Happening // since somebody asked
}

// appended hears of what was written.
func (t *teller) appended(ctx context.Context, stream es.StreamName, events []es.EventData) {
	_, reacting := reactor.Handled(ctx)
	for _, event := range events {
		for _, text := range t.names.say(stream, event) {
			t.mu.Lock()
			t.told = append(t.told, Happening{time.Now(), reacting, t.names.called(stream), text})
			t.mu.Unlock()
		}
	}
}

func (t *teller) tell(ctx context.Context, to func(context.Context, Happening)) {
	t.mu.Lock()
	told := t.told
	t.told = nil
	t.mu.Unlock()
	for _, happening := range told {
		to(ctx, happening)
	}
}

// tellStory checks the group of a story in and out, and tells each event.
func tellStory(ctx context.Context, c *clerk, p plan, names *names, to func(context.Context, Happening)) error {
	t := &teller{names: names}
	c.ledger.listen(t.appended)
	defer c.ledger.listen(nil)
	for _, s := range p.stays {
		if err := c.receive(ctx, s); err != nil {
			return err
		}
		t.tell(ctx, to)
	}
	g := p.groups[0]
	if err := c.selectStays(ctx, g); err != nil {
		return err
	}
	balance, err := c.awaitMerges(ctx, g.id)
	if err != nil {
		return err
	}
	t.tell(ctx, to)
	err = c.settle(ctx, g, balance)
	t.tell(ctx, to)
	return err
}
