// Package livingdoc makes a site of recorded runs, for readers who know the
// business and no software: what the rules are, examples of each, and whether
// they hold on each store.
//
//	runs (NDJSON) ──run.Read, run.Join──▶ tree of chapters ──templates──▶ pages ──▶ a folder
//	features' folder (prose) ──────────────▲
//
// It knows no business itself: titles and prose are those of the features, their
// folders and the evidence of the runs.
//
//	chapter  a folder of features, with the prose of its README.md
//	topic    a feature file
//	rule     a rule of it, with a page of its own
//	example  a scenario, or an outline with its rows, with a page of its own
//
// [Build] writes the whole site beside its folder and puts it into its place at
// the end, so there is always a whole one. The same input gives the same bytes.
// The pages need no server and no script, but for search; every link in them is
// relative. A page's address is made of titles, and stays as long as they do.
//
// What the site says of rules and examples was checked by the runs, or it says that it
// was not. What failed, was flaky, or was found by an audit after the scenarios is said
// before anything else, and nothing that passed in a run that failed as a whole is shown
// as if that were proof. Prose is shown as it was written, and nothing checks it.
//
// A page has two readers. Who knows the business sees whether a rule holds, and a store
// where the stores differ; a switch shows developers the rest. What happened beside the
// events, such as that something was refused, is found in the words of the steps.
//
// A project without prose, such as a folder with features and their code in it, has
// a site too: what has no title is called as its folder or file.
package livingdoc
