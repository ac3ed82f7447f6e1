package operator_test

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// overNode is an OverAggregate over append-only rows of s, ordered by the column ts.
func overNode(s *types.Schema, partition []int, frame physical.Frame, functions []*rex.Call, calls ...string) *physical.OverAggregate {
	n := &physical.OverAggregate{
		Info:        physical.Info{Mode: types.AppendOnly, Inputs: []physical.Edge{input(s, types.AppendOnly)}},
		PartitionBy: partition, Time: s.Index("ts"), Frame: frame, Functions: functions,
	}
	n.Proctime = s.Fields[n.Time].Type.Attr == types.Proctime
	out := &types.Schema{Fields: append([]types.Field(nil), s.Fields...)}
	for _, f := range functions {
		out.Fields = append(out.Fields, types.Field{Name: f.String(), Type: f.Fn.Result})
	}
	for _, c := range calls {
		n.Aggs = append(n.Aggs, call(s, c))
	}
	for _, a := range n.Aggs {
		out.Fields = append(out.Fields, types.Field{Name: a.Name, Type: a.Fn.Result})
	}
	n.Schema = out
	return n
}

var (
	unboundedRange = physical.Frame{}
	unboundedRows  = physical.Frame{Rows: true}
)

// products multiplies the numbers of each group, NULLs left out, and fails for 13: a function whose results tell the order and
// the number of the rows it has seen.
type products struct{ of []int64 }

func (p *products) Grow(n int) {
	for len(p.of) < n {
		p.of = append(p.of, 1)
	}
}
func (p *products) Reset(group int32) { p.of[group] = 1 }
func (p *products) Bytes() int        { return 8 * len(p.of) }
func (p *products) Eval(_ *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	return udf.EachRow(out, n, func(i int) error {
		x := args[0].I64[i]
		if x == 13 {
			return &udf.RowError{Row: i, Err: errors.New("thirteen")}
		}
		p.of[groups[i]] = (p.of[groups[i]]*7 + x) % 1_000_003
		out.I64[i] = p.of[groups[i]]
		return nil
	})
}
func (p *products) Encode(dst []byte, group int32) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(p.of[group]))
}
func (p *products) Decode(group int32, b []byte) error {
	if len(b) != 8 {
		return errors.New("a product has 8 bytes")
	}
	p.of[group] = int64(binary.LittleEndian.Uint64(b))
	return nil
}

func product(s *types.Schema, column string) *rex.Call {
	return &rex.Call{
		Spec: &udf.Spec{Name: "PRODUCT"}, Args: []rex.Expr{columnOf(s, column)},
		Fn: &udf.BoundScalar{Args: []types.Type{types.BigIntType}, Result: types.BigIntType, New: func() udf.Stateful { return &products{} }},
	}
}

// A function with memory has one per key, and sees a key's rows in the order of time, rows of the same time as they came. Rows
// with a NULL argument are not shown to it.
func TestOverFunction(t *testing.T) {
	s := schema("k STRING, v BIGINT, ts TIME")
	script{node: overNode(s, []int{0}, unboundedRange, []*rex.Call{product(s, "v")}), text: `
		+I a 2 00:00:05
		+I b 1 00:00:02
		+I a 1 00:00:01
		+I a 3 00:00:05
		+I NULL 4 00:00:03
		watermark 00:00:04
		> +I a 1 00:00:01 8
		> +I b 1 00:00:02 8
		> +I NULL 4 00:00:03 11
		+I a 5 00:00:04
		late 1
		+I b NULL 00:00:06
		+I b 2 00:00:07
		watermark 00:00:06
		> +I a 2 00:00:05 58
		> +I a 3 00:00:05 409
		> +I b NULL 00:00:06 NULL
		finish
		> +I b 2 00:00:07 58
	`}.run(t)
	// Without a key there is one memory; a value that the function refuses is named.
	script{node: overNode(s, nil, unboundedRange, []*rex.Call{product(s, "v"), product(s, "v")}), text: `
		+I b 2 00:00:02
		+I a 1 00:00:01
		watermark 00:00:04
		> +I a 1 00:00:01 8 8
		> +I b 2 00:00:02 58 58
	`}.run(t)
	j := newJob(t, overNode(s, nil, unboundedRange, []*rex.Call{product(s, "v")}), nil, time.Time{})
	j.open(1, nil)
	if err := j.feed([]string{"+I a 13 00:00:01"}, 0, func() {}); err != nil {
		t.Fatal(err)
	}
	if err := j.ops[0].OnWatermark(5000, j); err == nil || !strings.Contains(err.Error(), "PRODUCT(v) for (13): thirteen") {
		t.Errorf("error %v, want one that names the value", err)
	}
	script{node: overNode(s, nil, unboundedRange, []*rex.Call{product(s, "v")}), text: `
		+I b 2 NULL
		error "ts" is NULL
	`}.run(t)
}

// Flink's testRowTimeUnBoundedPartitionedRangeOver: rows of the same time have the same results.
func TestOverUnboundedRange(t *testing.T) {
	s := schema("a INT, b BIGINT, c STRING, ts TIME")
	n := overNode(s, []int{0}, unboundedRange, nil, "SUM(b)", "COUNT(b)", "AVG(b)", "MAX(b)", "MIN(b)", "COUNT(DISTINCT b)", "LISTAGG(c)")
	script{node: n, text: `
		+I 1 1 Hi 00:00:05
		+I 2 1 Hello 00:00:00
		+I 1 1 Hello 00:00:02
		+I 1 2 Hello 00:00:02
		+I 1 3 Hello_world 00:00:02
		+I 2 2 Hello_world 00:00:03
		+I 2 3 Hello_world 00:00:03
		watermark 00:00:20
		> +I 2 1 Hello 00:00:00 1 1 1 1 1 1 Hello
		> +I 1 1 Hello 00:00:02 6 3 2 3 1 3 Hello,Hello,Hello_world
		> +I 1 2 Hello 00:00:02 6 3 2 3 1 3 Hello,Hello,Hello_world
		> +I 1 3 Hello_world 00:00:02 6 3 2 3 1 3 Hello,Hello,Hello_world
		> +I 2 2 Hello_world 00:00:03 6 3 2 3 1 3 Hello,Hello_world,Hello_world
		> +I 2 3 Hello_world 00:00:03 6 3 2 3 1 3 Hello,Hello_world,Hello_world
		> +I 1 1 Hi 00:00:05 7 4 1 3 1 3 Hello,Hello,Hello_world,Hi
		+I 1 4 x 00:00:21
		+I 1 5 x 00:00:22
		+I 1 6 x 00:00:22
		+I 1 7 x 00:00:22
		+I 2 4 x 00:00:23
		+I 2 5 x 00:00:23
		watermark 00:00:30
		> +I 1 4 x 00:00:21 11 5 2 4 1 4 Hello,Hello,Hello_world,Hi,x
		> +I 1 5 x 00:00:22 29 8 3 7 1 7 Hello,Hello,Hello_world,Hi,x,x,x,x
		> +I 1 6 x 00:00:22 29 8 3 7 1 7 Hello,Hello,Hello_world,Hi,x,x,x,x
		> +I 1 7 x 00:00:22 29 8 3 7 1 7 Hello,Hello,Hello_world,Hi,x,x,x,x
		> +I 2 4 x 00:00:23 15 5 3 5 1 5 Hello,Hello_world,Hello_world,x,x
		> +I 2 5 x 00:00:23 15 5 3 5 1 5 Hello,Hello_world,Hello_world,x,x
	`}.run(t)
}

// Flink's testRowTimeUnBoundedPartitionedRowsOver2, with its late rows.
func TestOverUnboundedRows(t *testing.T) {
	s := schema("a INT, b BIGINT, ts TIME")
	n := overNode(s, []int{0}, unboundedRows, nil, "SUM(b)", "COUNT(b)", "AVG(b)", "MAX(b)", "MIN(b)")
	script{node: n, text: `
		+I 1 1 00:00:05
		+I 2 1 00:00:00
		+I 3 1 00:00:02
		+I 1 2 00:00:03
		+I 1 3 00:00:04
		+I 3 2 00:00:07
		+I 2 2 00:00:08
		watermark 00:00:10
		> +I 2 1 00:00:00 1 1 1 1 1
		> +I 3 1 00:00:02 1 1 1 1 1
		> +I 1 2 00:00:03 2 1 2 2 2
		> +I 1 3 00:00:04 5 2 2 3 2
		> +I 1 1 00:00:05 6 3 2 3 1
		> +I 3 2 00:00:07 3 2 1 2 1
		> +I 2 2 00:00:08 3 2 1 2 1
		+I 1 4 00:00:08
		+I 2 3 00:00:08
		+I 3 3 00:00:08
		late 3
		+I 1 5 00:00:12
		watermark 00:00:20
		> +I 1 5 00:00:12 11 4 2 5 1
		+I 1 6 00:00:21
		+I 1 6 00:00:19
		+I 2 4 00:00:18
		+I 3 4 00:00:18
		late 6
		+I 2 5 00:00:22
		+I 3 5 00:00:22
		+I 1 7 00:00:24
		+I 1 8 00:00:23
		+I 1 9 00:00:21
		watermark 00:00:30
		> +I 1 6 00:00:21 17 5 3 6 1
		> +I 1 9 00:00:21 26 6 4 9 1
		> +I 2 5 00:00:22 8 3 2 5 1
		> +I 3 5 00:00:22 8 3 2 5 1
		> +I 1 8 00:00:23 34 7 4 9 1
		> +I 1 7 00:00:24 41 8 5 9 1
	`}.run(t)
}

// Flink's testRowTimeBoundedPartitionedRowsOver.
func TestOverBoundedRows(t *testing.T) {
	s := schema("c STRING, a BIGINT, ts TIME")
	n := overNode(s, []int{0}, physical.Frame{Rows: true, Bounded: true, Preceding: 2}, nil, "COUNT(a)", "SUM(a)", "MIN(a)", "COUNT()")
	script{node: n, text: `
		+I Hello 1 00:00:01
		+I Hello 2 00:00:02
		+I Hello 1 00:00:01
		+I Hello 2 00:00:02
		+I Hello 2 00:00:02
		+I Hello 1 00:00:01
		+I World 7 00:00:03
		+I World 7 00:00:01
		+I World 7 00:00:01
		watermark 00:00:02
		> +I Hello 1 00:00:01 1 1 1 1
		> +I Hello 1 00:00:01 2 2 1 2
		> +I Hello 1 00:00:01 3 3 1 3
		> +I World 7 00:00:01 1 7 7 1
		> +I World 7 00:00:01 2 14 7 2
		> +I Hello 2 00:00:02 3 4 1 3
		> +I Hello 2 00:00:02 3 5 1 3
		> +I Hello 2 00:00:02 3 6 2 3
		+I Hello 3 00:00:03
		+I Hello 4 00:00:04
		+I Hello 5 00:00:05
		+I Hello 6 00:00:06
		+I World 20 00:00:20
		watermark 00:00:06
		> +I World 7 00:00:03 3 21 7 3
		> +I Hello 3 00:00:03 3 7 2 3
		> +I Hello 4 00:00:04 3 9 2 3
		> +I Hello 5 00:00:05 3 12 3 3
		> +I Hello 6 00:00:06 3 15 4 3
		+I World 8 00:00:08
		+I World 7 00:00:07
		watermark 00:00:20
		> +I World 7 00:00:07 3 21 7 3
		> +I World 8 00:00:08 3 22 7 3
		> +I World 20 00:00:20 3 35 7 3
	`}.run(t)
}

// Flink's testRowTimeBoundedPartitionedRangeOver, in which a row that the watermark has passed is not late, since no later one of
// its key has left.
func TestOverBoundedRange(t *testing.T) {
	s := schema("a BIGINT, b BIGINT, c STRING, ts TIME")
	text := `
		+I 1 15 Hello 00:00:01.500
		+I 1 16 Hello 00:00:01.600
		+I 1 1 Hello 00:00:01
		+I 2 2 Hello 00:00:02
		watermark 00:00:01
		> +I 1 1 Hello 00:00:01 1 1
		+I 2 2 Hello 00:00:02
		+I 2 3 Hello 00:00:02
		+I 3 3 Hello 00:00:03
		watermark 00:00:02
		> +I 1 15 Hello 00:00:01.500 2 2
		> +I 1 16 Hello 00:00:01.600 3 3
		> +I 2 2 Hello 00:00:02 6 9
		> +I 2 2 Hello 00:00:02 6 9
		> +I 2 3 Hello 00:00:02 6 9
		+I 4 4 Hello 00:00:04
		watermark 00:00:03
		> +I 3 3 Hello 00:00:03 4 9
		+I 5 5 Hello 00:00:05
		watermark 00:00:05
		> +I 4 4 Hello 00:00:04 2 7
		> +I 5 5 Hello 00:00:05 2 9
		+I 6 6 Hello 00:00:06
		+I 6 65 Hello 00:00:06.500
		watermark 00:00:07
		> +I 6 6 Hello 00:00:06 2 11
		> +I 6 65 Hello 00:00:06.500 2 12
		+I 6 9 Hello 00:00:09
		+I 6 18 Hello 00:00:09.500
		+I 6 9 Hello 00:00:09
		watermark 00:00:10
		> +I 6 9 Hello 00:00:09 2 12
		> +I 6 9 Hello 00:00:09 2 12
		> +I 6 18 Hello 00:00:09.500 3 18
		+I 7 7 World 00:00:10
		+I 0 0 Hello 00:00:09.500
		late 1
		+I 7 17 World 00:00:11
		+I 7 77 World 00:00:11
		watermark 00:00:12
		> +I 7 7 World 00:00:10 FIRST
		> +I 7 17 World 00:00:11 3 21
		> +I 7 77 World 00:00:11 3 21
		+I 7 18 World 00:00:14
		watermark 00:00:14
		> +I 7 18 World 00:00:14 1 7
		+I 8 8 World 00:00:15
		watermark 00:00:17
		> +I 8 8 World 00:00:15 2 15
		+I 20 20 World 00:00:20
		finish
		> +I 20 20 World 00:00:20 1 20
	`
	frame := physical.Frame{Bounded: true, Preceding: 1000}
	script{node: overNode(s, []int{2}, frame, nil, "COUNT(a)", "SUM(a)"), text: strings.ReplaceAll(text, "FIRST", "1 7")}.run(t)
	// Flink's testRowTimeBoundedNonPartitionedRangeOver.
	script{node: overNode(s, nil, frame, nil, "COUNT(a)", "SUM(a)"), text: strings.ReplaceAll(text, "FIRST", "4 25")}.run(t)
}

// Flink's testLagFunction; RANK and DENSE_RANK, which are the same for rows of the same time.
func TestOverLagAndRank(t *testing.T) {
	s := schema("a INT, b BIGINT, two INT, other BIGINT, ts TIME")
	n := overNode(s, []int{0}, unboundedRange, nil, "LAG(b)", "RANK(ts)", "DENSE_RANK(ts)")
	lag := call2(s, "LAG", []string{"b", "two"}, map[int]any{1: int32(2)})
	last := call2(s, "LAG", []string{"b", "two", "other"}, map[int]any{1: int32(2)})
	for _, c := range []physical.AggCall{lag, last} {
		n.Aggs = append(n.Aggs, c)
		n.Schema.Fields = append(n.Schema.Fields, types.Field{Name: c.Name, Type: c.Fn.Result})
	}
	script{node: n, text: `
		+I 1 1 2 10086 00:00:01
		+I 1 2 2 10086 00:00:05
		+I 1 3 2 10086 00:00:02
		+I 1 4 2 10086 00:00:03
		+I 1 5 2 10086 00:00:03
		watermark 00:00:20
		> +I 1 1 2 10086 00:00:01 NULL 1 1 NULL 10086
		> +I 1 3 2 10086 00:00:02 1 2 2 NULL 10086
		> +I 1 4 2 10086 00:00:03 4 3 3 3 3
		> +I 1 5 2 10086 00:00:03 4 3 3 3 3
		> +I 1 2 2 10086 00:00:05 5 5 4 4 4
		+I 1 6 2 10086 00:00:21
		+I 1 7 2 10086 00:00:22
		watermark 00:00:30
		> +I 1 6 2 10086 00:00:21 2 6 5 5 5
		> +I 1 7 2 10086 00:00:22 6 7 6 2 2
	`}.run(t)
	script{node: overNode(s, []int{0}, unboundedRows, nil, "ROW_NUMBER()"), text: `
		+I 1 1 0 0 00:00:01
		+I 2 2 0 0 00:00:01
		+I 1 3 0 0 00:00:01
		finish
		> +I 1 1 0 0 00:00:01 1
		> +I 2 2 0 0 00:00:01 1
		> +I 1 3 0 0 00:00:01 2
	`}.run(t)
}

// call2 is call for arguments some of which are constants.
func call2(s *types.Schema, name string, args []string, constants map[int]any) physical.AggCall {
	c := physical.AggCall{Name: name, Filter: -1, Args: columns(s, args...)}
	bind := &udf.Call{Name: name}
	for i, k := range c.Args {
		bind.Args = append(bind.Args, udf.Arg{Type: s.Fields[k].Type, Literal: constants[i] != nil, Value: constants[i]})
	}
	spec, _ := functions.Lookup(name)
	var err error
	if c.Fn, err = spec.Aggregate(bind); err != nil {
		panic(err)
	}
	return c
}

// Flink's testProcTimeBoundedPartitionedRowsOver and testProcTimeUnboundedPartitionedRangeOver: over processing time rows leave
// at once, and under an unbounded frame none are peers.
func TestOverProctime(t *testing.T) {
	s := schema("a INT, c INT, ts PROCTIME")
	s5 := overNode(s, []int{0}, physical.Frame{Rows: true, Bounded: true, Preceding: 1}, nil, "SUM(c)", "MIN(c)", "SUM(DISTINCT c)")
	script{node: s5, text: `
		+I 2 1 00:00:01
		+I 2 2 00:00:01
		+I 3 3 00:00:01
		+I 2 2 00:00:01
		> +I 2 1 00:00:01 1 1 1
		> +I 2 2 00:00:01 3 1 3
		> +I 3 3 00:00:01 3 3 3
		> +I 2 2 00:00:01 4 2 2
		watermark 00:00:09
		+I 3 4 00:00:01
		> +I 3 4 00:00:01 7 3 7
	`}.run(t)
	script{node: overNode(s, []int{0}, unboundedRange, []*rex.Call{}, "COUNT(c)", "SUM(c)", "RANK(ts)"), text: `
		+I 1 1 00:00:01
		+I 1 2 00:00:01
		+I 7 7 00:00:01
		> +I 1 1 00:00:01 1 1 1
		> +I 1 2 00:00:01 2 3 2
		> +I 7 7 00:00:01 1 7 1
	`}.run(t)
	// Rows of the same millisecond are peers in a range; they leave when it is over.
	script{node: overNode(s, nil, physical.Frame{Bounded: true, Preceding: 2000}, nil, "SUM(c)"), start: time.UnixMilli(1000), text: `
		+I 1 1 00:00:01
		+I 1 2 00:00:01
		time 00:00:01.500
		> +I 1 1 00:00:01 3
		> +I 1 2 00:00:01 3
		time 00:00:03
		+I 1 4 00:00:03
		time 00:00:03.500
		> +I 1 4 00:00:03 7
		time 00:00:03.800
		+I 1 8 00:00:03.800
		finish
		> +I 1 8 00:00:03.800 12
	`}.run(t)
}

// Under a TTL a key without rows for that long begins anew.
func TestOverTTL(t *testing.T) {
	s := schema("k BIGINT, ts TIME")
	n := overNode(s, []int{0}, unboundedRows, []*rex.Call{product(s, "k")}, "COUNT()")
	n.TTL = 10 * time.Second
	script{node: n, text: `
		time 00:00:01
		+I 1 00:00:01
		+I 2 00:00:01
		watermark 00:00:01
		> +I 1 00:00:01 8 1
		> +I 2 00:00:01 9 1
		time 00:00:09
		+I 1 00:00:02
		watermark 00:00:02
		> +I 1 00:00:02 57 2
		time 00:00:15
		+I 1 00:00:03
		+I 2 00:00:03
		watermark 00:00:03
		> +I 1 00:00:03 400 3
		> +I 2 00:00:03 9 1
	`}.run(t)
}

// With more keys than the limit the one that has gone longest without a row begins anew, whatever batches the rows are in.
func TestOverMaxKeys(t *testing.T) {
	s := schema("k BIGINT, ts TIME")
	n := overNode(s, []int{0}, unboundedRows, nil, "COUNT()")
	n.MaxKeys = 2
	for _, v := range variations {
		if v.subtasks != nil {
			continue // each subtask has its share of the limit
		}
		t.Run(v.name, func(t *testing.T) {
			script{node: n, text: `
				+I 1 00:00:01
				+I 2 00:00:02
				+I 1 00:00:03
				+I 3 00:00:04
				+I 1 00:00:05
				+I 2 00:00:06
				+I 1 00:00:07
				+I 3 00:00:08
				+I 2 00:00:09
				+I 1 00:00:10
				watermark 00:00:07
				> +I 1 00:00:01 1
				> +I 2 00:00:02 1
				> +I 1 00:00:03 2
				> +I 3 00:00:04 1
				> +I 1 00:00:05 3
				> +I 2 00:00:06 1
				> +I 1 00:00:07 4
				watermark 00:00:20
				> +I 3 00:00:08 1
				> +I 2 00:00:09 1
				> +I 1 00:00:10 1
			`}.replay(t, v)
		})
	}
}

// growing is products whose groups become larger with every row, as forests do.
type growing struct {
	products
	rows []int
	held int
}

const grownBytes = 500

func (g *growing) Grow(n int) {
	g.products.Grow(n)
	for len(g.rows) < n {
		g.rows = append(g.rows, 0)
	}
}

func (g *growing) Reset(group int32) {
	g.products.Reset(group)
	g.held -= g.rows[group]
	g.rows[group] = 0
}

func (g *growing) Bytes() int { return grownBytes * g.held }

func (g *growing) Eval(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	for _, group := range groups[:n] {
		g.rows[group]++
		g.held++
	}
	return g.products.Eval(ctx, groups, args, out, n)
}

func (g *growing) Encode(dst []byte, group int32) []byte {
	return append(g.products.Encode(dst, group), byte(g.rows[group]))
}

func (g *growing) Decode(group int32, b []byte) error {
	g.rows[group] = int(b[len(b)-1])
	g.held += g.rows[group]
	return g.products.Decode(group, b[:len(b)-1])
}

// Memories that grow, of more keys in a batch than have room together, stay near the limit, and are those of a run without one.
func TestOverMemoriesBeyondTheLimit(t *testing.T) {
	const keys, rounds, limit = 300, 40, 400_000
	for _, clock := range []string{"TIME", "PROCTIME"} {
		s := schema("k BIGINT, v BIGINT, ts " + clock)
		f := product(s, "v")
		f.Fn.New = func() udf.Stateful { return &growing{} }
		j := newJob(t, overNode(s, []int{0}, unboundedRange, []*rex.Call{f}), nil, time.Time{})
		j.maxRows = keys
		j.limit(limit)
		j.open(1, nil)
		products := make([]int64, keys)
		for round := range int64(rounds) {
			b := types.NewBatch(s)
			var want []string
			for k := range int64(keys) {
				products[k] = (max(products[k], min(1, 1-round))*7 + round%2 + k%11) % 1_000_003
				want = append(want, strconv.FormatInt(products[k], 10))
				b.Cols[0].AppendValue(k)
				b.Cols[1].AppendValue(round%2 + k%11)
				b.Cols[2].AppendValue(round)
				b.AppendKind(types.Insert)
			}
			if round == rounds/2 {
				j.open(1, j.close())
			}
			if err := j.process(0, b); err != nil {
				t.Fatal(err)
			}
			j.watermark(round)
			got := j.take()
			if len(got) != keys {
				t.Fatalf("%s: %d rows in round %d", clock, len(got), round)
			}
			for k, row := range got {
				if !strings.HasSuffix(row, " "+want[k]) {
					t.Fatalf("%s: %q in round %d, want product %s", clock, row, round, want[k])
				}
			}
			if n := j.metrics.StateBytes.Load(); n > 2*limit {
				t.Fatalf("%s: %d bytes in round %d, the limit is %d", clock, n, round, limit)
			}
		}
		if j.memory.Spilled() == 0 {
			t.Errorf("%s: nothing is on disk", clock)
		}
		j.close()
	}
}
