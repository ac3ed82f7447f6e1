package task

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// values emits constant rows and ends. State: how many have been emitted.
type values struct {
	v    *vertex
	node *physical.Values
	next int
	out  *types.Batch
	none types.Batch // one row without columns, that the expressions are evaluated over
}

func newValues(v *vertex, node *physical.Values) *values {
	return &values{v: v, node: node, out: types.NewBatch(node.Schema), none: types.Batch{Schema: types.NewSchema(), N: 1}}
}

func (s *values) open(context.Context) error {
	err := s.v.restore.Each("next", func(_, value []byte) error {
		n, used := binary.Uvarint(value)
		if used <= 0 || n > uint64(len(s.node.Rows)) {
			return errors.New("the checkpoint was taken of other rows than the query has")
		}
		s.next = int(n)
		return nil
	})
	s.v.restore = nil
	return err
}

func (s *values) poll(time.Time) (bool, error) {
	if s.v.task.subtask > 0 || s.next == len(s.node.Rows) {
		return true, s.v.task.end(exchange.Natural)
	}
	s.out.Reset()
	for s.next < len(s.node.Rows) && s.out.N < s.v.task.env.MaxRows {
		p, err := expr.Compile(s.node.Rows[s.next])
		if err != nil {
			return false, err
		}
		p.Open(&s.v.udf)
		cols, err := p.Eval(&s.none)
		if err != nil {
			return false, err
		}
		for i, c := range cols {
			if c.IsNull(0) {
				s.out.Cols[i].AppendNull() // also for an untyped NULL
			} else {
				s.out.Cols[i].AppendRow(c, 0)
			}
		}
		s.out.AppendKind(types.Insert)
		s.next++
	}
	return true, s.v.Emit(s.out)
}

func (s *values) deadline() time.Time { return time.Time{} }

func (s *values) snapshot(w *state.Writer) error {
	w.PutOperator("next", nil, binary.AppendUvarint(nil, uint64(s.next)))
	return nil
}

func (s *values) close() error { return nil }
