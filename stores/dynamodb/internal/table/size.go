package table

// Two sizes matter. The estimate of Equinox decides when a tip calves and is
// stored as b; all writers of a table have to agree on it, and on its odd unit
// for texts. The stored size is what DynamoDB counts, names included, and what
// it refuses above 400 KB.

const maxItemBytes = 400 * 1024

// estimate is the size of events by Equinox's rule.
func estimate(events []Event) int {
	sum := 0
	for _, e := range events {
		sum += utf16Length(e.Type) + len(e.Data.Bytes) + len(e.Meta.Bytes) +
			utf16Length(e.CorrelationID) + utf16Length(e.CausationID) + 20 + 20
	}
	return sum
}

// estimateUnfolds is the size of unfolds by Equinox's rule.
func estimateUnfolds(unfolds []Unfold) int {
	sum := 0
	for _, u := range unfolds {
		sum += utf16Length(u.Type) + len(u.Data.Bytes) + len(u.Meta.Bytes) + 50
	}
	return sum
}

// baseBytes is the size of a tip without its unfolds by Equinox's rule.
func baseBytes(t Tip) int {
	return 80 + utf16Length(t.stream.String()) + utf16Length(t.etag) + t.bytes
}

// UnfoldLimit is how many bytes the body of an unfold may have that is kept for quick reads
// alone. Each append pays a write unit for each KB of its tip, and who reads a stream pays
// half a read unit for each 4 KB, of which five cost as much as a write unit: so an unfold of
// a fortieth of its stream costs an append as much as it spares a reader. It is bounded by a
// 32nd, and by half of what a tip holds, for events have to fit beside it.
func (t *Table) UnfoldLimit(tip Tip) int { return min(tip.StreamBytes()/32, t.config.MaxBytes/2) }

// utf16Length is the length of a text as .NET counts it.
func utf16Length(text string) int {
	length := 0
	for _, r := range text {
		length++
		if r > 0xFFFF {
			length++
		}
	}
	return length
}

// storedBytes is how much DynamoDB counts for a tip at most.
func storedBytes(t Tip) int {
	const name, list, number = 1, 3, 21 // of an attribute; of a list or a map; of the largest number
	sum := name + len(t.stream.String()) + 4*(name+number) + len("etag") + len(t.etag) + 3*(name+list)
	body := func(b Body) int { return 2*(1+name) + len(b.Bytes) + 2 }
	for _, e := range t.events {
		sum += 1 + len(e.Type) + 1 + list + 1 + name + len(timeFormat)
		sum += body(e.Data) + body(e.Meta) + 1 + name + len(e.CorrelationID) + 1 + name + len(e.CausationID)
	}
	for _, u := range t.unfolds {
		sum += 1 + list + 1 + name + number + 1 + name + len(timeFormat) + 1 + name + len(u.Type)
		sum += body(u.Data) + body(u.Meta)
	}
	return sum
}

// maxStreamBytes is how long DynamoDB lets a partition key be.
const maxStreamBytes = 2048
