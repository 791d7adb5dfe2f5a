// Package chart draws what was seen to follow what in the lives of streams of one
// kind: a box for each type of event, which is the state that a stream is in after it,
// and an arrow for each pair that was seen, which leads to an example of it.
//
//	 ╭─▶ unloaded ─╮
//	 │      ▼      │2
//	3╰── sorted ◀──╯
//	        ▼1
//	    dispatched
//
// A [Graph] is drawn as inline SVG, whose links have names, for a page that has the
// style sheet [Style]. The same histories give the same bytes.
package chart
