// Package fetch brings files that are not ours onto this machine, once, and
// keeps them in the user's cache. What is fetched is pinned: its version and, if
// it comes from npm, its checksum.
package fetch
