package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
)

// spillLog is where a store keeps keys that are not in memory: files to which records are appended, and in memory an index
// of eight bytes per key. A key that is loaded is taken out of the index, which leaves its record as garbage; a file that
// has more garbage than records is emptied by writing what is left anew.
//
// It is an extension of the memory: nothing is synced, and no other process ever reads it.
//
// A record begins at a multiple of 16 bytes:
//
//	length of what follows (4 bytes), CRC-32C of it (4), hash (8), length of the key (4), key, value
//
// Source: the design of Bitcask; Pebble needed six times as long for a key that is read, deleted and written again.
type spillLog struct {
	dir      string
	name     string     // of its files, before their numbers
	fileSize int64      // from which a new file is begun
	segments []*segment // by number
	numbers  slots
	order    []*segment // by seq
	seq      uint64
	tail     *segment // the one that is written, or nil
	buf      []byte   // the end of tail, not yet in the file
	written  int64    // bytes of tail in the file
	live     int64    // bytes of records that count
	all      int64    // bytes of all segments
	scratch  []byte

	entries []uint64 // open addressing: tag and place; 0: free
	used    int

	victim *segment // is being emptied, up to the offset at
	at     int64
	walks  int // someone goes through the segments: none is emptied meanwhile
}

// segment is a file of the log.
type segment struct {
	file   *os.File
	number int32
	seq    uint64 // in the order of opening
	size   int64
	live   int64 // bytes of records that count
}

const (
	maxSegments   = 1 << 16
	recordUnit    = 16
	recordHeader  = 20
	offsetBits    = 24 // of recordUnit: a record begins within 256 MiB
	placeBits     = 16 + offsetBits
	tagBits       = 63 - placeBits
	largestFile   = 32 << 20
	readAtOnce    = 512
	emptyPerWrite = 2 // bytes looked at in a segment that is emptied, per byte that is written
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errSpill says that a file isn't what has been written.
var errSpill = errors.New("state that was kept on disk for want of memory is damaged")

// An entry of the index is a leading one, which tells it from a free one, the low bits of a hash, and the record's place:
// number of the segment and offset.
func entryOf(hash uint64, s *segment, offset int64) uint64 {
	return 1<<63 | hash&(1<<tagBits-1)<<placeBits | uint64(s.number)<<offsetBits | uint64(offset/recordUnit)
}

// record is where the record of an entry stands.
func (l *spillLog) record(entry uint64) (*segment, int64) {
	place := entry & (1<<placeBits - 1)
	return l.segments[place>>offsetBits], int64(place&(1<<offsetBits-1)) * recordUnit
}

// home is where the probing of an entry begins.
func (l *spillLog) home(entry uint64) uint64 {
	tag := entry >> placeBits & (1<<tagBits - 1)
	return tag * uint64(len(l.entries)) >> tagBits
}

func (l *spillLog) mask() uint64 { return uint64(len(l.entries) - 1) }

func (l *spillLog) insert(e uint64) {
	if l.used >= len(l.entries)/8*5 {
		old := l.entries
		l.entries = make([]uint64, max(1024, 2*len(old)))
		for _, e := range old {
			if e != 0 {
				l.put(e)
			}
		}
	}
	l.put(e)
	l.used++
}

func (l *spillLog) put(e uint64) {
	at := l.home(e)
	for ; l.entries[at] != 0; at = (at + 1) & l.mask() {
	}
	l.entries[at] = e
}

// find returns where an entry stands, or -1.
func (l *spillLog) find(e uint64) int {
	if l.used == 0 {
		return -1
	}
	for at := l.home(e); l.entries[at] != 0; at = (at + 1) & l.mask() {
		if l.entries[at] == e {
			return int(at)
		}
	}
	return -1
}

// remove takes an entry out of the index; those behind it move up.
func (l *spillLog) remove(at int) {
	l.used--
	hole, mask := uint64(at), l.mask()
	for next := (hole + 1) & mask; l.entries[next] != 0; next = (next + 1) & mask {
		if (next-l.home(l.entries[next]))&mask >= (next-hole)&mask {
			l.entries[hole] = l.entries[next]
			hole = next
		}
	}
	l.entries[hole] = 0
}

// add appends a record.
func (l *spillLog) add(hash uint64, key, value []byte) error {
	if l.tail == nil || l.tail.size >= l.fileSize {
		if err := l.open(); err != nil {
			return err
		}
	}
	s := l.tail
	e := entryOf(hash, s, s.size)
	from := len(l.buf)
	l.buf = append(l.buf, make([]byte, recordHeader)...)
	l.buf = append(append(l.buf, key...), value...)
	record := l.buf[from:]
	binary.LittleEndian.PutUint32(record, uint32(len(record)-8))
	binary.LittleEndian.PutUint64(record[8:], hash)
	binary.LittleEndian.PutUint32(record[16:], uint32(len(key)))
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(record[8:], castagnoli))
	size := roundUp(int64(len(record)))
	for int64(len(l.buf)-from) < size {
		l.buf = append(l.buf, 0)
	}
	l.grow(s, size)
	l.insert(e)
	if int64(len(l.buf)) >= l.fileSize/16 {
		return l.flush()
	}
	return nil
}

func (l *spillLog) grow(s *segment, size int64) {
	s.size += size
	s.live += size
	l.live += size
	l.all += size
}

func roundUp(n int64) int64 { return (n + recordUnit - 1) / recordUnit * recordUnit }

// open begins a segment.
func (l *spillLog) open() error {
	if err := l.seal(); err != nil {
		return err
	}
	if len(l.order) == maxSegments {
		return fmt.Errorf("keep state on disk: there are %d files in %s already", maxSegments, l.dir)
	}
	f, err := os.OpenFile(filepath.Join(l.dir, fmt.Sprintf("%s-%06d", l.name, l.seq)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keep state on disk: %w", err)
	}
	l.tail = &segment{file: f, number: l.numbers.take(), seq: l.seq}
	if int(l.tail.number) == len(l.segments) {
		l.segments = append(l.segments, nil)
	}
	l.segments[l.tail.number] = l.tail
	l.order = append(l.order, l.tail)
	l.seq++
	l.written = 0
	return nil
}

// seal ends the segment that is written.
func (l *spillLog) seal() error {
	if l.tail == nil {
		return nil
	}
	if err := l.flush(); err != nil {
		return err
	}
	s := l.tail
	l.tail = nil
	return l.dropIfDead(s)
}

func (l *spillLog) flush() error {
	if len(l.buf) == 0 {
		return nil
	}
	if _, err := l.tail.file.WriteAt(l.buf, l.written); err != nil {
		return fmt.Errorf("keep state on disk: %w", err)
	}
	l.written += int64(len(l.buf))
	l.buf = l.buf[:0]
	return nil
}

// read returns the record at a place: the log's own memory until the next call.
func (l *spillLog) read(s *segment, offset int64) (record []byte, err error) {
	if s == l.tail && offset >= l.written {
		record = l.buf[offset-l.written:]
		return record[:8+binary.LittleEndian.Uint32(record)], nil
	}
	end := s.size
	if s == l.tail {
		end = l.written
	}
	size := min(readAtOnce, end-offset)
	for range 2 {
		l.scratch = resize(l.scratch, int(size))
		if _, err := s.file.ReadAt(l.scratch, offset); err != nil {
			return nil, fmt.Errorf("read state from disk: %w", err)
		}
		n := 8 + int64(binary.LittleEndian.Uint32(l.scratch))
		if n < recordHeader || offset+n > end {
			return nil, fmt.Errorf("%w: %s", errSpill, s.file.Name())
		}
		if n <= size {
			record = l.scratch[:n]
			break
		}
		size = n
	}
	return record, s.check(record)
}

func (s *segment) check(record []byte) error {
	if crc32.Checksum(record[8:], castagnoli) != binary.LittleEndian.Uint32(record[4:]) ||
		int64(binary.LittleEndian.Uint32(record[16:])) > int64(len(record)-recordHeader) {
		return fmt.Errorf("%w: %s", errSpill, s.file.Name())
	}
	return nil
}

// parts takes a record apart.
func parts(record []byte) (hash uint64, key, value []byte) {
	n := binary.LittleEndian.Uint32(record[16:])
	return binary.LittleEndian.Uint64(record[8:]), record[recordHeader : recordHeader+n], record[recordHeader+n:]
}

func newSpillLog(dir, name string, fileSize int64) *spillLog {
	return &spillLog{dir: dir, name: name, fileSize: clamp(fileSize, 1<<10, largestFile)}
}

// lookup finds the record of a key: where it stands in the index, or -1, its segment, and its value, which is the log's
// until the next call.
func (l *spillLog) lookup(hash uint64, key []byte) (at int, s *segment, value []byte, err error) {
	if l.used == 0 {
		return -1, nil, nil, nil
	}
	tag := 1<<63 | hash&(1<<tagBits-1)<<placeBits
	for at := l.home(tag); l.entries[at] != 0; at = (at + 1) & l.mask() {
		if l.entries[at]>>placeBits != tag>>placeBits {
			continue
		}
		s, offset := l.record(l.entries[at])
		record, err := l.read(s, offset)
		if err != nil {
			return -1, nil, nil, err
		}
		if h, k, v := parts(record); h == hash && string(k) == string(key) {
			return int(at), s, v, nil
		}
	}
	return -1, nil, nil, nil
}

// take forgets the record of a key, which lookup has found.
func (l *spillLog) take(at int, s *segment, key, value []byte) error {
	l.remove(at)
	size := roundUp(int64(recordHeader + len(key) + len(value)))
	s.live -= size
	l.live -= size
	return l.dropIfDead(s)
}

// dropIfDead removes a segment that nothing is left in, unless it is being written.
func (l *spillLog) dropIfDead(s *segment) error {
	if s.live > 0 || s == l.tail {
		return nil
	}
	if s == l.victim {
		l.victim = nil
	}
	l.all -= s.size
	l.segments[s.number] = nil
	l.numbers.giveBack(s.number)
	l.order = slices.DeleteFunc(l.order, func(x *segment) bool { return x == s })
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// tidy empties segments that are mostly garbage, after so many bytes have been written.
func (l *spillLog) tidy(wrote int64) error {
	if l.walks > 0 {
		return nil
	}
	for budget := emptyPerWrite * wrote; budget > 0; {
		if l.victim == nil {
			if l.all < 2*l.live+l.fileSize {
				return nil
			}
			l.choose()
			if l.victim == nil {
				return nil
			}
		}
		v, from := l.victim, l.at
		if from >= v.size {
			l.victim = nil
			continue
		}
		next, record, err := l.step(v, l.at)
		if err != nil {
			return err
		}
		l.at = next
		budget -= next - from
		hash, key, value := parts(record)
		if at := l.find(entryOf(hash, v, from)); at >= 0 {
			key, value = slices.Clone(key), slices.Clone(value)
			if err := l.take(at, v, key, value); err != nil {
				return err
			}
			if err := l.add(hash, key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// choose picks the segment with the least that counts.
func (l *spillLog) choose() {
	var least *segment
	for _, s := range l.order {
		if s != l.tail && s.live < s.size/4*3 && (least == nil || s.live*least.size < least.live*s.size) {
			least = s
		}
	}
	l.victim, l.at = least, 0
}

// step reads the record at an offset of a segment, and says where the next one begins.
func (l *spillLog) step(s *segment, offset int64) (next int64, record []byte, err error) {
	if record, err = l.read(s, offset); err != nil {
		return 0, nil, err
	}
	return offset + roundUp(int64(len(record))), record, nil
}

// walker goes through the records that were there when it was made, in the order of writing, leaving out those that have
// been taken since.
type walker struct {
	log    *spillLog
	line   uint64 // segments from this seq on came later
	seq    uint64 // of the segment that is read
	offset int64
}

// walk ends the segment that is written, so that what follows is told from what is there.
func (l *spillLog) walk() (*walker, error) {
	if err := l.seal(); err != nil {
		return nil, err
	}
	l.walks++
	return &walker{log: l, line: l.seq}, nil
}

// passed reports whether the walker will not come to what stands in a segment at or behind an offset.
func (w *walker) passed(s *segment, offset int64) bool {
	return s.seq >= w.line || s.seq < w.seq || s.seq == w.seq && offset < w.offset
}

// next returns the next record, which is the log's own memory until the next call of anything; nil at the end.
func (w *walker) next() (record []byte, err error) {
	l := w.log
	for {
		i, _ := slices.BinarySearchFunc(l.order, w.seq, func(s *segment, seq uint64) int { return cmp.Compare(s.seq, seq) })
		if i == len(l.order) || l.order[i].seq >= w.line {
			return nil, nil
		}
		s := l.order[i]
		if s.seq > w.seq {
			w.seq, w.offset = s.seq, 0
		}
		if w.offset >= s.size {
			w.seq, w.offset = w.seq+1, 0
			continue
		}
		from := w.offset
		if w.offset, record, err = l.step(s, from); err != nil {
			return nil, err
		}
		if hash, _, _ := parts(record); l.find(entryOf(hash, s, from)) >= 0 {
			return record, nil
		}
	}
}

func (w *walker) close() { w.log.walks-- }

// bytes is the memory that the log takes.
func (l *spillLog) bytes() int { return 8*cap(l.entries) + cap(l.buf) + cap(l.scratch) }

// reset forgets all records.
func (l *spillLog) reset() error {
	var errs []error
	for _, s := range l.order {
		errs = append(errs, s.file.Close(), os.Remove(s.file.Name()))
	}
	l.order, l.tail, l.victim, l.buf, l.segments, l.numbers = nil, nil, nil, nil, nil, slots{}
	l.entries, l.used, l.live, l.all, l.written = nil, 0, 0, 0, 0
	return errors.Join(errs...)
}
