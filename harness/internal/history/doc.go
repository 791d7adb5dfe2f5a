// Package history keeps what was asked of streams and what was answered, and judges
// whether it can have been so.
//
// A [Recorder] is told of each operation by the deciders themselves (es.Recorder): its
// start, its end and its answer, on a clock that only counts. [Judge] asks whether all
// answers about a stream could have been given one after the other: whether each
// operation has a moment between its start and its end at which its answer was right.
//
// # How it is judged
//
// What the stream holds in the end is the order of all that was written, so the state of
// the model is just a version: how many of these events are there. An operation is
// asked again what it would answer at that version (es.Operation.Alone), by the
// aggregate's own fold and decision, with no store, no cache and nobody beside it.
//
//   - What is done has to have answered the same, and to have written just the events
//     that come next, which brings the stream to the version after them.
//   - What was refused has to be refused there for the same reason.
//   - What has failed from beneath has written nothing.
//   - Of what nobody knows it may have been done or not, then or later.
//   - A query has to have answered with that version, and the state that it stands for.
//   - An event that no operation here has tried to write is somebody else's, such as a
//     reactor's in another process, and comes in its place at any time.
//
// In the end every event has to be accounted for. Porcupine looks for an order; if
// there is none, the [NoOrderError] says what has no place in it, and can be drawn.
//
// A query that accepts a replica or a state at hand may be old. Where the store has none
// that lags, it is judged like the others; elsewhere only that it showed a state of the
// stream that was there by its end.
package history
