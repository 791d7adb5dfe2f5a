// Command livingdoc makes a site of recorded runs of the features, for readers
// who know the business: what the rules are, and proof that they hold on each
// store. See livingdoc --help.
package main
