package demo

import (
	"context"
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
)

// asPlanned is the rule that a run comes out as it was planned. The other rules
// are those of any hotel's books.
const asPlanned audit.Rule = "plan"

// comparison is of a plan with what the store has.
type comparison struct {
	groups *groupcheckout.Service
	stays  *gueststay.Service
	report Report
	found  []audit.Violation
}

func (c *comparison) violate(places []audit.Place, format string, args ...any) {
	c.found = append(c.found, audit.Violation{Rule: asPlanned, Places: places, Sentence: fmt.Sprintf(format, args...)})
}

func in(stream es.StreamName) []audit.Place { return []audit.Place{{Stream: stream}} }

// auditPlan reads every stay and every group of a plan from the store, without
// a cache, proves their books and compares them with the plan. The error is an
// [*audit.UnbalancedError], or that of a read.
func auditPlan(ctx context.Context, store es.Store, p plan) (Report, error) {
	c := &comparison{
		groups: groupcheckout.NewService(store, es.Options{}),
		stays:  gueststay.NewService(store, es.Options{}),
		report: Report{Groups: len(p.groups), Failed: map[domain.WhyNot]int{}},
	}
	books, err := c.read(ctx, store, p)
	if err != nil {
		return c.report, fmt.Errorf("audit: %w", err)
	}
	for _, g := range p.groups {
		if err := c.compareGroup(ctx, g); err != nil {
			return c.report, fmt.Errorf("audit: %w", err)
		}
	}
	c.compareTotals(p.expected())
	if found := append(books.Violations(), c.found...); len(found) > 0 {
		return c.report, &audit.UnbalancedError{Violations: found}
	}
	return c.report, nil
}

// read enters all streams of a plan in books and notes what they come to.
// Nobody writes to the streams any more.
func (c *comparison) read(ctx context.Context, store es.Reader, p plan) (*audit.Books, error) {
	books := audit.NewBooks()
	var streams []es.StreamName
	for _, g := range p.groups {
		streams = append(streams, c.groups.Stream(g.id))
	}
	for _, s := range p.stays {
		streams = append(streams, c.stays.Stream(s.id))
	}
	for _, stream := range streams {
		if err := books.Load(ctx, store, stream); err != nil {
			return nil, err
		}
	}
	sums := books.Summary()
	c.report.Confirmed, c.report.Merged, c.report.Moved, c.report.Paid = sums.Confirmed, sums.Merged, sums.Moved, sums.Paid
	return books, nil
}

// compareGroup makes sure that a group has ended, with an outcome for every
// stay that was planned for it.
func (c *comparison) compareGroup(ctx context.Context, g group) error {
	stream := c.groups.Stream(g.id)
	state, err := c.groups.Read(ctx, g.id)
	if err != nil {
		return err
	}
	if !state.Confirmed() {
		c.violate(in(stream), "%s is not confirmed", stream)
	}
	for _, selection := range g.selections {
		for _, id := range selection {
			switch status := state.Status(id); status {
			case groupcheckout.Merged:
			case groupcheckout.Failed:
				failure, told := state.Failure(id)
				if !told {
					c.violate(in(stream), "%s of %s could not be merged, and the record does not say why", c.stays.Stream(id), stream)
				}
				c.report.Failed[failure.WhyNot]++
			case groupcheckout.Unselected, groupcheckout.Pending:
				c.violate(in(stream), "%s of %s has no outcome, it is %s", c.stays.Stream(id), stream, status)
			}
		}
	}
	return nil
}

// compareTotals compares the sums with those of the plan.
func (c *comparison) compareTotals(e expected) {
	if c.report.Merged != e.merged {
		c.violate(nil, "%s merged, planned: %d", plural.Of(c.report.Merged, "stay"), e.merged)
	}
	for _, reason := range domain.WhyNots() {
		if c.report.Failed[reason] != e.failed[reason] {
			c.violate(nil, "%s not merged because %s, planned: %d", plural.Of(c.report.Failed[reason], "stay"), reason, e.failed[reason])
		}
	}
	if !c.report.Moved.Equal(e.moved) {
		c.violate(nil, "%s was moved to groups, the stays owed %s", c.report.Moved, e.moved)
	}
	if !c.report.Paid.Equal(c.report.Moved) {
		c.violate(nil, "%s was paid for groups, %s was moved to them", c.report.Paid, c.report.Moved)
	}
}
