// Package hotel is the hotel as a harness sees it: how its reactor is started,
// what its books have to prove, and what its events say to a reader. A new event gets
// its words in texts.go.
package hotel
