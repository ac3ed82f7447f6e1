// Package blackhole is Flink's `blackhole` connector: a sink that drops every row, to measure a query without its output.
package blackhole

import (
	"context"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `blackhole`.
var Spec = &connectors.Spec{
	Name:    "blackhole",
	Summary: "Takes any changelog and drops it.",
	NewSink: func(*connectors.Env, *connectors.Table) (connectors.Sink, error) { return hole{}, nil },
}

// hole is sink and writer in one; it has no state.
type hole struct{}

// Accepts implements connectors.Sink.
func (hole) Accepts() types.ChangelogMode { return types.Retract }

// NewWriter implements connectors.Sink.
func (hole) NewWriter(context.Context, connectors.WriterContext) (connectors.Writer, error) {
	return hole{}, nil
}

// Describe implements connectors.Sink.
func (hole) Describe() string { return "nowhere" }

// Write implements connectors.Writer.
func (hole) Write(*types.Batch) error { return nil }

// Full implements connectors.Writer.
func (hole) Full() bool { return false }

// Flush implements connectors.Writer.
func (hole) Flush() error { return nil }

// Barrier implements connectors.Writer.
func (hole) Barrier(int64) error { return nil }

// Prepared implements connectors.Writer.
func (hole) Prepared(int64) ([]byte, bool, error) { return nil, true, nil }

// Commit implements connectors.Writer.
func (hole) Commit(int64) error { return nil }

// Close implements connectors.Writer.
func (hole) Close() error { return nil }
