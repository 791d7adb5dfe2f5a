// Command reactor merges the stays of group checkouts: it follows the changes
// of a store, moves the unpaid balance of each selected stay to its group, and
// records what became of it.
//
// Run it with --help for its commands. Its exit status is
//
//	0  it did what it was asked to; that includes a stop by SIGINT or SIGTERM
//	1  an argument or the configuration is wrong: trying again will not help
//	2  something failed while it worked: trying again may help
//	3  an audit found that the books do not balance
//
// Results go to the standard output, everything else to the standard error. An
// error is one paragraph, and no password is ever printed.
package main
