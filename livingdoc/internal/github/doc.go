// Package github tells on GitHub how the scenarios went: [Summary] is the page of
// a job, with what failed before anything else and a grid of rules and scenarios
// against stores, and [Annotations] are the commands that mark failures at their
// lines in the feature files.
//
// GitHub cuts off neither: it refuses a summary of more than 1024 KiB, and shows
// ten errors of a step and drops the rest. So both are shortened here, and say
// that they are.
package github
