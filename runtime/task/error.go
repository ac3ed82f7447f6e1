package task

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Error is the failure of a task: which operator failed, and why. The cause may be a *diag.Error with a position in the
// query.
type Error struct {
	Operator string // name, with the table of scans and sinks
	ID       string
	Subtask  int
	// Record is where the record stands that the operator failed at: its place in a stream or file, or at least its event
	// time and key; "" when nothing is known.
	Record string
	Err    error

	row int // of the batch that the operator was given last, -1: not known
}

func (e *Error) Error() string {
	if e.Record != "" {
		return fmt.Sprintf("operator %s at %s: %v", e.Operator, e.Record, e.Err)
	}
	return fmt.Sprintf("operator %s: %v", e.Operator, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail says that err happened in v, unless it is known already where it happened.
func (v *vertex) fail(err error) error {
	if err == nil {
		return nil // before anything is allocated: this is called for every batch
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := &Error{Operator: v.label, ID: v.id, Subtask: v.task.subtask, Err: err, row: -1}
	var kept *operator.KeptRowError
	if errors.As(err, &kept) {
		e.Record = v.describe(kept.Batch, kept.Row)
	}
	return e
}

// failAt is fail for an error that came of a batch.
func (v *vertex) failAt(err error, b *types.Batch) error {
	err = v.fail(err)
	e, ok := err.(*Error)
	if !ok || e.ID != v.id {
		return err // of an operator behind this one
	}
	var row *udf.RowError
	if errors.As(e.Err, &row) && row.Row >= 0 && row.Row < b.N {
		e.row = row.Row
		e.Record = v.describe(b, e.row)
	}
	return err
}

// cameFrom says that an operator behind this one failed at a row that this one has emitted: what that is in its own input
// is known of those that pass rows on one by one.
func (v *vertex) cameFrom(err error) error {
	var e *Error
	if v.source != nil || !errors.As(err, &e) || e.row < 0 {
		return err
	}
	if t, ok := v.op.(operator.Tracer); ok {
		e.row = t.InputRow(e.row)
	} else {
		e.row = -1
	}
	return err
}

// describe says what is known of a row itself: its event time, its key.
func (v *vertex) describe(b *types.Batch, row int) string {
	var known []string
	if t := eventTime(b, row); t != "" {
		known = append(known, "event time "+t)
	}
	if len(v.keys) > 0 {
		var key []string
		for _, k := range v.keys {
			key = append(key, expr.Show(b.Cols[k], row))
		}
		known = append(known, "key ("+strings.Join(key, ", ")+")")
	}
	return strings.Join(known, ", ")
}

// eventTime is the event time of a row; "" when it has none.
func eventTime(b *types.Batch, row int) string {
	if b.Schema == nil {
		return ""
	}
	for i, f := range b.Schema.Fields {
		if f.Type.Attr != types.Rowtime || i >= len(b.Cols) || b.Cols[i].IsNull(row) {
			continue
		}
		ticks := f.Type.TicksPerSecond()
		t := b.Cols[i].I64[row]
		return time.Unix(floorDiv(t, ticks), (t-floorDiv(t, ticks)*ticks)*(1e9/ticks)).UTC().Format("2006-01-02 15:04:05.999999999")
	}
	return ""
}
