package kinesis

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Records may be compressed, each by itself: with aggregation each user record, so that whoever unpacks those finds the same
// bytes as without. Readers know compressed records by their first bytes.

// compressor compresses records. It belongs to one writer. The zero value leaves them as they are.
type compressor struct {
	zstd  *zstd.Encoder
	gzip  *gzip.Writer
	plain []byte // the last record that was compressed
	out   bytes.Buffer
}

// newCompressor makes one for a value of the option sink.compression.
func newCompressor(kind string) (c compressor, err error) {
	switch kind {
	case "ZSTD":
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	case "GZIP":
		c.gzip = gzip.NewWriter(nil)
	}
	return c, err
}

// on reports whether there is something to do.
func (c *compressor) on() bool { return c.zstd != nil || c.gzip != nil }

// append appends c.plain, compressed.
func (c *compressor) append(dst []byte) ([]byte, error) {
	if c.zstd != nil {
		return c.zstd.EncodeAll(c.plain, dst), nil
	}
	c.out.Reset()
	c.gzip.Reset(&c.out)
	if _, err := c.gzip.Write(c.plain); err != nil {
		return dst, err
	}
	err := c.gzip.Close()
	return append(dst, c.out.Bytes()...), err
}

// The first bytes of gzip (RFC 1952) and zstd (RFC 8878). No JSON and no CSV of printable text begins so.
const (
	gzipMagic = "\x1f\x8b\x08"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// maxUnpacked bounds what a record of 10 MiB, which may stand for gigabytes, is unpacked to.
const maxUnpacked = 64 << 20

// unpacks reports whether compressed records are unpacked. With the format raw the record itself is what counts.
func (s *source) unpacks() bool {
	if kind := s.table.Options.Enum("scan.compression"); kind != "" {
		return kind == "AUTO"
	}
	return s.table.Format.Name != "raw"
}

// unpacker unpacks compressed records. It belongs to one reader. The zero value is ready.
type unpacker struct {
	off  bool // all records are taken as they are
	zstd *zstd.Decoder
	gzip *gzip.Reader
	in   bytes.Reader
	out  []byte
}

// unpack returns the record, unpacked if it is compressed, until the next call. An error is about the record.
func (u *unpacker) unpack(record []byte) ([]byte, error) {
	switch {
	case u.off || len(record) < len(zstdMagic):
		return record, nil
	case string(record[:len(gzipMagic)]) == gzipMagic:
		return u.gunzip(record)
	case string(record[:len(zstdMagic)]) == zstdMagic:
		if u.zstd == nil {
			var err error
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderMaxWindow(16<<20)); err != nil {
				return nil, err
			}
		}
		out, err := u.zstd.DecodeAll(record, u.out[:0])
		switch {
		case errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return nil, errTooLargeUnpacked
		case err != nil:
			return nil, fmt.Errorf("the record begins as zstd and isn't: %w", err)
		}
		return u.keep(out), nil
	}
	return record, nil
}

var errTooLargeUnpacked = fmt.Errorf("the record is compressed and has more than %d MiB", maxUnpacked>>20)

func (u *unpacker) gunzip(record []byte) ([]byte, error) {
	u.in.Reset(record)
	var err error
	if u.gzip == nil {
		u.gzip, err = gzip.NewReader(&u.in)
	} else {
		err = u.gzip.Reset(&u.in)
	}
	out := u.out[:0]
	for err == nil && len(out) <= maxUnpacked {
		if len(out) == cap(out) {
			out = slices.Grow(out, max(512, len(out)))
		}
		var n int
		n, err = u.gzip.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
	}
	if len(out) > maxUnpacked {
		return nil, errTooLargeUnpacked
	}
	if err != io.EOF {
		return nil, fmt.Errorf("the record begins as gzip and isn't: %w", err)
	}
	return u.keep(out), nil
}

// keep keeps the memory for the next record, unless it is a lot.
func (u *unpacker) keep(out []byte) []byte {
	if cap(out) <= 4<<20 {
		u.out = out
	}
	return out
}

// close releases what the decoders hold.
func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}
