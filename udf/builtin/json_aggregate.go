package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func jsonAggregates() []udf.Spec {
	return []udf.Spec{
		{
			Name:      "JSON_OBJECTAGG",
			Family:    "aggregate",
			Usage:     []string{"JSON_OBJECTAGG([KEY] key VALUE value [{NULL | ABSENT} ON NULL])"},
			Summary:   "A JSON object of the keys and values of all rows, in the order of the keys; NULL values become null unless they are left out. Of equal keys the last counts.",
			Examples:  []udf.Example{{SQL: "JSON_OBJECTAGG('k' VALUE 1)", Result: `{"k":1}`}},
			Aggregate: bindJSONObjectAgg,
		},
		{
			Name:      "JSON_ARRAYAGG",
			Family:    "aggregate",
			Usage:     []string{"JSON_ARRAYAGG(value [{NULL | ABSENT} ON NULL])"},
			Summary:   "A JSON array of the values of all rows; NULLs are left out unless they are to become null.",
			Examples:  []udf.Example{{SQL: "JSON_ARRAYAGG('x')", Result: `["x"]`}},
			Aggregate: bindJSONArrayAgg,
		},
	}
}

// jsonAggResult is the type that Calcite gives JSON aggregates.
var jsonAggResult = types.VarcharType(2000).WithNotNull(true)

func bindJSONObjectAgg(c *udf.Call) (*udf.BoundAggregate, error) {
	clauses, err := readJSONClauses(c)
	if err != nil {
		return nil, err
	}
	if clauses.plain != 2 {
		return nil, udf.Errorf(-1, "JSON_OBJECTAGG takes a key and a value")
	}
	if !c.Args[0].Type.IsCharacter() {
		return nil, udf.Errorf(0, "a key of JSON_OBJECTAGG is text, not %s", c.Args[0].Type)
	}
	w, err := jsonArg(c, 1)
	if err != nil {
		return nil, err
	}
	value := c.Args[1].Type.WithAttr(types.NoTime)
	if value.Kind == types.Null {
		value = types.StringType
	}
	args := []types.Type{c.Args[0].Type, value}
	absent := clauses.onNull == "ABSENT ON NULL"
	result := func(a *history, p *past, out *types.Vector) {
		cols := a.codec.vectors()
		for _, x := range p.all() {
			a.codec.decode([]byte(x), cols...)
		}
		var members []jsonMember
		for i := range cols[0].N {
			if null := cols[1].IsNull(i); !null || !absent {
				members = append(members, jsonMember{cols[0].Str(i), w, cols[1], i, null})
			}
		}
		out.Data = appendJSONObject(out.Data, members)
		out.EndValue()
	}
	return &udf.BoundAggregate{
		Args:   args,
		Result: jsonAggResult,
		New: func(bool) udf.Accumulator {
			return &history{codec: newRowCodec(args...), skipNulls: true, result: result}
		},
	}, nil
}

func bindJSONArrayAgg(c *udf.Call) (*udf.BoundAggregate, error) {
	clauses, err := readJSONClauses(c)
	if err != nil {
		return nil, err
	}
	if clauses.plain != 1 {
		return nil, udf.Errorf(-1, "JSON_ARRAYAGG takes one value")
	}
	w, err := jsonArg(c, 0)
	if err != nil {
		return nil, err
	}
	t := c.Args[0].Type.WithAttr(types.NoTime)
	if t.Kind == types.Null {
		t = types.StringType
	}
	result := func(a *history, p *past, out *types.Vector) {
		v := types.NewVector(t)
		for _, x := range p.all() {
			a.codec.decode([]byte(x), v)
		}
		out.Data = append(out.Data, '[')
		for i := range v.N {
			if i > 0 {
				out.Data = append(out.Data, ',')
			}
			out.Data = w.orNull(out.Data, v, i)
		}
		out.Data = append(out.Data, ']')
		out.EndValue()
	}
	nulls := clauses.onNull == "NULL ON NULL"
	return &udf.BoundAggregate{
		Args:   []types.Type{t},
		Result: jsonAggResult,
		New: func(bool) udf.Accumulator {
			return &history{codec: newRowCodec(t), skipNulls: !nulls, result: result}
		},
	}, nil
}
