package es_test

import (
	stdjson "encoding/json"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// BenchmarkDecode reads a body by a codec, and by encoding/json, which takes what the
// codec refuses.
func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"zone":"north","items":[{"name":"a","tags":["b","c"]},{"name":"d","tags":[]}],"weight":1.5,"Plain":true}`)
	codec := parcelCodec()
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := codec.Decode("Parcel", body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var p parcel
			check.Must(b, stdjson.Unmarshal(body, &p))
		}
	})
}
