package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/livingdoc/evidence"
)

// listedStays is how many stays of a group its account lists one by one. With the line
// for the others and a payment that is as much as a page shows, so that the lines of a
// usual account add up.
const listedStays = 8

// end is called when the scenario is over, with what made it fail.
func (d *desk) end(ctx context.Context, failure error) error {
	if failure == nil {
		failure = d.checkedEverything()
	}
	if !d.world.Recording() || ctx.Err() != nil {
		return failure
	}
	if err := d.leaveAccounts(ctx); failure == nil {
		return err // else it has failed anyway, and the accounts were to explain it
	}
	return failure
}

// leaveAccounts attaches the accounts of the scenario's groups to its report, as
// somebody would have them printed.
func (d *desk) leaveAccounts(ctx context.Context) error {
	d.mu.Lock()
	var names []group
	for name := range d.groups {
		names = append(names, name)
	}
	d.mu.Unlock()
	slices.Sort(names)
	var all evidence.Statements
	for _, name := range names {
		statement, err := d.account(ctx, name)
		if err != nil {
			return fmt.Errorf("print the account of %s: %w", name, err)
		}
		if len(statement.Lines) > 0 {
			all.Statements = append(all.Statements, statement)
		}
	}
	if len(all.Statements) == 0 {
		return nil
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	gherkin.Attach(ctx, gherkin.Attachment{MediaType: evidence.StatementsMediaType, FileName: "accounts.json", Text: string(text)})
	return nil
}

// account is what was booked for a group, in the order of booking.
func (d *desk) account(ctx context.Context, name group) (evidence.Statement, error) {
	events, err := d.eventsOfGroup(ctx, d.groupID(name))
	if err != nil {
		return evidence.Statement{}, err
	}
	state := groupcheckout.Fold(groupcheckout.State{}, events)
	statement := evidence.Statement{Title: capital(name.String()), State: stateOf(state), Balance: state.Balance().ForReaders()}
	listed, more, at, rest := 0, 0, 0, domain.MoneyOf(0)
	for _, event := range events {
		switch e := event.(type) {
		case groupcheckout.StaysMerged:
			for _, r := range e.Residuals {
				if listed++; listed > listedStays {
					if more == 0 {
						at, statement.Lines = len(statement.Lines), append(statement.Lines, evidence.Line{})
					}
					rest, more = rest.Plus(r.Residual), more+1
					continue
				}
				line, err := d.lineOf(ctx, r)
				if err != nil {
					return evidence.Statement{}, err
				}
				statement.Lines = append(statement.Lines, line)
			}
		case groupcheckout.MergesFailed:
			for _, id := range e.Stays {
				line := evidence.Line{Text: d.nameOf(id) + " could not be merged"}
				if f, told := state.Failure(id); told {
					line.Text += " because " + d.why(f)
				}
				statement.Lines = append(statement.Lines, line)
			}
		case groupcheckout.Paid:
			statement.Lines = append(statement.Lines, evidence.Line{Text: paid(e.Amount).Entry, Amount: e.Amount.Negated().ForReaders()})
		case groupcheckout.StaysSelected, groupcheckout.Confirmed: // they book nothing
		}
	}
	if more > 0 {
		statement.Lines[at] = evidence.Line{Text: plural.Thousands(more) + " more " + plural.Word(more, "stay, unpaid balance", "stays, unpaid balances"), Amount: rest.ForReaders()}
	}
	if waiting := len(state.Stays(groupcheckout.Pending)); waiting > 0 {
		statement.Note = "stays that wait to be visited: " + plural.Thousands(waiting)
	}
	return statement, nil
}

// lineOf is the line of a stay that was merged, with what its balance comes
// from.
func (d *desk) lineOf(ctx context.Context, r groupcheckout.Residual) (evidence.Line, error) {
	line := evidence.Line{Text: d.nameOf(r.Stay) + ", unpaid balance", Amount: r.Residual.ForReaders()}
	events, err := d.eventsOfStay(ctx, r.Stay)
	if err != nil {
		return line, err
	}
	for _, event := range events {
		switch e := event.(type) {
		case gueststay.Charged:
			line.Detail = append(line.Detail, evidence.Line{Text: "charge", Amount: e.Amount.ForReaders()})
		case gueststay.Paid:
			line.Detail = append(line.Detail, evidence.Line{Text: paid(e.Amount).Entry, Amount: e.Amount.Negated().ForReaders()})
		case gueststay.CheckedIn, gueststay.CheckedOut, gueststay.TransferredToGroup, gueststay.TransferRefused: // they book nothing
		}
	}
	return line, nil
}

func (d *desk) eventsOfStay(ctx context.Context, id domain.StayID) ([]gueststay.Event, error) {
	return readAll(ctx, d.world.Store(), gueststay.Codec(), d.stayService().Stream(id))
}

func (d *desk) eventsOfGroup(ctx context.Context, id domain.GroupID) ([]groupcheckout.Event, error) {
	return readAll(ctx, d.world.Store(), groupcheckout.Codec(), d.groupService().Stream(id))
}

// readAll reads a stream's events, of the types that the codec knows.
func readAll[E any](ctx context.Context, store es.Reader, codec *es.Codec[E], stream es.StreamName) ([]E, error) {
	stored, err := store.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return nil, err
	}
	var events []E
	for _, s := range stored {
		event, known, err := codec.Decode(s.Type, s.Data)
		if err != nil {
			return nil, err
		}
		if known {
			events = append(events, event)
		}
	}
	return events, nil
}

func stateOf(s groupcheckout.State) string {
	if s.Confirmed() {
		return "confirmed"
	}
	return "open"
}

// capital begins a text with a capital letter.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
