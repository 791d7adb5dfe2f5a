// Package messagedb keeps streams, feeds and checkpoints in Message DB, the
// message store that is a schema and a handful of functions in PostgreSQL. It
// calls those functions, or does to the table what they do where that is much faster, and
// shares a database with .NET programs built on Equinox.MessageDb and
// Propulsion.MessageDb: same rows, same checkpoints.
//
// # Terms
//
// A position of Message DB counts from zero within a stream, and the version
// that write_message expects is that of the last event: -1 for an empty
// stream. An [es.Version] is one more. The translation happens in this
// package and nowhere else. A [feed.Position] is the global position at which
// the next read starts.
//
// # Connections
//
//	write       -> leader    appends, snapshots, reads FromLeader, notifications
//	watch       -> leader    Source.End, Source.Lag, Source.History
//	read        -> replica   reads FromReplica
//	feed        -> replica   Source.Read
//	checkpoint               Checkpoints, with slots and notes
//
// Each is a pool of its own, and by default all go to the same server. Who listens for
// notifications, or settles an append, has one more connection for that. The feed
// does not share with the reads of streams, so that a reactor whose visits use
// up every connection still learns what comes next.
// On every new connection this package sets, whatever the connection string
// or the role says:
//
//   - search_path to message_store,pg_temp and nothing else. Message DB's
//     functions find each other and their table through it, so a foreign
//     schema or a temporary table in front could take a write away;
//   - the default isolation to READ COMMITTED, since under a stricter one a
//     conflict comes back as a unique violation;
//   - enable_seqscan to off where it writes and reads events, since a session that
//     starts on an empty table would otherwise keep a plan that gets slower for ever;
//   - lock_timeout to a second where it writes, so that a category that somebody keeps
//     locked keeps no connection of ours for longer at a time.
//
// These belong to the session. A pooler in between has to pool sessions, not
// transactions.
//
// # Guarantees
//
// Appends to one category that wait at the same time share a transaction, and each has
// its own outcome: see committer.go and flight.go. It is sent in one round trip, once the
// connection knows its statements, and a refusal by the server costs another, or three where
// appends share a statement. A transaction writes one
// category, and so takes one of Message DB's category locks: two of ours cannot
// deadlock. A transaction of somebody else's may involve us in a deadlock, which is
// tried again once. Nothing is installed in the database for that.
//
// When the reply to an append is lost, the append is settled by looking: see
// settle.go. What cannot be settled is an [*es.UncertainError].
//
// Within a category events become visible in the order of their global
// positions, because each append takes the category's lock, as write_message does, and
// holds it until its transaction ends. Across categories they do not, which is why each category
// is a tranche with a position of its own.
//
// What is appended through a DB wakes the feeds of the same DB, and with
// [Config.Notify] those of others: see wakes.go. A wake-up may be missed; who follows a
// feed asks at intervals all the same.
package messagedb
