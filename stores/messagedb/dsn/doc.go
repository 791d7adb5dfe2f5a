// Package dsn reads the connection strings of PostgreSQL in each of the forms
// in which they are passed around: Npgsql's (Host=db;Username=app;…), a
// postgres:// URL, and libpq's (host=db user=app …). Wherever one is read from
// a flag or a variable, it is read here, so that all take the same.
//
// # Secrets
//
// A connection string is read into settings named as libpq names them, and only
// then handed to the driver. The driver never sees a password as text: its
// errors repeat the text that it was given, and can only guess which part of a
// malformed one was the secret. For the same reason no error of this package
// repeats a value, nor a key that might be a piece of a password.
//
// # Keys
//
// All keys of libpq and Npgsql are known; a test holds their lists. A key that
// nobody knows is an error, since it may be a slip, and one of another library is
// named with what to do about it.
//
// Some have no effect here, and [Settings.Ignored] says which were given: those
// that tune Npgsql itself, such as its pool but for the size, its buffers, its
// preparing, and Command Timeout, since here the context of a call says how long it
// may take; and the settings that every session of Message DB needs as this project
// sets them, such as the search path.
//
// What would make a connection safer and cannot be honoured is refused, not passed
// over: a list of revoked certificates, encryption with GSS, the owner of a socket.
// So is what would change what the program does, such as replication.
//
// With load_balance_hosts=random, or Npgsql's Load Balance Hosts, the order of the
// hosts is drawn once for each pool.
//
// A machine that does not answer at all is waited for for a second and a half, of the 15 s that
// a connection may take to be made, unless connect_timeout says otherwise. A connection of which
// nothing that is sent is received breaks after 5 s, or as tcp_user_timeout says, on Linux.
//
// Npgsql's Keepalive sends a query over an idle connection every so many
// seconds. Here it is TCP that keeps it alive, after as many seconds, which
// serves the same end.
package dsn
