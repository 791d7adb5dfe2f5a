package table

import (
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Usage counts what was asked of a table with one operation, such as GetItem.
type Usage struct {
	Requests  int64   // all that were sent, repetitions included
	Retries   int64   // of them, those that repeated another
	Throttled int64   // that the table refused because too much was asked of it
	Conflicts int64   // writes that met another tip than they expected
	Units     float64 // of capacity, as the server told them: read or write units, whichever the operation takes
}

// meter counts. It is shared by the tables that [Table.With] makes of one.
type meter struct {
	mu    sync.Mutex
	usage map[string]Usage
}

// Usage is what was asked of the table since it was made, by operation.
func (t *Table) Usage() map[string]Usage {
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	return maps.Clone(t.meter.usage)
}

func (m *meter) count(operation string, attempt int, outcome verdict, err error, consumed ...types.ConsumedCapacity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.usage[operation]
	u.Requests++
	if attempt > 0 {
		u.Retries++
	}
	if outcome == notNow && throttled(err) {
		u.Throttled++
	}
	if outcome == refused {
		u.Conflicts++
	}
	for _, c := range consumed {
		u.Units += aws.ToFloat64(c.CapacityUnits)
	}
	m.usage[operation] = u
}

// consumed is a capacity as a list, which is empty where the server told none.
func consumed(capacity *types.ConsumedCapacity) []types.ConsumedCapacity {
	if capacity == nil {
		return nil
	}
	return []types.ConsumedCapacity{*capacity}
}

// Writes tells whether the units of an operation are write units.
func Writes(operation string) bool {
	switch operation {
	case "PutItem", "UpdateItem", "TransactWriteItems":
		return true
	}
	return false
}
