// Command rename gives this module another path, in every file that names it:
// whoever publishes it does so under a path of their own. See rename --help.
package main
