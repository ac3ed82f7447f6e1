package filesystem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/types"
)

// chunkSize is how much is read at a time: with the columns it becomes it stays within a core's second-level cache.
const chunkSize = 256 << 10

// pollBytes bounds how much text one Poll turns into columns, however many rows are asked for.
const pollBytes = 8 << 20

// reader reads one split through a buffer that it reuses; nothing else is kept, whatever the size of the file.
type reader struct {
	path      string
	file      *stream
	decoder   format.Decoder
	rc        connectors.ReaderContext
	maxRecord int

	buf        []byte
	begin, end int   // what is read and not yet decoded
	base       int64 // the offset of buf[0] in the file
	start      int64 // where decoding began
	polled     int64 // where the last Poll began
	limit      int64 // records that begin here or behind are another split's
	eof        bool
	lines      lineCounter
	again      func() (format.Decoder, error)
	rows       *types.Schema // that decoders fill

	direct    bool  // the decoder fills all columns of the batch, in their order
	stored    []int // else, which ones it fills
	view      types.Batch
	constants []constant
}

// constant is a column that has one value for the whole file.
type constant struct {
	column int
	value  *types.Vector // one row
}

type position struct {
	Offset int64 `json:"offset"`
}

func (s *source) open(split connectors.Split, rc connectors.ReaderContext) (*reader, error) {
	relative, part, err := parseSplitID(split.ID)
	if err != nil {
		return nil, err
	}
	r := &reader{path: filepath.Join(s.base, relative), rc: rc, maxRecord: s.maxRecord, limit: math.MaxInt64}
	if err := r.bind(s, relative); err != nil {
		return nil, err
	}
	if part != wholeFile {
		r.base = int64(part) * s.splitSize
		r.limit = r.base + s.splitSize
	}
	skip := r.base > 0
	if split.Position != nil {
		var p position
		if err := json.Unmarshal(split.Position, &p); err != nil || p.Offset < 0 {
			return nil, fmt.Errorf("split %s: position %s does not say where to go on", split.ID, split.Position)
		}
		r.base, skip = p.Offset, false
	}
	if skip {
		r.base-- // a newline just before the range means that a record begins with it
	}
	if r.file, err = openAt(r.path, r.base); err != nil {
		return nil, err
	}
	r.buf = make([]byte, min(s.chunkSize, s.maxRecord))
	for skip {
		if n := bytes.IndexByte(r.buf[:r.end], '\n'); n >= 0 {
			r.begin = n + 1
			break
		}
		r.begin = r.end
		if r.eof {
			break
		}
		if err := r.fill(); err != nil {
			return nil, r.file.orClose(err)
		}
	}
	r.start = r.base + int64(r.begin)
	return r, nil
}

// bind finds out which columns come from the decoder and which are the same for the whole file.
func (r *reader) bind(s *source, relative string) error {
	partitions, err := s.values(relative)
	if err != nil {
		return err
	}
	type source struct{ column, stored int }
	var decoded []source
	for i, c := range r.rc.Columns {
		if c.MetadataKey != "" {
			v, err := r.metadata(c)
			if err != nil {
				return err
			}
			r.constants = append(r.constants, constant{i, v})
		} else if v := partitions[c.Name]; v != nil {
			r.constants = append(r.constants, constant{i, v})
		} else if k := slices.IndexFunc(s.stored, func(f types.Field) bool { return f.Name == c.Name }); k >= 0 {
			decoded = append(decoded, source{i, k})
		} else {
			return fmt.Errorf("the table has no column %q", c.Name)
		}
	}
	slices.SortFunc(decoded, func(a, b source) int { return a.stored - b.stored })
	needed := make([]int, len(decoded))
	r.rows = types.NewSchema()
	for k, d := range decoded {
		r.rows.Fields = append(r.rows.Fields, s.stored[d.stored])
		needed[k] = d.stored
		r.stored = append(r.stored, d.column)
	}
	r.direct = slices.IsSorted(r.stored) && len(r.constants) == 0
	r.view.Cols = make([]*types.Vector, len(r.stored))
	r.again = func() (format.Decoder, error) { return s.decoder(needed, nil) }
	r.decoder, err = s.decoder(needed, r.rc.Ignored)
	return err
}

func (r *reader) metadata(c connectors.Column) (*types.Vector, error) {
	info, err := os.Stat(r.path)
	if err != nil {
		return nil, err
	}
	v := types.NewVector(c.Type)
	switch c.MetadataKey {
	case "file.path":
		v.AppendString(r.path)
	case "file.name":
		v.AppendString(filepath.Base(r.path))
	case "file.size":
		v.AppendValue(info.Size())
	case "file.modification-time":
		v.AppendValue(info.ModTime().UnixMilli())
	}
	return v, nil
}

// Poll implements connectors.Reader. Bad records are offered to BadRecord and skipped if it agrees.
func (r *reader) Poll(out *types.Batch, max int) (connectors.PollStatus, error) {
	r.polled = r.base + int64(r.begin)
	if r.direct {
		return r.poll(out, max)
	}
	for k, i := range r.stored {
		r.view.Cols[k] = out.Cols[i]
	}
	r.view.N, r.view.Kinds = out.N, out.Kinds
	status, err := r.poll(&r.view, max)
	for _, c := range r.constants {
		repeat(out.Cols[c.column], c.value, r.view.N-out.N)
	}
	out.N, out.Kinds = r.view.N, r.view.Kinds
	return status, err
}

func (r *reader) poll(out *types.Batch, max int) (connectors.PollStatus, error) {
	limit := out.N + max
	for budget := pollBytes; out.N < limit && budget > 0; {
		data, last := r.ready()
		n, err := r.decoder.DecodeLines(data, r.eof || last, out, limit-out.N)
		at := r.base + int64(r.begin)
		r.begin += n
		budget -= n
		if err != nil {
			var record *format.RecordError
			if !errors.As(err, &record) {
				return connectors.Ready, fmt.Errorf("read %s at byte %d: %w", r.path, at, err)
			}
			if err := r.rc.BadRecord(record.Record, r.where(at+int64(record.Offset)), record.Err); err != nil {
				return connectors.Ready, err
			}
			continue
		}
		switch {
		case n == len(data) && (last || r.eof):
			return connectors.Ended, nil
		case n > 0:
		case last || r.eof:
			return connectors.Ready, fmt.Errorf("read %s at byte %d: the format makes no record of what is left", r.path, at)
		default:
			if err := r.fill(); err != nil {
				return connectors.Ready, err
			}
		}
	}
	return connectors.Ready, nil
}

// ready returns what may be decoded now; last tells that the split ends with it.
func (r *reader) ready() (data []byte, last bool) {
	data = r.buf[r.begin:r.end]
	left := r.limit - r.base - int64(r.begin) // up to where records of this split begin
	if left <= 0 {
		return nil, true
	}
	if left-1 < int64(len(data)) {
		// The last record is the one that reaches past the limit or ends right before it.
		if n := bytes.IndexByte(data[left-1:], '\n'); n >= 0 {
			return data[:int(left)+n], true
		}
	}
	return data, false
}

// fill reads on, behind what is not decoded yet, in a larger buffer if that fills it.
func (r *reader) fill() error {
	if r.begin > 0 {
		copy(r.buf, r.buf[r.begin:r.end])
		r.base += int64(r.begin)
		r.end -= r.begin
		r.begin = 0
	}
	if r.end == len(r.buf) {
		if len(r.buf) >= r.maxRecord {
			return fmt.Errorf("read %s: the record at byte %d is longer than %d bytes; if it is one record, raise the option "+
				"source.max-record-size", r.path, r.base, r.maxRecord)
		}
		r.buf = append(r.buf, make([]byte, min(len(r.buf), r.maxRecord-len(r.buf)))...)
	}
	n, err := r.file.Read(r.buf[r.end:])
	r.end += n
	if err == io.EOF {
		r.eof = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s at byte %d: %w", r.path, r.base+int64(r.end), err)
	}
	return nil
}

// Position implements connectors.Reader.
func (r *reader) Position() []byte {
	return fmt.Appendf(nil, `{"offset":%d}`, r.base+int64(r.begin))
}

// BytesRead implements connectors.ByteCounter.
func (r *reader) BytesRead() int64 { return r.base + int64(r.begin) - r.start }

// Locate implements connectors.Locator: it reads what the last Poll has read once more, record by record.
func (r *reader) Locate(row int) string {
	at, err := r.offset(row)
	if err != nil {
		return fmt.Sprintf("file %s, between byte %d and %d", r.path, r.polled, r.base+int64(r.begin))
	}
	var lines lineCounter // r.lines may be further already
	defer lines.close()
	return r.place(&lines, at)
}

// offset finds the record that a row of the last Poll came from.
func (r *reader) offset(row int) (int64, error) {
	decoder, err := r.again()
	if err != nil {
		return 0, err
	}
	file, err := openAt(r.path, r.polled)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	data := make([]byte, r.base+int64(r.begin)-r.polled)
	if _, err := io.ReadFull(file, data); err != nil {
		return 0, err
	}
	rows := types.NewBatch(r.rows)
	for at := 0; at < len(data); {
		n, err := decoder.DecodeLines(data[at:], true, rows, 1)
		var bad *format.RecordError
		if err != nil && !errors.As(err, &bad) || n == 0 {
			return 0, errors.New("the file has changed")
		}
		if rows.N > row {
			for ; n > 1 && (data[at] == '\n' || data[at] == '\r'); at++ { // empty lines in front
				n--
			}
			return r.polled + int64(at), nil
		}
		at += n
	}
	return 0, errors.New("the file has changed")
}

// where names a place in the file.
func (r *reader) where(offset int64) string { return r.place(&r.lines, offset) }

func (r *reader) place(lines *lineCounter, offset int64) string {
	line, err := lines.at(r.path, offset)
	if err != nil {
		return fmt.Sprintf("file %s, byte %d", r.path, offset)
	}
	return fmt.Sprintf("file %s, line %d, byte %d", r.path, line, offset)
}

// Close implements connectors.Reader.
func (r *reader) Close() error {
	r.lines.close()
	return r.file.Close()
}

// lineCounter finds the lines that bad records stand on: by reading the file a second time as far as the last of them, so that
// nothing has to be counted while all is well.
type lineCounter struct {
	file   *stream // nil before the first one
	offset int64
	before int64 // newlines in front of offset
}

// maxCounted is how much of a file is read to find a line.
const maxCounted = 1 << 30

// at returns the number of the line, from 1 on, that a byte is on. Offsets don't fall.
func (l *lineCounter) at(path string, offset int64) (int64, error) {
	if offset-l.offset > maxCounted {
		return 0, errors.New("too far")
	}
	if l.file == nil {
		var err error
		if l.file, err = openAt(path, 0); err != nil {
			return 0, err
		}
	}
	buf := make([]byte, min(chunkSize, max(offset-l.offset, 0)))
	for l.offset < offset {
		n, err := l.file.Read(buf[:min(int64(len(buf)), offset-l.offset)])
		l.before += int64(bytes.Count(buf[:n], []byte{'\n'}))
		l.offset += int64(n)
		if err != nil {
			return 0, err
		}
	}
	return l.before + 1, nil
}

func (l *lineCounter) close() {
	if l.file != nil {
		l.file.Close()
	}
}

// repeat appends n copies of the only row of one.
func repeat(v, one *types.Vector, n int) {
	for n > 0 {
		k := min(n, len(zeros))
		v.AppendSelected(one, zeros[:k])
		n -= k
	}
}

var zeros [1024]int32
