// Package print is Flink's `print` connector: a sink that shows each row on standard output as +I[1, abc].
package print

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `print`.
var Spec = &connectors.Spec{
	Name:    "print",
	Summary: "Prints every row with its kind.",
	Options: []option.Option{
		{Key: "print-identifier", Kind: option.String, Summary: "A word in front of each row: word> +I[1]; with parallelism word:2> +I[1]."},
		{Key: "standard-error", Kind: option.Bool, Default: "false", Summary: "Print to standard error instead."},
	},
	NewSink: newSink,
}

type sink struct {
	mu         sync.Mutex // the writers of a table share its output
	out        io.Writer
	identifier string
	where      string
}

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	s := &sink{out: env.Stdout, identifier: t.Options.String("print-identifier"), where: "standard output"}
	if t.Options.Bool("standard-error") {
		s.out, s.where = os.Stderr, "standard error"
	}
	return s, nil
}

// Accepts implements connectors.Sink.
func (s *sink) Accepts() types.ChangelogMode { return types.Retract }

// Describe implements connectors.Sink.
func (s *sink) Describe() string { return s.where }

// NewWriter implements connectors.Sink.
func (s *sink) NewWriter(_ context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	w := &writer{sink: s}
	switch {
	case s.identifier != "" && wc.Parallelism > 1:
		w.prefix = fmt.Sprintf("%s:%d> ", s.identifier, wc.Subtask+1)
	case s.identifier != "":
		w.prefix = s.identifier + "> "
	case wc.Parallelism > 1:
		w.prefix = fmt.Sprintf("%d> ", wc.Subtask+1)
	}
	return w, nil
}

// writer prints a batch with one call, so that lines of parallel writers don't mix.
type writer struct {
	sink   *sink
	prefix string
	buf    []byte
}

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	w.buf = w.buf[:0]
	row := func(i int) {
		w.buf = append(w.buf, w.prefix...)
		w.buf = append(w.buf, b.Kind(i).String()...)
		w.buf = appendRow(w.buf, b.Cols, i)
		w.buf = append(w.buf, '\n')
	}
	if b.Sel == nil {
		for i := range b.N {
			row(i)
		}
	}
	for _, i := range b.Sel {
		row(int(i))
	}
	w.sink.mu.Lock()
	defer w.sink.mu.Unlock()
	_, err := w.sink.out.Write(w.buf)
	return err
}

// Full implements connectors.Writer.
func (w *writer) Full() bool { return false }

// Flush implements connectors.Writer.
func (w *writer) Flush() error { return nil }

// Barrier implements connectors.Writer.
func (w *writer) Barrier(int64) error { return nil }

// Prepared implements connectors.Writer: rows that are printed are out.
func (w *writer) Prepared(int64) ([]byte, bool, error) { return nil, true, nil }

// Commit implements connectors.Writer.
func (w *writer) Commit(int64) error { return nil }

// Close implements connectors.Writer.
func (w *writer) Close() error { return nil }
