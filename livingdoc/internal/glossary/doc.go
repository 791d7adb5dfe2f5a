// Package glossary explains the words of a domain and links them to their
// explanations wherever they occur.
//
// The words come from two places. [Table] reads a table that people wrote:
//
//	| word           | meaning                                          |
//	|----------------|--------------------------------------------------|
//	| chute          | where the parcels for one destination go down    |
//	| truck, or load | several parcels that arrive together             |
//
// [Types] takes the doc comments of those types of Go packages that say that they
// are a word of the domain, for what the program has a name for and the table
// lacks. [Merge] makes one glossary of both, in which the table's meaning counts.
//
// A [Linker] then links words in HTML that is ready. It adds links and changes
// nothing else, to the byte.
package glossary
