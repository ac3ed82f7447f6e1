package operator_test

import (
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func columnOf(s *types.Schema, name string) rex.Expr {
	i := s.Index(name)
	return &rex.Column{Index: i, Name: name, T: s.Fields[i].Type}
}

func calcOver(in, out *types.Schema, filter rex.Expr, project ...rex.Expr) physical.Node {
	return &physical.Calc{
		Info:   physical.Info{Schema: out, Mode: types.Retract, Inputs: []physical.Edge{input(in, types.Retract)}},
		Filter: filter, Project: project,
	}
}

// running sums its argument over all rows it has seen.
type running struct{ sum int64 }

func (r *running) Grow(int)    {}
func (r *running) Reset(int32) { r.sum = 0 }
func (r *running) Bytes() int  { return 8 }
func (r *running) Eval(_ *udf.Context, _ []int32, args []*types.Vector, out *types.Vector, n int) error {
	for i := range n {
		r.sum += args[0].I64[i]
		out.I64[i] = r.sum
	}
	return nil
}
func (r *running) Encode(dst []byte, _ int32) []byte { return append(dst, byte(r.sum)) }
func (r *running) Decode(_ int32, b []byte) error    { r.sum = int64(b[0]); return nil }

// A calc keeps the rows for which its filter is TRUE, with their kinds, and computes its columns from them.
func TestCalc(t *testing.T) {
	s := schema("a BIGINT, p BOOLEAN, b STRING")
	script{node: calcOver(s, s, columnOf(s, "p")), text: `
		+I 1 true x
		-U 2 false x
		+U 3 NULL x
		-D 4 true y
		> +I 1 true x
		> -D 4 true y
		-D 4 false y
	`}.run(t)
	script{node: calcOver(s, schema("b STRING, a BIGINT, c BIGINT"), columnOf(s, "p"), columnOf(s, "b"), columnOf(s, "a"), columnOf(s, "a")), text: `
		-U 1 true x
		+U 2 true x
		+I 3 false x
		> -U x 1 1
		> +U x 2 2
	`}.run(t)
	sum := func() rex.Expr {
		return &rex.Call{Spec: &udf.Spec{Name: "RUNNING"}, Args: []rex.Expr{columnOf(s, "a")},
			Fn: &udf.BoundScalar{Result: types.BigIntType, New: func() udf.Stateful { return &running{} }}}
	}
	literal := &rex.Literal{Value: int64(7), T: types.BigIntType}
	// The state of functions, also of one in a filter, is in snapshots.
	over := &rex.Call{Spec: &udf.Spec{Name: ">", Family: "operator"}, Args: []rex.Expr{sum(), &rex.Literal{Value: int64(2), T: types.BigIntType}},
		Fn: &udf.BoundScalar{Result: types.BooleanType, Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.Bool[i] = args[0].I64[i] > args[1].I64[i]
			}
			return nil
		}}}
	script{node: calcOver(s, schema("sum BIGINT, lit BIGINT, b STRING"), over, sum(), literal, columnOf(s, "b")), text: `
		+I 1 true u
		+I 2 true v
		-D 3 true w
		> +I 2 7 v
		> -D 5 7 w
		+I 1 true x
		> +I 6 7 x
	`}.run(t)
}

func TestUnion(t *testing.T) {
	s, other := schema("a BIGINT, b STRING"), schema("x BIGINT, y STRING")
	n := &physical.Union{Info: physical.Info{Schema: s, Mode: types.Retract, Inputs: []physical.Edge{input(s, types.Retract), input(other, types.Retract)}}}
	script{node: n, text: `
		+I 1 a
		R-D 2 b
		R+I 3 c
		> +I 1 a
		> -D 2 b
		> +I 3 c
	`}.run(t)
}

// Flink's "limit", and OFFSET; over a changelog rows move up into the place of those that go.
func TestLimit(t *testing.T) {
	s := schema("a INT, b STRING")
	limit := func(mode types.ChangelogMode, offset, count int64) physical.Node {
		return &physical.Limit{Info: physical.Info{Schema: s, Mode: types.Retract, Inputs: []physical.Edge{input(s, mode)}}, Offset: offset, Count: count}
	}
	script{node: limit(types.AppendOnly, 0, 3), text: `
		+I 2 a
		+I 4 b
		+I 6 c
		+I 1 a
		> +I 2 a
		> +I 4 b
		> +I 6 c
		+I 8 d
	`}.run(t)
	script{node: limit(types.AppendOnly, 2, 2), text: `
		+I 1 a
		+I 2 b
		+I 3 c
		> +I 3 c
		+I 4 d
		+I 5 e
		> +I 4 d
	`}.run(t)
	script{node: limit(types.AppendOnly, 1, -1), text: `
		+I 1 a
		+I 2 b
		> +I 2 b
	`}.run(t)
	script{node: limit(types.Retract, 1, 2), text: `
		+I 1 a
		+I 2 b
		+I 3 c
		+I 4 d
		+I 5 e
		> +I 2 b
		> +I 3 c
		-D 5 e
		-D 9 z
		-D 1 a
		> -D 2 b
		> +I 4 d
		-U 3 c
		> -D 3 c
		+U 6 f
		> +I 6 f
		-D 6 f
		> -D 6 f
		-D 2 b
		> -D 4 d
		-D 4 d
	`}.run(t)
}

// Flink's "sort-asc" and "sort-limit-asc"; NULLs where the plan says; equal keys in the order they came.
func TestSort(t *testing.T) {
	s := schema("a INT, b STRING, c INT")
	sorted := func(offset, count int64, keys ...physical.SortKey) physical.Node {
		return &physical.Sort{Info: physical.Info{Schema: s, Mode: types.AppendOnly, Inputs: []physical.Edge{input(s, types.AppendOnly)}},
			Keys: keys, Offset: offset, Count: count}
	}
	const rows = `
		+I 2 a 6
		+I 4 b 8
		+I NULL c 10
		+I 1 a 5
		+I 3 b 7
		+I 4 a 1
	`
	script{node: sorted(0, -1, physical.SortKey{Column: 0, NullsFirst: true}), text: rows + `
		finish
		> +I NULL c 10
		> +I 1 a 5
		> +I 2 a 6
		> +I 3 b 7
		> +I 4 b 8
		> +I 4 a 1
	`}.run(t)
	script{node: sorted(1, 3, physical.SortKey{Column: 0, Desc: true}, physical.SortKey{Column: 1}), text: rows + `
		finish
		> +I 4 b 8
		> +I 3 b 7
		> +I 2 a 6
	`}.run(t)
	script{node: sorted(10, 3, physical.SortKey{Column: 0}), text: rows + "\nfinish"}.run(t)
}

// Flink's "temporal-sort-rowtime": rows leave in the order of time as the watermark passes them.
// Of a changelog what is left at the end is sorted; a row that comes back counts from where it came back.
func TestSortChangelog(t *testing.T) {
	s := schema("k STRING, n BIGINT")
	script{node: &physical.Sort{Info: physical.Info{Schema: s, Mode: types.AppendOnly, Inputs: []physical.Edge{input(s, types.Retract)}},
		Keys: []physical.SortKey{{Column: 1, Desc: true}}, Count: 2}, text: `
		+I a 1
		+I b 1
		-U a 1
		+U a 2
		+I c 9
		-U b 1
		+U b 3
		-D c 9
		-U a 2
		+U a 3
		-D d 4
		finish
		> +I b 3
		> +I a 3
	`}.run(t)
}

func TestSortByTime(t *testing.T) {
	s := schema("ts TIME, a INT")
	n := &physical.Sort{Info: physical.Info{Schema: s, Mode: types.AppendOnly, Inputs: []physical.Edge{input(s, types.AppendOnly)}},
		Keys: []physical.SortKey{{Column: 0}, {Column: 1}}, Count: -1, ByTime: true}
	script{node: n, text: `
		+I 00:00:05 9
		+I 00:00:05 8
		+I 00:00:03 7
		+I 00:00:09 6
		watermark 00:00:05
		> +I 00:00:03 7
		> +I 00:00:05 8
		> +I 00:00:05 9
		+I 00:00:05 1
		late 1
		+I 00:00:07 2
		finish
		> +I 00:00:07 2
		> +I 00:00:09 6
	`}.run(t)
}
