package connectortest

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// Start is when the virtual clocks of tests begin.
var Start = time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)

// Env is an environment for connectors under test.
type Env struct {
	connectors.Env
	Clock  *clock.Virtual
	Output *Buffer // what was printed
}

// NewEnv returns an environment whose clock stands at Start.
func NewEnv() *Env {
	e := &Env{Clock: clock.NewVirtual(Start), Output: &Buffer{}}
	e.Env = connectors.Env{Clock: e.Clock, Log: slog.New(slog.DiscardHandler), Stdout: e.Output, Seed: 1}
	return e
}

// Run calls f as a participant of the clock.
func (e *Env) Run(t *testing.T, f func()) {
	t.Helper()
	e.Clock.Run(f)
	if t.Failed() { // f may have ended its goroutine
		t.FailNow()
	}
}

// Buffer is a bytes.Buffer for several goroutines.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Table makes the table that a connector would be given for these options, which must be right. f is nil for connectors
// without a format.
func Table(t testing.TB, spec *connectors.Spec, f *format.Spec, options map[string]string, columns ...connectors.Column) *connectors.Table {
	t.Helper()
	decls := spec.Options
	if f != nil {
		decls = append(append([]option.Option{}, decls...), f.Options...)
	}
	values, errs := option.Check(options, decls, func(string, []string) string { return "" })
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	return &connectors.Table{Path: "`c`.`d`.`t`", Columns: columns, Options: values, Format: f}
}

// NewBatch returns an empty batch for these columns.
func NewBatch(columns []connectors.Column) *types.Batch {
	s := &types.Schema{}
	for _, c := range columns {
		s.Fields = append(s.Fields, types.Field{Name: c.Name, Type: c.Type})
	}
	return types.NewBatch(s)
}

// Row returns row i of b: its kind, and its values as Vector.Value has them.
func Row(b *types.Batch, i int) []any {
	row := []any{b.Kind(i).String()}
	for _, c := range b.Cols {
		row = append(row, c.Value(i))
	}
	return row
}
