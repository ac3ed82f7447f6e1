package builtin

import (
	"encoding/binary"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func aggregateCount() []udf.Spec {
	return []udf.Spec{{
		Name:     "COUNT",
		Family:   "aggregate",
		Usage:    []string{"COUNT(*)", "COUNT([DISTINCT] value [, value]*)"},
		Summary:  "Number of rows, or of rows in which no argument is NULL.",
		Examples: []udf.Example{{SQL: "COUNT(*)", Result: "1"}, {SQL: "COUNT(CAST(NULL AS INT))", Result: "0"}},
		Aggregate: func(c *udf.Call) (*udf.BoundAggregate, error) {
			a := &udf.BoundAggregate{Result: types.BigIntType.WithNotNull(true)}
			nullable := false
			for _, arg := range c.Args {
				a.Args = append(a.Args, arg.Type)
				nullable = nullable || !arg.Type.NotNull
			}
			a.New = func(bool) udf.Accumulator { return &count{all: !nullable} }
			return a, nil
		},
	}}
}

// count counts rows in which every argument is valid. With no argument, or none that can be NULL, every row counts.
type count struct {
	n   []int64
	all bool
}

var (
	_ udf.Accumulator = (*count)(nil)
	_ udf.Runner      = (*count)(nil)
)

func (a *count) Grow(n int)        { a.n = grow(a.n, n) }
func (a *count) Reset(group int32) { a.n[group] = 0 }

func (a *count) Add(groups []int32, args []*types.Vector, rows []int32) {
	a.add(groups, args, rows, 1)
}

func (a *count) Retract(groups []int32, args []*types.Vector, rows []int32) {
	a.add(groups, args, rows, -1)
}

func (a *count) add(groups []int32, args []*types.Vector, rows []int32, by int64) {
	all := a.all
	if !all {
		all = true
		for _, v := range args {
			all = all && noNulls(v)
		}
	}
	n := a.n
	switch {
	case all:
		for _, g := range groups {
			n[g] += by
		}
	case len(args) == 1:
		valid := args[0].Valid
		for k, g := range groups {
			if valid.Get(row(rows, k)) {
				n[g] += by
			}
		}
	default:
	next:
		for k, g := range groups {
			for _, v := range args {
				if v.IsNull(row(rows, k)) {
					continue next
				}
			}
			n[g] += by
		}
	}
}

// Run implements udf.Runner.
func (a *count) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	all := a.all
	if !all {
		all = true
		for _, v := range args {
			all = all && noNulls(v)
		}
	}
	n, y := a.n, extend[int64](out, len(groups))
	if all && steps == nil {
		for k, g := range groups {
			x := n[g] + 1
			n[g], y[k] = x, x
		}
		return
	}
	for k, g := range groups {
		by := int64(0)
		switch step(steps, k) {
		case udf.StepAdd:
			by = 1
		case udf.StepRetract:
			by = -1
		case udf.StepReset:
			n[g] = 0
		}
		if !all && by != 0 {
			r := row(rows, k)
			for _, v := range args {
				if v.IsNull(r) {
					by = 0
				}
			}
		}
		n[g] += by
		y[k] = n[g]
	}
}

func (a *count) Merge(dst, src int32) { a.n[dst] += a.n[src] }

func (a *count) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		out.I64 = append(out.I64, a.n[g])
	}
	out.N += len(groups)
}

// Encode writes the count as a varint.
func (a *count) Encode(dst []byte, group int32) []byte { return binary.AppendVarint(dst, a.n[group]) }

func (a *count) Decode(group int32, src []byte) (rest []byte, err error) {
	a.n[group], rest, err = takeVarint(src)
	return rest, err
}

func (a *count) Bytes() int { return 8 * cap(a.n) }
