// Package intercept wraps a store, a feed or checkpoints with hooks that run
// before and after each call. Tests inject faults there and record what
// happened; the wrapped things know nothing of it.
//
//	caller -> Before hook -> wrapped call -> After hook -> caller
//
// A hook is a plain func and may be nil, which means that nothing happens at
// that place. An error from a Before hook is the result of the call: the
// wrapped thing is not called, and the After hook does not run. An After hook
// sees all that the wrapped call was given and returned, and what it returns
// is what the caller gets: it may replace a success by an error to simulate a
// lost reply, or change the result. To hold something back, a hook may block;
// it should then watch its context.
//
// Calls may overlap if those of the wrapped thing may, and then the hooks
// overlap too: each must be safe for that. Memory passed to a hook is the
// caller's or that of the result: a hook may replace it but not change events
// that are being appended, nor keep them beyond the call.
//
// To install several sets of hooks, wrap several times. The outermost sees a
// call first and its result last, so a recorder goes outside the faults whose
// effects it is to record.
package intercept
