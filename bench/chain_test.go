package bench

import (
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/all"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// batchRows is the runtime's default.
const batchRows = 4096

// chain is the operators of a query as one subtask has them, without a job, exchanges, sources and sinks around them:
// decoded batches go in where the query's tables are scanned, and the rows that come out are counted.
type chain struct {
	tb    testing.TB
	scans map[string]*link // by table
	links []*link          // upstream first
	rows  int
}

// link is a node with those that read it.
type link struct {
	chain  *chain
	schema *types.Schema
	op     operator.Operator // nil for a scan
	udf    *udf.Context
	next   []edge
}

type edge struct {
	to    *link
	input int
}

// newChain plans a script of CREATE TABLEs and SETs that ends in a query. Tables may have any connector, nothing is read.
func newChain(tb testing.TB, script string) *chain {
	tb.Helper()
	functions := udf.NewRegistry()
	if err := builtin.Register(functions); err != nil {
		tb.Fatal(err)
	}
	registry, err := all.Registry()
	if err != nil {
		tb.Fatal(err)
	}
	p := &planner.Planner{
		Catalog: catalog.New(), Functions: functions, Connectors: registry, Settings: planner.NewSettings(),
		Env: &connectors.Env{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)},
	}
	// With more than one subtask there would be first phases of aggregations, which the runtime leaves out where no exchange
	// follows.
	if err := p.Settings.Set("parallelism.default", "1"); err != nil {
		tb.Fatal(err)
	}
	file, errs := parser.ParseFile("bench.sql", script)
	var plan *physical.Plan
	for _, stmt := range file.Stmts {
		switch stmt := stmt.(type) {
		case *parser.Set:
			if err := p.Settings.Set(stmt.Key.Value, stmt.Value.Value); err != nil {
				tb.Fatal(err)
			}
		case *parser.Query:
			var more []error
			planned, list := p.PlanQuery(stmt)
			for _, e := range list {
				more = append(more, e)
			}
			if len(more) > 0 {
				tb.Fatal(more)
			}
			plan = planned
		default:
			_, list := p.Define(stmt)
			errs = append(errs, list...)
		}
	}
	if len(errs) > 0 || plan == nil {
		tb.Fatalf("the script has no plan: %v", errs)
	}
	return build(tb, plan)
}

func build(tb testing.TB, plan *physical.Plan) *chain {
	c := &chain{tb: tb, scans: map[string]*link{}}
	byNode := map[physical.Node]*link{}
	for _, n := range plan.Nodes {
		if _, last := n.(*physical.Collect); last {
			continue
		}
		l := &link{chain: c, schema: n.Base().Schema, udf: &udf.Context{Location: time.UTC, Now: time.Now, Watermark: math.MinInt64}}
		byNode[n] = l
		c.links = append(c.links, l)
		for input, in := range n.Base().Inputs {
			up := byNode[in.From]
			up.next = append(up.next, edge{l, input})
		}
		if scan, ok := n.(*physical.Scan); ok {
			if scan.Project != nil {
				tb.Fatal("a table with computed columns needs a scan that computes them")
			}
			name := scan.Table.Path
			for i := range name {
				if name[i] == '.' {
					c.scans[name[i+1:]] = l
				}
			}
			continue
		}
		var err error
		if l.op, err = operator.Build(n); err != nil {
			tb.Fatal(err)
		}
		if err := l.op.Open(&operator.Context{
			Parallelism: 1, Clock: clock.Real{}, UDF: l.udf, Metrics: &metrics.Operator{}, WakeAt: func(time.Time) {}, MaxRows: batchRows,
		}); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// Emit implements operator.Output.
func (l *link) Emit(b *types.Batch) error {
	if len(l.next) == 0 {
		l.chain.rows += b.Rows()
	}
	for _, e := range l.next {
		if err := e.to.op.Process(e.input, b, e.to); err != nil {
			return err
		}
	}
	return nil
}

// schema is that of the batches for a table: the columns that the query needs.
func (c *chain) schema(table string) *types.Schema { return c.scans[table].schema }

// send processes a batch of a table.
func (c *chain) send(table string, b *types.Batch) {
	if err := c.scans[table].Emit(b); err != nil {
		c.tb.Fatal(err)
	}
}

// watermark tells all operators that event time has come to w.
func (c *chain) watermark(w int64) {
	for _, l := range c.links {
		if l.op == nil {
			continue
		}
		l.udf.Watermark = w
		if err := l.op.OnWatermark(w, l); err != nil {
			c.tb.Fatal(err)
		}
	}
}

// column finds a column of a batch by its name.
func column(tb testing.TB, b *types.Batch, name string) *types.Vector {
	i := b.Schema.Index(name)
	if i < 0 {
		tb.Fatalf("no column %q in %s", name, b.Schema)
	}
	return b.Cols[i]
}

// fill makes a batch of n rows: value gives row i of a column, as types.Vector.AppendValue takes it.
func fill(s *types.Schema, n int, value func(column string, i int) any) *types.Batch {
	b := types.NewBatch(s)
	for k, v := range b.Cols {
		for i := range n {
			v.AppendValue(value(s.Fields[k].Name, i))
		}
	}
	b.N = n
	return b
}
