// Package modulepath checks the path of a module, finds where texts name a module
// and has them name another.
package modulepath
