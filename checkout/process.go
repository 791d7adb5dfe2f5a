package checkout

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor"
)

// Process is the handler for streams of group checkouts; it implements
// reactor.Handler.
type Process struct {
	groups *groupcheckout.Service
	stays  *gueststay.Service
	config Config
}

// NewProcess makes a process that works through the given services. What config
// says of the reactor is not its matter.
func NewProcess(groups *groupcheckout.Service, stays *gueststay.Service, config Config) *Process {
	return &Process{groups, stays, config.withDefaults()}
}

// Handle merges all pending stays of a group and returns the version at which
// none was left. Every call works on the whole state: what was delivered only saves a
// read, if it follows what is known of the group without a gap.
//
// A stay that cannot be visited holds up neither the others nor their record;
// the error then names it, and the next call tries it again.
func (p *Process) Handle(ctx context.Context, stream es.StreamName, deliveries []es.Event) (es.Version, error) {
	told := deliveries[len(deliveries)-1].Index + 1
	group, err := groupcheckout.IDOf(stream)
	if err != nil {
		p.config.Log.WarnContext(ctx, "a stream of the category belongs to no group checkout and is passed over",
			"stream", stream.String(), "reason", err)
		return told, nil
	}
	if !p.config.ReadGroups {
		p.groups.Extend(group, deliveries)
	}
	state, version, err := p.groups.ReadAtLeast(ctx, group, told)
	if err != nil {
		return 0, err
	}
	if version < told { // too old to act on: a stay that it shows as pending may have failed since
		return version, nil
	}
	step := groupcheckout.Next(state)
	failed := map[domain.StayID]error{}
	for {
		merge, pending := step.(groupcheckout.MergeStays)
		if !pending {
			return version, nil
		}
		chunk := p.chunk(merge.Pending, failed)
		if len(chunk) == 0 || ctx.Err() != nil {
			return 0, p.unfinished(ctx, merge.Pending, failed)
		}
		outcomes := p.visit(ctx, group, chunk, failed)
		if len(outcomes.Merged)+len(outcomes.Failed) == 0 {
			continue
		}
		if step, version, err = p.groups.Record(ctx, group, outcomes); err != nil {
			if _, late := errors.AsType[*groupcheckout.LateMergeError](err); late {
				err = &reactor.SetAsideError{Err: err} // the next call would find nothing pending
			}
			return 0, err
		}
	}
}

// chunk is the next of the pending stays, without those that failed in this
// call.
func (p *Process) chunk(pending []domain.StayID, failed map[domain.StayID]error) []domain.StayID {
	var chunk []domain.StayID
	for _, stay := range pending {
		if _, tried := failed[stay]; !tried && len(chunk) < p.config.Chunk {
			chunk = append(chunk, stay)
		}
	}
	return chunk
}

// visit transfers stays to the group and sorts what became of them. A stay of
// which nothing can be said is added to failed.
func (p *Process) visit(ctx context.Context, group domain.GroupID, stays []domain.StayID, failed map[domain.StayID]error) groupcheckout.Outcomes {
	answers := make([]gueststay.Answer, len(stays))
	errs := make([]error, len(stays))
	for i := range errs {
		errs[i] = errGoexit // a visit that never returns is none that went well
	}
	var visits errgroup.Group
	visits.SetLimit(p.config.MergesAtOnce)
	var portions sync.WaitGroup
	for first := 0; first < len(stays); first += p.config.ReadAtOnce {
		portions.Go(func() {
			portion := stays[first:min(first+p.config.ReadAtOnce, len(stays))]
			p.load(ctx, portion)
			es.Together(ctx, &visits, len(portion), func(ctx context.Context, n int) {
				answers[first+n], errs[first+n] = p.transfer(ctx, portion[n], group)
			})
		})
	}
	portions.Wait()
	_ = visits.Wait() // each visit keeps its own error
	var outcomes groupcheckout.Outcomes
	for i, stay := range stays {
		switch answer := answers[i]; {
		case errs[i] != nil:
			failed[stay] = errs[i]
		case answer.WhyNot != "":
			outcomes.Failed = append(outcomes.Failed, groupcheckout.Failure{Stay: stay, WhyNot: answer.WhyNot, Group: answer.Group})
		default:
			outcomes.Merged = append(outcomes.Merged, groupcheckout.Residual{Stay: stay, Residual: answer.Residual})
		}
	}
	return outcomes
}

// load reads stays together that are about to be visited. What goes wrong here, even by a
// panic, the visits of those that it concerns meet again, and only they.
func (p *Process) load(ctx context.Context, stays []domain.StayID) {
	if p.config.ReadAtOnce == 1 {
		return
	}
	defer func() { _ = recover() }()
	p.stays.Load(ctx, stays)
}

// errGoexit is the error of a visit whose goroutine was ended from inside.
var errGoexit = errors.New("the visit ended its goroutine (runtime.Goexit) instead of returning")

// transfer visits one stay. A panic is an error of this visit: it happens in a
// goroutine of its own, where nobody else would catch it.
func (p *Process) transfer(ctx context.Context, stay domain.StayID, group domain.GroupID) (answer gueststay.Answer, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &reactor.PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return p.stays.TransferToGroup(ctx, stay, group, domain.MomentOf(p.config.Now()))
}

// maxNamed is how many stays the error of a call names.
const maxNamed = 10

// unfinished is the error of a call that leaves stays pending.
func (p *Process) unfinished(ctx context.Context, pending []domain.StayID, failed map[domain.StayID]error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s pending: %w", plural.Of(len(pending), "stay"), plural.Word(len(pending), "remains", "remain"), context.Cause(ctx))
	}
	var errs []error
	for _, stay := range pending { // in an order that does not vary
		err, tried := failed[stay]
		switch {
		case !tried: // its turn comes with the next call
		case len(errs) == maxNamed:
			return errors.Join(append(errs, fmt.Errorf("%d more stays remain pending", len(failed)-maxNamed))...)
		default:
			errs = append(errs, fmt.Errorf("%s remains pending: %w", p.stays.Stream(stay), err))
		}
	}
	return errors.Join(errs...)
}
