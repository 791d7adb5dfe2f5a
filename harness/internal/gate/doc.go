// Package gate stands between a process and its store, and makes the process
// break down after exactly so many writes, or cuts it off from what it writes.
//
//	process ──▶ Gate ──▶ PostgreSQL, or a server that speaks DynamoDB's protocol
//	              │
//	              └── lets n appends through, and then nothing any more
//
// A fault that is injected by the program under test proves little about the
// program that is shipped, and a signal that is sent from outside comes too early
// or too late. A gate needs nothing of the program: it is told where the gate is
// in place of the store.
//
// # What it counts
//
// [Gate.BreakAfter] sets how many appends may still succeed. As many may begin,
// and those beyond are held: they wait until an earlier one has failed, after a
// conflict, say, and so has given its place back. When the last has succeeded the
// gate breaks: it cuts off whatever goes through it, the reply to that append too,
// lets nothing new begin, and closes [Gate.Broken]. What was held is never sent. The process is
// then killed by whoever started it; until then it can neither read nor write.
// [Gate.Mend] opens the gate for the next process.
//
// # What else it does
//
// [Gate.Judge] has a function decide about every append whether it goes on, is cut
// off unsent, or is sent and its reply cut off. So the program that is shipped meets
// the two ways in which a connection can end under an append, where and as often as a
// test wants.
//
// # What an append is
//
//   - for [MessageDB], a transaction that calls write_message, or inserts into the
//     table of events itself, in whatever number of statements, prepared or not, and in
//     whatever number of messages. It has succeeded when the server has answered COMMIT
//     or, without BEGIN, is ready for the next query without an error. Before a call goes
//     on, the server has to have answered whatever the client sent before it, as far as
//     that was complete: so it does not matter whether a client waits for the answers,
//     sends several transactions in a row, or sends the reset of a connection together
//     with BEGIN and the call, as Npgsql does. What a client sends as one simple query, or
//     before one Sync, counts once, even if it has several transactions in it. A
//     transaction that is undone to a savepoint and then committed counts. A statement
//     that looks at the version of a stream before it calls write_message is an append of
//     its own, which has failed if its row ends with NULL: so appends that share a
//     transaction are counted one by one. A statement that has unnest($1) in it as well,
//     or that inserts the rows of such a list into the table of events, is as many appends
//     as the list has elements, and answers with a row for each; one whose list cannot be
//     read is cut off unsent. Appends that share a transaction have to be sent together,
//     before one Sync. If fewer than those may still succeed, the transaction is cut off
//     unsent, and who sends them again one by one has as many written as may be. What
//     locks a category waits for the place too.
//   - for [DynamoDB], one PutItem, UpdateItem or TransactWriteItems on the table
//     given. The other tables, such as an index with its checkpoints, are let
//     through. It has succeeded with the status 200.
//
// An append whose connection ends before the reply has failed as far as is known
// here. The gate speaks no TLS.
package gate
