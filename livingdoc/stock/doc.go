// Package stock makes Cucumber's own HTML report of a run, for developers, out of
// the files of the npm package @cucumber/html-formatter and without Node. The
// report is one file that opens from disk; it has all that the run recorded, a
// search by text or tag expression, and steps with their code.
//
// The package's files are not part of this project: [Files] fetches them once into
// the user's cache.
package stock
