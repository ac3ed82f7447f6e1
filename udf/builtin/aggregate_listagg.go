package builtin

import (
	"encoding/binary"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func aggregateListAgg() []udf.Spec {
	return []udf.Spec{{
		Name:      "LISTAGG",
		Family:    "aggregate",
		Usage:     []string{"LISTAGG([DISTINCT] text [, separator])"},
		Summary:   "The texts that are not NULL, in the order they came, with a separator (a literal, ',' when not said) between them; NULL when there is none.",
		Examples:  []udf.Example{{SQL: "LISTAGG('x', '-')", Result: "x"}},
		Aggregate: bindListAgg,
	}}
}

func bindListAgg(c *udf.Call) (*udf.BoundAggregate, error) {
	args, _, err := signature(c, 1, textParam, textParam)
	if err != nil {
		return nil, err
	}
	separator := ","
	if len(args) == 2 {
		var ok bool
		if separator, ok = literalText(c, 1); !ok {
			return nil, udf.Errorf(1, "the separator of LISTAGG is a text literal")
		}
	}
	return &udf.BoundAggregate{
		Args:   args,
		Result: types.StringType,
		New: func(retract bool) udf.Accumulator {
			if retract {
				return &history{codec: newRowCodec(args[0]), skipNulls: true, result: listOfHistory(separator)}
			}
			return &list{separator: separator}
		},
	}, nil
}

// listOfHistory is the result of LISTAGG over rows of one text.
func listOfHistory(separator string) func(a *history, p *past, out *types.Vector) {
	return func(_ *history, p *past, out *types.Vector) {
		for i, x := range p.all() {
			if i > 0 {
				out.Data = append(out.Data, separator...)
			}
			_, used := binary.Uvarint([]byte(x[1:])) // a byte for "valid" and the length stand before the text
			out.Data = append(out.Data, x[1+used:]...)
		}
		if len(p.all()) == 0 {
			out.SetNull(out.N)
		}
		out.EndValue()
	}
}

// list is LISTAGG without retractions: the text so far.
type list struct {
	byteSlots
	separator string
}

func (a *list) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.join(g, v.Bytes(r))
		}
	}
}

func (a *list) join(group int32, x []byte) {
	s := &a.state[group]
	if *s == nil {
		a.set(group, x)
		return
	}
	a.held -= cap(*s)
	*s = append(append(*s, a.separator...), x...)
	a.held += cap(*s)
}

// Merge takes the rows of src to be later than those of dst.
func (a *list) Merge(dst, src int32) {
	if s := a.state[src]; s != nil {
		a.join(dst, s)
	}
}

func (a *list) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		if s := a.state[g]; s != nil {
			out.AppendBytes(s)
		} else {
			out.AppendNull()
		}
	}
}
