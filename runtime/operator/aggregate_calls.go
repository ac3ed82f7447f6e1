package operator

import "github.com/weirsql/weir/diag"

// The operators that aggregate tell their task when a function has failed.
var (
	_ Calls = (*groupAggregate)(nil)
	_ Calls = (*overAggregate)(nil)
	_ Calls = (*sessionAggregate)(nil)
	_ Calls = (*windowAggregate)(nil)
)

func (g *groupAggregate) Err() error                   { return g.aggs.err() }
func (g *groupAggregate) Calling() (string, diag.Span) { return g.aggs.called() }

func (o *overAggregate) Err() error                   { return o.aggs.err() }
func (o *overAggregate) Calling() (string, diag.Span) { return o.aggs.called() }

func (s *sessionAggregate) Err() error                   { return s.aggs.err() }
func (s *sessionAggregate) Calling() (string, diag.Span) { return s.aggs.called() }

func (w *windowAggregate) Err() error                   { return w.aggs.err() }
func (w *windowAggregate) Calling() (string, diag.Span) { return w.aggs.called() }
