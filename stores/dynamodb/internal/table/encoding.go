package table

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
)

// Compression is tried from compressFrom bytes on, and its result is kept if
// it saves more than compressSaving bytes. Both are FsCodec's.
const (
	compressFrom   = 48
	compressSaving = 4
)

// maxDecoded bounds what a body may grow to, so that a malicious one of an
// item's 400 KB cannot fill the memory.
const maxDecoded = 64 << 20

// Raw is the body of these bytes, uncompressed. No bytes are an absent body.
func Raw(data []byte) Body { return Body{Bytes: data} }

// Compressors and decompressors that nobody uses just now. The tables of a compressor
// are two megabytes, which cost far more to make than a body costs to compress.
//
//nolint:gochecknoglobals // what they hold makes no difference to a body
var (
	compressors   = sync.Pool{New: func() any { return brotli.NewWriter(nil) }}
	decompressors = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
)

// Compressed is the body of these bytes, compressed by Brotli if there are at
// least 48 and that saves more than 4.
func Compressed(data []byte) Body {
	if len(data) < compressFrom {
		return Raw(data)
	}
	var compressed bytes.Buffer
	writer := compressors.Get().(*brotli.Writer)
	writer.Reset(&compressed)
	// A buffer takes all that it is given, so neither call can fail.
	_, _ = writer.Write(data)
	_ = writer.Close()
	compressors.Put(writer)
	if len(data) <= compressed.Len()+compressSaving {
		return Raw(data)
	}
	return Body{Encoding: Brotli, Bytes: compressed.Bytes()}
}

// Decode returns the bytes that were encoded, nil if the body is absent. Those
// of a body that is not compressed are the body's own, and must not be changed.
func (b Body) Decode() ([]byte, error) {
	var reader io.Reader
	switch b.Encoding {
	case Deflate:
		inflater := flate.NewReader(bytes.NewReader(b.Bytes))
		defer func() { _ = inflater.Close() }()
		reader = inflater
	case Brotli:
		decompressor := decompressors.Get().(*brotli.Reader)
		defer decompressors.Put(decompressor)
		if err := decompressor.Reset(bytes.NewReader(b.Bytes)); err != nil {
			return nil, fmt.Errorf("begin to decompress: %w", err)
		}
		reader = decompressor
	default:
		return b.Bytes, nil
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxDecoded+1))
	switch {
	case b.Encoding == Deflate && errors.Is(err, io.ErrUnexpectedEOF):
		// Old versions of FsCodec flushed the stream and did not end it.
	case err != nil:
		return nil, fmt.Errorf("decompress a body of %d bytes with encoding %d: %w", len(b.Bytes), b.Encoding, err)
	case len(data) > maxDecoded:
		return nil, fmt.Errorf("decompress a body of %d bytes with encoding %d: it holds more than %d", len(b.Bytes), b.Encoding, maxDecoded)
	}
	return data, nil
}
