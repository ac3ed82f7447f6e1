package operator

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// sorter orders rows. ByTime, the first key is event time: a row leaves, behind the rows before
// it, when the watermark has passed its time; one that comes later than that is dropped and counted. Otherwise all rows
// leave at the end of the bounded input, cut to Offset and Count. Rows with equal keys stay in the order they came. Rows
// that have been taken back by then were never there; ByTime takes no such input.
//
// State: the rows that have not left; it belongs to the one subtask that a sort has. Source: Flink's
// RowTimeSortOperator and SortOperator.
type sorter struct {
	node     *physical.Sort
	ctx      *Context
	progress int64
	rows     *types.Batch
	rest     *types.Batch
	order    []int32
	foldAt   int // when a changelog has grown to this, what it takes back is removed
}

var _ Operator = (*sorter)(nil)

func newSort(node *physical.Sort) *sorter {
	return &sorter{node: node, progress: noWatermark, rows: types.NewBatch(node.Schema), rest: types.NewBatch(node.Schema)}
}

func (s *sorter) Process(_ int, b *types.Batch, _ Output) error {
	if !s.node.ByTime {
		s.rows.AppendBatch(b)
		if s.rows.Kinds != nil && s.rows.N >= s.foldAt {
			s.fold()
			s.foldAt = max(1<<14, 2*s.rows.N)
		}
		return nil
	}
	var buf []int64
	times, err := (&windowClock{}).times(&buf, b, s.node.Keys[0].Column)
	if err != nil {
		return err
	}
	s.order = s.order[:0]
	for k := range b.Rows() {
		if i := rowAt(b.Sel, k); times[i] > s.progress {
			s.order = append(s.order, i)
		} else {
			s.ctx.Metrics.Late.Add(1)
		}
	}
	s.rows.AppendSelected(b, s.order)
	return nil
}

// fold removes from a changelog what it takes back, so that only rows which are there are left.
func (s *sorter) fold() {
	if s.rows.Kinds == nil {
		return
	}
	there := map[string][]int32{} // by content, the rows not taken back so far
	gone := make([]bool, s.rows.N)
	var key []byte
	for i := range s.rows.N {
		key = types.EncodeRow(key[:0], s.rows.Cols, i)
		same := there[string(key)]
		switch {
		case !s.rows.Kind(i).Retracts():
			there[string(key)] = append(same, int32(i))
			continue
		case len(same) > 0:
			gone[same[len(same)-1]] = true
			there[string(key)] = same[:len(same)-1]
		}
		gone[i] = true
	}
	s.order = s.order[:0]
	for i, g := range gone {
		if !g {
			s.order = append(s.order, int32(i))
		}
	}
	s.rows.Kinds = nil
	s.rest.Reset()
	s.rest.AppendSelected(s.rows, s.order)
	s.rows, s.rest = s.rest, s.rows
}

// compare orders two of the kept rows by the keys.
func (s *sorter) compare(i, j int32) int {
	for _, k := range s.node.Keys {
		v := s.rows.Cols[k.Column]
		iNull, jNull := v.IsNull(int(i)), v.IsNull(int(j))
		if iNull || jNull {
			if iNull == jNull {
				continue
			}
			if iNull == k.NullsFirst {
				return -1
			}
			return 1
		}
		if c := types.CompareAt(v, int(i), v, int(j)); c != 0 {
			if k.Desc {
				return -c
			}
			return c
		}
	}
	return cmp.Compare(i, j)
}

func (s *sorter) OnWatermark(t int64, out Output) error {
	if !s.node.ByTime || t <= s.progress {
		return nil
	}
	s.progress = t
	var buf []int64
	times, err := (&windowClock{}).times(&buf, s.rows, s.node.Keys[0].Column)
	if err != nil {
		return err
	}
	var stay []int32
	s.order = s.order[:0]
	for i, at := range times {
		if at <= t {
			s.order = append(s.order, int32(i))
		} else {
			stay = append(stay, int32(i))
		}
	}
	if len(s.order) == 0 {
		return nil
	}
	slices.SortFunc(s.order, s.compare)
	if err := s.emit(s.order, out); err != nil {
		return err
	}
	s.rest.Reset()
	s.rest.AppendSelected(s.rows, stay)
	s.rows, s.rest = s.rest, s.rows
	return nil
}

func (s *sorter) emit(order []int32, out Output) error {
	for from := 0; from < len(order); from += s.ctx.MaxRows {
		s.rest.Reset()
		s.rest.AppendSelected(s.rows, order[from:min(len(order), from+s.ctx.MaxRows)])
		if err := out.Emit(s.rest); err != nil {
			return err
		}
	}
	return nil
}

// Finish emits what a bounded sort has collected.
func (s *sorter) Finish(out Output) error {
	if s.node.ByTime {
		return nil
	}
	s.fold()
	order := upTo(nil, s.rows.N)
	slices.SortFunc(order, s.compare)
	from, to := min(s.node.Offset, int64(len(order))), int64(len(order))
	if s.node.Count >= 0 {
		to = min(to, s.node.Offset+s.node.Count)
	}
	if from >= to {
		return nil
	}
	err := s.emit(order[from:to], out)
	s.rows.Reset()
	return err
}

func (s *sorter) Open(ctx *Context) error {
	s.ctx = ctx
	if err := ctx.Restore.Each("progress", func(_, value []byte) error {
		if len(value) != 8 {
			return errState
		}
		s.progress = int64(binary.LittleEndian.Uint64(value))
		return nil
	}); err != nil {
		return err
	}
	return ctx.Restore.Each("row", func(_, value []byte) error {
		if _, err := types.DecodeRow(value, s.rows.Cols); err != nil {
			return err
		}
		s.rows.AppendKind(types.Insert)
		return nil
	})
}

// Snapshot writes an entry "progress" with the watermark and an entry "row" per row, in the order they came.
func (s *sorter) Snapshot(w *state.Writer) error {
	if s.progress != math.MinInt64 {
		w.PutOperator("progress", nil, binary.LittleEndian.AppendUint64(nil, uint64(s.progress)))
	}
	s.fold()
	var buf []byte
	for i := range s.rows.N {
		buf = types.EncodeRow(buf[:0], s.rows.Cols, i)
		w.PutOperator("row", nil, buf)
	}
	return nil
}

func (s *sorter) OnTime(time.Time, Output) error { return nil }

func (s *sorter) Close() error { return nil }

// upTo returns 0..n-1.
func upTo(s []int32, n int) []int32 {
	for k := len(s); k < n; k++ {
		s = append(s, int32(k))
	}
	return s[:n]
}
