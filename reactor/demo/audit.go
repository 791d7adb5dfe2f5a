package demo

import (
	"context"
	"fmt"
	"strings"

	"groupcheckout/domain"
	"groupcheckout/domain/es"
	"groupcheckout/domain/groupcheckout"
	"groupcheckout/domain/gueststay"
)

// AuditError says that the books do not balance.
type AuditError struct{ Violations []string }

// shownViolations is how many violations an error spells out.
const shownViolations = 10

func (e *AuditError) Error() string {
	shown, more := e.Violations, ""
	if len(shown) > shownViolations {
		shown, more = shown[:shownViolations], fmt.Sprintf("; and %d more", len(e.Violations)-shownViolations)
	}
	return fmt.Sprintf("the books do not balance (%d violations): %s%s", len(e.Violations), strings.Join(shown, "; "), more)
}

// books are what an audit has found so far.
type books struct {
	store      es.Reader
	codec      *es.Codec[groupcheckout.Event]
	groups     *groupcheckout.Service
	stays      *gueststay.Service
	planned    map[domain.StayID]stay
	takers     map[domain.StayID][]domain.GroupID // the groups that say they merged the stay
	report     Report
	violations []string
}

func (b *books) violate(format string, args ...any) {
	b.violations = append(b.violations, fmt.Sprintf(format, args...))
}

// audit reads every stay and every group of a plan from the store, without a
// cache, and compares them with the plan and with each other. The error is an
// [*AuditError], or that of a read.
func audit(ctx context.Context, store es.Store, p plan) (Report, error) {
	b := &books{
		store:   store,
		codec:   groupcheckout.Codec(),
		groups:  groupcheckout.NewService(store, es.Options{}),
		stays:   gueststay.NewService(store, es.Options{}),
		planned: map[domain.StayID]stay{},
		takers:  map[domain.StayID][]domain.GroupID{},
		report:  Report{Groups: len(p.groups), Failed: map[Reason]int{}},
	}
	for _, s := range p.stays {
		b.planned[s.id] = s
	}
	for _, g := range p.groups {
		if err := b.auditGroup(ctx, g); err != nil {
			return b.report, fmt.Errorf("audit: %w", err)
		}
	}
	for _, s := range p.stays {
		if err := b.auditStay(ctx, s); err != nil {
			return b.report, fmt.Errorf("audit: %w", err)
		}
	}
	b.auditTotals(p.expected())
	if len(b.violations) > 0 {
		return b.report, &AuditError{b.violations}
	}
	return b.report, nil
}

// auditGroup makes sure that a group has ended, with an outcome for every stay
// and nothing owed.
func (b *books) auditGroup(ctx context.Context, g group) error {
	state, err := b.groups.Read(ctx, g.id)
	if err != nil {
		return err
	}
	if state.Confirmed() {
		b.report.Confirmed++
	} else {
		b.violate("group %s is not confirmed", g.id)
	}
	if !state.Balance().IsZero() {
		b.violate("group %s has a balance of %s", g.id, state.Balance())
	}
	for _, selection := range g.selections {
		for _, id := range selection {
			switch status := state.Status(id); status {
			case groupcheckout.Merged:
				b.takers[id] = append(b.takers[id], g.id)
			case groupcheckout.Failed:
				if err := b.auditFailure(ctx, g, id); err != nil {
					return err
				}
			case groupcheckout.Unselected, groupcheckout.Pending:
				b.violate("stay %s of group %s has no outcome, it is %s", id, g.id, status)
			}
		}
	}
	return b.auditEvents(ctx, g)
}

// auditEvents adds up a group's events one by one, so that an outcome that was
// recorded twice is counted twice, whatever the fold makes of it.
func (b *books) auditEvents(ctx context.Context, g group) error {
	stream := b.groups.Stream(g.id)
	stored, err := b.store.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	for _, s := range stored {
		event, known, err := b.codec.Decode(s.Type, s.Data)
		if err != nil {
			return fmt.Errorf("event %d (%s) of %s: %w", s.Index, s.Type, stream, err)
		}
		if !known {
			continue
		}
		switch event := event.(type) {
		case groupcheckout.StaysMerged:
			for _, r := range event.Residuals {
				b.report.Merged++
				b.report.Moved = b.report.Moved.Plus(r.Residual)
				if owed := b.planned[r.Stay].balance(); !r.Residual.Equal(owed) {
					b.violate("stay %s owed %s, but %s was moved to group %s", r.Stay, owed, r.Residual, g.id)
				}
			}
		case groupcheckout.Paid:
			b.report.Paid = b.report.Paid.Plus(event.Amount)
		default: // the state tells of the others
		}
	}
	return nil
}

// auditFailure finds out why a stay was not merged with a group.
func (b *books) auditFailure(ctx context.Context, g group, id domain.StayID) error {
	state, err := b.stays.Read(ctx, id)
	if err != nil {
		return err
	}
	taker, taken := state.Group()
	switch {
	case !state.Known():
		b.report.Failed[Unknown]++
	case taken && taker != g.id:
		b.report.Failed[TakenByAnother]++
	case taken:
		b.violate("stay %s failed to merge with group %s, but was transferred to it", id, g.id)
	case state.CheckedOut():
		b.report.Failed[CheckedOut]++
	default:
		b.violate("stay %s failed to merge with group %s without a reason", id, g.id)
	}
	return nil
}

// auditStay makes sure that a stay and the groups agree on who took it over.
func (b *books) auditStay(ctx context.Context, s stay) error {
	state, err := b.stays.Read(ctx, s.id)
	if err != nil {
		return err
	}
	taker, taken := state.Group()
	switch takers := b.takers[s.id]; {
	case len(takers) > 1:
		b.violate("stay %s was merged with %d groups", s.id, len(takers))
	case taken && (len(takers) == 0 || takers[0] != taker):
		b.violate("stay %s was transferred to group %s, which did not merge it", s.id, taker)
	case !taken && len(takers) == 1:
		b.violate("stay %s was merged with group %s, but not transferred to it", s.id, takers[0])
	}
	return nil
}

// auditTotals compares the sums with those of the plan.
func (b *books) auditTotals(e expected) {
	if b.report.Merged != e.merged {
		b.violate("%d stays were merged, planned were %d", b.report.Merged, e.merged)
	}
	for _, reason := range Reasons() {
		if b.report.Failed[reason] != e.failed[reason] {
			b.violate("%d stays failed because %s, planned were %d", b.report.Failed[reason], reason, e.failed[reason])
		}
	}
	if !b.report.Moved.Equal(e.moved) {
		b.violate("%s was moved to groups, the stays owed %s", b.report.Moved, e.moved)
	}
	if !b.report.Paid.Equal(b.report.Moved) {
		b.violate("%s was paid for groups, %s was moved to them", b.report.Paid, b.report.Moved)
	}
}
