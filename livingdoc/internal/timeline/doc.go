// Package timeline draws what was written while a scenario ran: the events of
// its streams, from top to bottom in the order in which they came, a lane for
// each stream, and an arrow from an event to what the reactor wrote because of
// it.
//
//	│      chute for Oslo  opened
//	●  │   truck T1  2 parcels unloaded
//	│  ●╮
//	■←──╯  chute for Oslo  took parcel A
//	│  │
//
// [Draw] makes a picture as inline SVG, whose texts are read one by one, [List] the
// same in words, for where there is no room. All pictures of a page share the style
// sheet [Style]. Both are functions of
// their arguments alone, and safe to put into a page whatever the events hold:
// every text is escaped, and what XML cannot hold is replaced.
//
// The lanes are narrow and the text stands beside them, so a picture is about
// 400 pixels wide however many lanes it has, and can be read on a phone, or
// beside that of another store. It is drawn in the page's text colour, and so
// fits a dark page as well as a light one. A page may set the colours of the
// parts by the variables --timeline-lane, --timeline-arrow, --timeline-scenario
// and --timeline-reactor. Who wrote an event is told by its shape, a disc for the
// scenario, a square for the reactor, and to those who do not see it in words.
//
// A [Moment] is what happened and wrote no event: a cross for what was refused, a ring
// for what added nothing, a band across the lanes where the reactor stood still, had
// broken down, or time passed.
//
// Of a scenario with very many streams or events, some are shown: those of rare kinds,
// and at least one of each kind of stream. The others are counted.
package timeline
