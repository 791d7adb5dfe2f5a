package memory

import (
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
)

// DuplicateIDError says that an append was refused because one of its events
// bears an id that another event of the store has, or that stands twice in the
// append. Nothing was written. The zero UUID is an id like any other.
type DuplicateIDError struct {
	Stream   es.StreamName // the stream of the append that was refused
	Expected es.Version    // and the version that it expected
	ID       uuid.UUID
}

func (e *DuplicateIDError) Error() string {
	return fmt.Sprintf("append to %s at version %d: the event id %s is in use already; give every event an id of its own", e.Stream, e.Expected, e.ID)
}
