package dynamodb

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// staysOfAGroup is how many stays the group has whose requests are counted.
const staysOfAGroup = 6

// TestAGroupCheckoutCostsARequestAStayAndFive counts the requests of a whole
// group checkout: selected, each stay visited, recorded, paid and confirmed.
// The stays were checked in elsewhere, so they have to be loaded: all with one request,
// where they used to take one each. docs/dynamodb.md has both.
func TestAGroupCheckoutCostsARequestAStayAndFive(t *testing.T) {
	t.Parallel()
	elsewhere, _ := open(t, Config{})
	requests := func(alone func(es.Store) es.Store) int {
		db, transport := open(t, Config{})
		hotel := newHotel(alone(db.Store()))
		stays := arrivals(t, newHotel(elsewhere.Store()), staysOfAGroup)
		hotel.checkOut(within(t), t, stays)
		return len(transport.Taken())
	}
	before := requests(func(s es.Store) es.Store { return struct{ es.Store }{s} }) // cannot read many
	now := requests(func(s es.Store) es.Store { return s })
	if want := staysOfAGroup + 5; now != want {
		t.Errorf("got %d requests, want %d", now, want)
	}
	text, err := os.ReadFile("../../docs/dynamodb.md")
	check.Must(t, err)
	line := fmt.Sprintf("| group checkout of six stays, with its payment | %d requests | %d requests |", before, now)
	if !strings.Contains(string(text), line) {
		t.Errorf("docs/dynamodb.md lacks the line\n%s", line)
	}
}

// hotel is a front desk and a reactor that share a cache.
type hotel struct {
	stays   *gueststay.Service
	groups  *groupcheckout.Service
	process *checkout.Process
}

func newHotel(store es.Store) hotel {
	options := es.Options{Cache: es.NewCache(0, 0)}
	h := hotel{stays: gueststay.NewService(store, options), groups: groupcheckout.NewService(store, options)}
	h.process = checkout.NewProcess(h.groups, h.stays, checkout.Config{})
	return h
}

// arrivals checks guests in and charges each with 10.
func arrivals(t testing.TB, h hotel, n int) []domain.StayID {
	t.Helper()
	at, stays := domain.MomentOf(time.Now()), make([]domain.StayID, n)
	for i := range stays {
		stays[i] = domain.StayID(uuid.New())
		check.Must(t, h.stays.CheckIn(within(t), stays[i], at))
		check.Must(t, h.stays.Charge(within(t), stays[i], domain.ChargeID(uuid.New()), domain.MoneyOf(10), at))
	}
	return stays
}

// checkOut checks a group of stays out, with the reactor's call that the
// selection leads to.
func (h hotel) checkOut(ctx context.Context, t testing.TB, stays []domain.StayID) {
	t.Helper()
	group, at := domain.GroupID(uuid.New()), domain.MomentOf(time.Now())
	check.Must(t, h.groups.Select(ctx, group, stays, at))
	check.Must(t, check.Error(h.process.Handle(ctx, h.groups.Stream(group), []es.Event{{Index: 0}})))
	check.Must(t, h.groups.Pay(ctx, group, domain.PaymentID(uuid.New()), domain.MoneyOf(int64(10*len(stays))), at))
	check.Must(t, h.groups.Confirm(ctx, group, at))
}
