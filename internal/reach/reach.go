// Package reach gives up machines that are gone without a word, as behind a network that
// passes nothing on. Nobody is refused there, and the system asks ever more seldom, so who
// waits for it goes on long after the machine is back.
package reach

import (
	"net"
	"time"
)

const (
	// Answer is for how long a machine may not answer at all while a connection is made. A
	// packet that is lost is sent again after a second. It is not the server that answers.
	Answer = 1500 * time.Millisecond
	// Receipt is for how long what was sent may not be received. A server that takes its time
	// to answer has received the question.
	Receipt = 5 * time.Second
)

// Dialer makes connections to a machine that answers in time, and has them break, on Linux,
// when what was sent is not received in time; 0 leaves that to the system.
func Dialer(answer, receipt time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: answer, Control: breaksAfter(receipt)}
}
