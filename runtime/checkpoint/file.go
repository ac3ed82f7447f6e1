package checkpoint

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"
	"syscall"

	"github.com/weirsql/weir/runtime/state"
)

// A part is the magic, then blocks: length (4 bytes), CRC-32C (4 bytes), that many bytes of entries (state.AppendEntry).
// Integers are little-endian. A block holds whole entries and the last has length 0, so that a file cut between blocks is
// noticed. A part in the manifest has the same bytes as one in a file.
const (
	magic    = "weirst2\n"
	headSize = 8
	maxBlock = 1 << 31
)

// inlineBytes is the size below which a part stays in the manifest: Flink's state.storage.fs.memory-threshold.
const inlineBytes = 20 << 10

func appendHead(b, block []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(block)))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(block, castagnoli))
}

// encoder writes the blocks of a part, and counts.
type encoder struct {
	w       io.Writer
	head    []byte
	size    int64
	crc     uint32
	entries int
}

func (e *encoder) raw(p []byte) error {
	e.size += int64(len(p))
	e.crc = crc32.Update(e.crc, castagnoli, p)
	_, err := e.w.Write(p)
	return err
}

func (e *encoder) block(block []byte, entries int) error {
	if len(block) >= maxBlock {
		return fmt.Errorf("a single piece of state has %d bytes, which is more than a checkpoint can hold (%d)", len(block), maxBlock)
	}
	if e.size == 0 {
		if err := e.raw([]byte(magic)); err != nil {
			return err
		}
	}
	e.entries += entries
	e.head = appendHead(e.head[:0], block)
	if err := e.raw(e.head); err != nil {
		return err
	}
	return e.raw(block)
}

func (e *encoder) end() error { return e.raw(make([]byte, headSize)) }

var errFormat = damaged("it is not a state file, or damaged")

const readBuffer = 256 << 10

// decoder reads the blocks of parts; it is used again for the next.
type decoder struct {
	r     *bufio.Reader
	block []byte
}

var decoders = sync.Pool{New: func() any { return &decoder{r: bufio.NewReaderSize(nil, readBuffer)} }}

// each calls f for every entry of a part of that size. The bytes of entries are valid during the call.
func (d *decoder) each(r io.Reader, want File, f func(state.Entry) error) error {
	d.r.Reset(r)
	var head [headSize]byte
	if err := d.full(head[:]); err != nil {
		return err
	}
	if string(head[:]) != magic {
		return errFormat
	}
	left, entries := want.Size-int64(len(magic)), 0
	counted := func(e state.Entry) error {
		entries++
		return f(e)
	}
	for {
		if err := d.full(head[:]); err != nil {
			return err
		}
		left -= headSize
		size, crc := int64(binary.LittleEndian.Uint32(head[:])), binary.LittleEndian.Uint32(head[4:])
		if size > left {
			return errFormat
		}
		if size == 0 {
			break
		}
		if int64(cap(d.block)) < size {
			d.block = make([]byte, size)
		}
		d.block = d.block[:size]
		if err := d.full(d.block); err != nil {
			return err
		}
		left -= size
		if crc32.Checksum(d.block, castagnoli) != crc {
			return damaged("the checksum of a block doesn't hold")
		}
		if err := state.EachEntry(d.block, counted); errors.Is(err, state.ErrBlock) {
			return damage{err}
		} else if err != nil {
			return err
		}
	}
	if left != 0 || entries != want.Entries {
		return errFormat
	}
	return nil
}

func (d *decoder) full(p []byte) error {
	_, err := io.ReadFull(d.r, p)
	return readError(err)
}

// readError tells damage from other failures to read.
func readError(err error) error {
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF: // not within another: that of a connection
		return damaged("it is cut off")
	case errors.Is(err, syscall.EIO): // the disk
		return damage{err}
	case errors.Is(err, fs.ErrNotExist):
		return damaged("it is missing")
	}
	return err
}

var verifyBuffers = sync.Pool{New: func() any { b := make([]byte, readBuffer); return &b }}

// verify checks size and checksum of a part as a whole.
func (f *File) verify(r io.Reader) error {
	buf := verifyBuffers.Get().(*[]byte)
	defer verifyBuffers.Put(buf)
	var size int64
	var crc uint32
	for {
		n, err := r.Read(*buf)
		size += int64(n)
		crc = crc32.Update(crc, castagnoli, (*buf)[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return readError(err)
		}
		if size > f.Size {
			return damaged("it has more than its %d bytes", f.Size)
		}
	}
	if size != f.Size {
		return damaged("it has %d bytes instead of %d", size, f.Size)
	}
	if crc != f.CRC {
		return damaged("its checksum doesn't hold")
	}
	return nil
}
