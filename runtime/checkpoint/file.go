package checkpoint

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/weirsql/weir/runtime/state"
)

// A state file is the magic, then blocks: length (4 bytes), CRC-32C (4 bytes), that many bytes of entries. An entry is
// its key group (2 bytes), then name, key and value, each behind its uvarint length. Integers are little-endian. A block
// holds whole entries and the last has length 0, so that a file cut between blocks is noticed.
const (
	magic     = "weirst1\n"
	blockSize = 64 << 10
	maxBlock  = 1 << 31
)

// writeEntries writes a state file and makes sure that it is on the disk; it returns size and checksum of the file.
func writeEntries(path string, entries []state.Entry) (size int64, crc uint32, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := crc32.New(castagnoli)
	counted := &countingWriter{w: io.MultiWriter(f, sum)}
	w := bufio.NewWriterSize(counted, 2*blockSize)
	w.WriteString(magic)
	block := make([]byte, 0, blockSize+4096)
	flush := func() {
		var head [8]byte
		binary.LittleEndian.PutUint32(head[:], uint32(len(block)))
		binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(block, castagnoli))
		w.Write(head[:]) // bufio keeps the first error for Flush
		w.Write(block)
		block = block[:0]
	}
	for _, e := range entries {
		if len(e.Key)+len(e.Value) > maxBlock-blockSize-4096 {
			return 0, 0, fmt.Errorf("a single piece of state has %d bytes, which is more than a checkpoint can hold", len(e.Key)+len(e.Value))
		}
		block = appendEntry(block, e)
		if len(block) >= blockSize {
			flush()
		}
	}
	if len(block) > 0 {
		flush()
	}
	flush()
	if err := w.Flush(); err != nil {
		return 0, 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, 0, err
	}
	return counted.n, sum.Sum32(), nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func appendEntry(b []byte, e state.Entry) []byte {
	b = binary.LittleEndian.AppendUint16(b, e.Group)
	b = append(binary.AppendUvarint(b, uint64(len(e.Name))), e.Name...)
	b = append(binary.AppendUvarint(b, uint64(len(e.Key))), e.Key...)
	return append(binary.AppendUvarint(b, uint64(len(e.Value))), e.Value...)
}

var errFormat = errors.New("it is not a state file, or damaged")

// readEntries reads a state file and checks every block and the file as a whole.
func readEntries(path string, want File) ([]state.Entry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != want.Size {
		return nil, fmt.Errorf("it has %d bytes instead of %d", len(data), want.Size)
	}
	if crc32.Checksum(data, castagnoli) != want.CRC {
		return nil, errors.New("its checksum doesn't hold")
	}
	return decodeEntries(data, want.Entries)
}

func decodeEntries(data []byte, n int) ([]state.Entry, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, errFormat
	}
	data = data[len(magic):]
	entries := make([]state.Entry, 0, min(n, len(data)/5+1))
	for {
		if len(data) < 8 {
			return nil, errFormat
		}
		size, crc := int(binary.LittleEndian.Uint32(data)), binary.LittleEndian.Uint32(data[4:])
		if data = data[8:]; len(data) < size || crc32.Checksum(data[:size], castagnoli) != crc {
			return nil, errFormat
		}
		if size == 0 {
			break
		}
		block := data[:size]
		data = data[size:]
		for len(block) > 0 {
			e, rest, ok := cutEntry(block)
			if !ok {
				return nil, errFormat
			}
			entries, block = append(entries, e), rest
		}
	}
	if len(data) > 0 || len(entries) != n {
		return nil, errFormat
	}
	return entries, nil
}

func cutEntry(b []byte) (e state.Entry, rest []byte, ok bool) {
	if len(b) < 2 {
		return e, nil, false
	}
	e.Group = binary.LittleEndian.Uint16(b)
	b = b[2:]
	var name []byte
	for _, field := range []*[]byte{&name, &e.Key, &e.Value} {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return e, nil, false
		}
		*field, b = b[used:used+int(n):used+int(n)], b[used+int(n):]
	}
	e.Name = string(name)
	return e, b, true
}
