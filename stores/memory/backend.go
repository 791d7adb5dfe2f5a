package memory

import "example.com/groupcheckout/stores"

// Backend is what a reactor needs of the store, with the feed of these categories
// and checkpoints of its own.
func (s *Store) Backend(categories ...string) (*stores.Backend, error) {
	source, err := s.Source(SourceConfig{Categories: categories})
	if err != nil {
		return nil, err
	}
	return &stores.Backend{Name: "memory", Events: s, Source: source, Checkpoints: NewCheckpoints()}, nil
}
