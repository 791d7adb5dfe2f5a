package harness

import (
	"context"
	"fmt"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/proxy"
)

// goThroughProxy has the reactors of this process use the store through a proxy,
// if the faults of the run are to cut their connections. Scenarios do not go through
// it: whoever writes there has no second try.
func (h *Harness) goThroughProxy(ctx context.Context) error {
	h.through = h.site.Backend
	if !h.options.Faults.Has(faults.Cut) || h.site.Open == nil || h.options.Processes > 0 {
		return nil
	}
	fail := func(err error) error {
		return fmt.Errorf("put a proxy in front of the store, to cut connections: %w", err)
	}
	_, target, err := proxy.Redirect(h.site.Address, "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	between, err := proxy.Listen(context.WithoutCancel(ctx), target, proxy.Config{})
	if err != nil {
		return fail(err)
	}
	h.closers = append(h.closers, func() error { between.Close(); return nil })
	redirected, _, err := proxy.Redirect(h.site.Address, between.Addr())
	if err != nil {
		return fail(err)
	}
	if h.through, err = h.site.Open(ctx, redirected); err != nil {
		return fail(err)
	}
	h.closers = append(h.closers, func() error { h.through.Close(); return nil })
	h.cut = func() { between.Cut() }
	return nil
}
