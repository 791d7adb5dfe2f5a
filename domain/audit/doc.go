// Package audit proves the books of a whole hotel: of all stays and all group
// checkouts of a store. It reads stored events and keeps accounts of its own,
// beside the folds of the aggregates, so that it also finds what a mistake in
// a fold would hide. Only the codecs are shared. A new rule goes into violation.go,
// and to the account that can tell: stay.go, group.go, or conclude.go for what the
// two say of each other.
//
// Feed [Books] every event, of each stream in stream order and of the streams
// in any interleaving, then ask for the [Books.Violations].
//
// # Between the stay and the group
//
// The process writes a transfer to the stay first and the outcome to the group
// behind it, and it may be stopped in between. So of a stay and its group these
// are legal, one after the other:
//
//	stay          group      meaning
//	open          -          nothing was asked for
//	open          pending    the group waits for the reactor
//	transferred   pending    in flight: the next run of the process records it
//	transferred   merged     settled; the residual is the one of the transfer
//	refused       pending    in flight, as above
//	refused       failed     settled; nothing moves
//
// A stay that is transferred to a group which never selected it, or which says
// that it failed, is a violation, and so is a group's residual of a stay that
// was not transferred to that group. A stay that failed may be in any other
// state: checked out, with another group, and open too, because a guest may
// arrive after the group asked; then the stay has a refusal of that group.
//
// # Books that others write to meanwhile
//
// Streams cannot be read all at one moment. What one event proves stays proven,
// since events do not change; what is concluded from something that is not
// there, such as a residual without its transfer, may only have been read too
// early. [Books.Settle] reads the streams of such conclusions again, from the
// leader: an event that has to come before another one is there if the other
// one was seen before the read began. What is still missing then is missing.
//
// # Damaged streams
//
// Behind an event whose body cannot be read, and behind a gap, sums and lists
// are not to be trusted. The damage is a violation; nothing is concluded from
// what such a stream lacks.
package audit
