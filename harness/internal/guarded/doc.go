// Package guarded runs programs that end when this process does, however it
// ends, and that leave nothing behind: no process and no folder.
//
//	this process ──pipe──▶ guard (sh) ──▶ the program
//	      ▲                                   │
//	      └────────── what it writes ─────────┘
//
// A [Program] runs under a guard, a small shell script that holds the other end
// of a pipe. When the pipe closes, because [Process.Stop] closes it or because
// the kernel does so for a process that was killed, the guard sends the program
// the signal that stops it, waits, removes the program's folder and ends as the
// program did.
//
// It takes users, process groups and signals as Unix has them. Elsewhere
// [OwnAccount] and [ServerAccount] return [errors.ErrUnsupported].
package guarded
