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
// # Keys without a meaning
//
// A key that nobody knows is an error, since it may be a slip. Those that tune
// Npgsql itself are known and ignored: its pool but for the size, its buffers,
// its preparing, and Command Timeout, since here the context of a call says how
// long it may take. So are the settings that every session of Message DB needs
// as this project sets them, such as the search path.
//
// Npgsql's Keepalive sends a query over an idle connection every so many
// seconds. Here it is TCP that keeps it alive, after as many seconds, which
// serves the same end.
package dsn
