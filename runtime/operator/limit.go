package operator

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// limit shows the rows Offset..Offset+Count in the order of their arrival. Of an input that only inserts it passes on
// these and drops the rest. Of a changelog it keeps all rows: when one of those shown, or before them, is taken away,
// the ones behind move up.
//
// State: the number of rows so far, or the rows; it belongs to the one subtask that a limit has.
type limit struct {
	node *physical.Limit
	end  int64 // the first row not shown
	seen int64 // append-only: rows so far

	rows  *state.Rows // of a changelog: the rows
	order []int32     // of a changelog: they, by arrival
	out   types.Batch
	sel   []int32
	moves *types.Batch
	buf   []byte
}

var _ Operator = (*limit)(nil)

func newLimit(node *physical.Limit) *limit {
	l := &limit{node: node, end: math.MaxInt64, out: types.Batch{Schema: node.Schema}}
	if node.Count >= 0 {
		l.end = node.Offset + node.Count
	}
	if from := node.Inputs[0].From; from.Base().Mode != types.AppendOnly {
		l.rows, l.moves = &state.Rows{}, types.NewBatch(node.Schema)
	}
	return l
}

func (l *limit) Process(_ int, b *types.Batch, out Output) error {
	n := int64(b.Rows())
	if l.rows != nil {
		return l.change(b, out)
	}
	from, to := max(l.node.Offset-l.seen, 0), min(l.end-l.seen, n)
	l.seen += n
	if from >= to {
		return nil
	}
	l.sel = l.sel[:0]
	for k := from; k < to; k++ {
		l.sel = append(l.sel, rowAt(b.Sel, int(k)))
	}
	l.out.Cols, l.out.Kinds, l.out.N, l.out.Sel = b.Cols, b.Kinds, b.N, l.sel
	return out.Emit(&l.out)
}

// change applies a changelog row by row.
func (l *limit) change(b *types.Batch, out Output) error {
	for k := range b.Rows() {
		i := int(rowAt(b.Sel, k))
		l.buf = types.EncodeRow(l.buf[:0], b.Cols, i)
		if !b.Kind(i).Retracts() {
			l.order = append(l.order, l.rows.Add(0, l.buf))
			if at := int64(len(l.order)) - 1; at >= l.node.Offset && at < l.end {
				l.emit(types.Insert, at)
			}
			continue
		}
		at := l.find(l.buf)
		if at < 0 {
			continue
		}
		if at < l.end && int64(len(l.order)) > l.node.Offset {
			l.emit(types.Delete, max(at, l.node.Offset))
		}
		l.rows.Remove(l.order[at])
		l.order = append(l.order[:at], l.order[at+1:]...)
		if at < l.end && int64(len(l.order)) >= l.end {
			l.emit(types.Insert, l.end-1)
		}
	}
	return flush(l.moves, out)
}

// find returns the place of a row, or -1.
func (l *limit) find(row []byte) int64 {
	for at, slot := range l.order {
		if string(l.rows.Get(slot)) == string(row) {
			return int64(at)
		}
	}
	return -1
}

func (l *limit) emit(kind types.RowKind, at int64) {
	if _, err := types.DecodeRow(l.rows.Get(l.order[at]), l.moves.Cols); err != nil {
		panic("operator: kept row does not decode: " + err.Error()) // EncodeRow wrote it for these columns
	}
	l.moves.AppendKind(kind)
}

func (l *limit) Open(ctx *Context) error {
	if err := ctx.Restore.Each("seen", func(_, value []byte) error {
		n, used := binary.Uvarint(value)
		if used <= 0 {
			return errState
		}
		l.seen = int64(n)
		return nil
	}); err != nil {
		return err
	}
	return ctx.Restore.Each("row", func(_, value []byte) error {
		if l.rows == nil {
			return errState
		}
		l.order = append(l.order, l.rows.Add(0, value))
		return nil
	})
}

// Snapshot writes an entry "seen" with the number of rows, or an entry "row" per row in order.
func (l *limit) Snapshot(w *state.Writer) error {
	w.PutOperator("seen", nil, binary.AppendUvarint(nil, uint64(l.seen)))
	for _, slot := range l.order {
		w.PutOperator("row", nil, l.rows.Get(slot))
	}
	return nil
}

func (l *limit) OnWatermark(int64, Output) error { return nil }

func (l *limit) OnTime(time.Time, Output) error { return nil }

func (l *limit) Finish(Output) error { return nil }

func (l *limit) Close() error { return nil }
