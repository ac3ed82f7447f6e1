package task

import (
	"context"
	"fmt"
	"slices"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// sink writes rows into a table: NOT NULL is enforced, rows are reduced to one change per primary key where the query's
// key is another one, -U rows are replaced where the sink doesn't take them, and the writer gets the rest. It emits
// nothing.
//
// State: the writer's, and the materializer's. Source: Flink's StreamExecSink.
type sink struct {
	operator.Stateless
	v           *vertex
	node        *physical.Sink
	ctx         context.Context // of the job, for the writer
	writer      *writer
	dead        *deadLetter   // or nil
	materialize *materializer // or nil
	out         types.Batch
	sel         []int32
	kinds       []types.RowKind
}

var _ operator.Operator = (*sink)(nil)

func newSink(ctx context.Context, v *vertex, node *physical.Sink) *sink {
	s := &sink{v: v, node: node, ctx: ctx}
	if node.Materialize {
		s.materialize = newMaterializer(node)
	}
	s.out.Schema = node.Schema
	return s
}

func (s *sink) Open(ctx *operator.Context) error {
	if s.materialize != nil {
		if err := s.materialize.open(ctx.Memory, ctx.Restore); err != nil {
			return err
		}
	}
	var err error
	if s.node.DeadLetter != nil {
		if s.dead, err = openDeadLetter(s.ctx, s.v, s.node.DeadLetter); err != nil {
			return err
		}
	}
	s.writer, err = openWriter(s.ctx, s.v, "writer", s.node.Sink, s.node.Table, s.badRow)
	if err != nil {
		return err
	}
	if x, ok := s.writer.w.(connectors.Sender); ok {
		s.v.sender.Store(&x)
	}
	return nil
}

// badRow is connectors.WriterContext.BadRow.
func (s *sink) badRow(raw []byte, where string, err error) error {
	s.v.metrics.Failed.Add(1)
	if s.dead != nil {
		s.dead.add(raw, where, err)
		return nil
	}
	return fmt.Errorf("%s: %w; to go on without such rows, name a table to take them in the option 'dead-letter'", where, err)
}

func (s *sink) Process(_ int, b *types.Batch, _ operator.Output) error {
	s.out.Cols, s.out.Kinds, s.out.N, s.out.Sel = b.Cols, b.Kinds, b.N, b.Sel
	if err := s.enforceNotNull(); err != nil {
		return err
	}
	out := &s.out
	if s.materialize != nil {
		var err error
		if out, err = s.materialize.process(out); err != nil {
			return err
		}
		s.v.metrics.StateKeys.Store(int64(s.materialize.keys.Len() + s.materialize.keys.Spilled()))
		s.v.metrics.StateBytes.Store(int64(s.materialize.used()))
		s.v.metrics.Spilled.Store(s.materialize.account.Spilled())
	}
	if out.Kinds != nil && !s.node.Accepts.Has(types.UpdateBefore) {
		s.replaceBefore(out)
	}
	if out.Rows() == 0 {
		return nil
	}
	if err := s.writer.write(out); err != nil || s.dead == nil {
		return err
	}
	return s.dead.flush()
}

// replaceBefore makes a batch fit for a sink that takes no -U rows. One that is followed by the +U of the same key is
// dropped, since that replaces the row. Any other one deletes the row: its +U has been filtered out on the way, or it comes
// with the next batch.
//
// Source: Flink's upsert sinks take a -U row as a deletion.
func (s *sink) replaceBefore(b *types.Batch) {
	if !slices.Contains(b.Kinds, types.UpdateBefore) {
		return
	}
	before := -1 // the last row, if it is -U
	s.kinds = append(s.kinds[:0], b.Kinds...)
	s.keep(b, func(i int) bool {
		if before >= 0 && s.kinds[i] == types.UpdateAfter && s.sameKey(b, before, i) {
			s.kinds[before] = types.UpdateBefore
		}
		if before = -1; s.kinds[i] == types.UpdateBefore {
			before, s.kinds[i] = i, types.Delete
		}
		return true
	})
	if deletes := s.node.Accepts.Has(types.Delete); slices.Contains(s.kinds, types.UpdateBefore) || !deletes {
		s.keep(b, func(i int) bool {
			return s.kinds[i] != types.UpdateBefore && (deletes || b.Kinds[i] != types.UpdateBefore)
		})
	}
	b.Kinds = s.kinds
}

func (s *sink) sameKey(b *types.Batch, i, j int) bool {
	for _, k := range s.node.Key {
		if types.CompareAt(b.Cols[k], i, b.Cols[k], j) != 0 {
			return false
		}
	}
	return true
}

// enforceNotNull looks for NULLs in columns that the table declares NOT NULL.
//
// Source: Flink's ConstraintEnforcer and its message.
func (s *sink) enforceNotNull() error {
	for _, c := range s.node.NotNull {
		v := s.out.Cols[c]
		if v.Valid.AllValid(s.out.N) {
			continue
		}
		before := s.out.Rows()
		s.keep(&s.out, func(i int) bool { return !v.IsNull(i) })
		if dropped := before - s.out.Rows(); dropped > 0 && !s.node.DropNulls {
			return fmt.Errorf("column %q of table %s is NOT NULL, but a NULL is being written into it; "+
				"'table.exec.sink.not-null-enforcer' = 'DROP' would drop such rows", s.node.Schema.Fields[c].Name, s.node.Table.Path)
		}
	}
	return nil
}

// keep selects those of the rows of b for which want is true.
func (s *sink) keep(b *types.Batch, want func(row int) bool) {
	in := b.Sel
	s.sel = s.sel[:0:cap(s.sel)]
	if in == nil {
		for i := range b.N {
			if want(i) {
				s.sel = append(s.sel, int32(i))
			}
		}
	} else {
		// In place is fine when in is s.sel itself: what is written has been read.
		for _, i := range in {
			if want(int(i)) {
				s.sel = append(s.sel, i)
			}
		}
	}
	b.Sel = s.sel
	if len(b.Sel) == 0 && b.Sel == nil {
		b.Sel = []int32{}
	}
}

// OnWatermark implements operator.Operator.
func (s *sink) OnWatermark(w int64, _ operator.Output) error {
	if x, ok := s.writer.w.(connectors.WatermarkWriter); ok {
		x.Watermark(w)
	}
	return nil
}

// Close implements operator.Operator. The task closes the writer.
func (s *sink) Close() error {
	if s.materialize != nil {
		return s.materialize.close()
	}
	return nil
}

func (s *sink) Snapshot(w *state.Writer) error {
	if s.materialize != nil {
		return s.materialize.snapshot(w)
	}
	return nil // the task saves the writer's part
}
