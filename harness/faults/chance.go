package faults

// chance is a number that seems random and depends on nothing but its arguments,
// in any process: FNV-1a over the words, mixed once more by the end of
// splitmix64, since FNV alone hardly moves the high bits for the last letters.
func chance(seed uint64, n int, words ...string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, word := range words {
		for i := range len(word) {
			h = (h ^ uint64(word[i])) * prime
		}
		h = (h ^ 0xff) * prime // no UTF-8 text holds this byte, so the words do not run together
	}
	return mix(mix(h^mix(seed)) ^ uint64(n)) //nolint:gosec // any number will do
}

// mix is the last part of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// happens tells whether something does that happens at a rate.
func happens(chance uint64, rate float64) bool {
	return float64(chance>>11)/(1<<53) < rate
}
