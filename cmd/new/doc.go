// Command new writes a project of one's own, ready to run, from one of the
// examples. See new --help.
package main
