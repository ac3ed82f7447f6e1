package builtin

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// extremes are columns of extreme and ordinary values, NULL among them, of the types that functions are called with.
func extremes() []*types.Vector {
	var out []*types.Vector
	for _, p := range []struct {
		t      types.Type
		values []any
	}{
		{types.BooleanType, []any{true, false}},
		{types.TinyIntType, []any{int8(math.MinInt8), int8(3)}},
		{types.IntType, []any{int32(math.MinInt32), int32(math.MaxInt32), int32(0), int32(1), int32(-1)}},
		{types.BigIntType, []any{int64(math.MinInt64), int64(math.MaxInt64), int64(0), int64(2)}},
		{types.FloatType, []any{float32(math.Inf(1)), float32(1.5)}},
		{types.DoubleType, []any{math.NaN(), math.Inf(-1), 0.0, -2.5, math.MaxFloat64}},
		{types.DecimalType(38, 0), []any{dec38, dec38.Negate(), dec(0)}},
		{types.DecimalType(38, 38), []any{dec38}},
		{types.StringType, []any{"", "a", "äöü€😀", "\xff\xfe\x80", strings.Repeat("ab,c=d;", 20), "$.a[0]", `{"a":[1]}`, "2023-08-22 13:46:30", "-1", "((", "UTC"}},
		{types.CharType(3), []any{"abc"}},
		{types.BytesType, []any{[]byte{}, []byte{0xff, 0}}},
		{types.DateType, []any{int32(math.MinInt32), int32(math.MaxInt32), int32(0)}},
		{types.TimeType(3), []any{int32(0), int32(86399999)}},
		{types.TimestampType(3), []any{int64(math.MinInt64), int64(math.MaxInt64), int64(-1)}},
		{types.TimestampType(9), []any{int64(math.MinInt64), int64(math.MaxInt64), int64(1)}},
		{types.TimestampLTZType(6).WithAttr(types.Rowtime), []any{int64(math.MinInt64), int64(math.MaxInt64)}},
		{types.IntervalMonthType, []any{int32(math.MinInt32), int32(math.MaxInt32)}},
		{types.IntervalMilliType, []any{int64(math.MinInt64), int64(math.MaxInt64)}},
		{types.ArrayType(types.IntType), []any{[]any{}, []any{int32(1), nil}}},
		{types.ArrayType(types.StringType), []any{[]any{"b", nil, "a"}, []any{}}},
		{types.MapType(types.StringType, types.IntType), []any{[][2]any{}, [][2]any{{"k", nil}, {nil, int32(1)}}}},
		{types.RowType(types.Field{Name: "f", Type: types.IntType}), []any{[]any{nil}, []any{int32(1)}}},
		{types.NullType, nil},
	} {
		v := types.NewVector(p.t)
		for _, x := range p.values {
			v.AppendValue(x)
		}
		for v.N < probeRows-1 { // as often as it takes, and a NULL at the end
			if p.values == nil {
				v.N++
				continue
			}
			v.AppendValue(p.values[v.N%len(p.values)])
		}
		if p.values == nil {
			v.N++
			v.Valid = v.Valid.Grow(v.N)
			for i := range v.N {
				v.SetNull(i)
			}
		} else {
			v.AppendNull()
		}
		out = append(out, v)
	}
	return out
}

const probeRows = 13

// No function panics, whatever it is called with: it refuses the call, fails with an error, or gives a value for each
// row, NULL in NULL rows, and says truly whether it can fail and whether it can be NULL.
func TestFunctionsSurviveAnything(t *testing.T) {
	ev := newEvaluator(t)
	columns := extremes()
	symbols := []string{"DAY", "MONTH", "EPOCH", "BOTH", "NULL ON NULL", "RETURNING", "nonsense"}
	bound := 0
	for _, spec := range ev.reg.Specs() {
		if spec.Scalar == nil {
			continue
		}
		call := func(args ...*types.Vector) {
			for _, literal := range []bool{false, true} {
				if try(t, ev, spec, args, literal) {
					bound++
				}
			}
		}
		call()
		for _, a := range columns {
			call(a)
			for _, s := range symbols {
				call(symbol(s), a)
				call(a, symbol(s))
			}
			for _, b := range columns {
				call(a, b)
			}
			// Longer calls of one shape each: all alike, and the usual text, number, number.
			call(a, a, a)
			call(a, columns[2], columns[2])
			call(a, columns[8], columns[2])
			call(a, columns[8], columns[8])
			call(symbol("DAY"), columns[2], a)
			call(symbol("BOTH"), columns[8], a)
			call(a, a, a, a)
			call(a, columns[8], columns[2], columns[2])
		}
	}
	if bound < 2000 {
		t.Errorf("only %d calls were bound", bound)
	}
}

func symbol(name string) *types.Vector {
	v := types.NewVector(types.SymbolType)
	v.Type.Fields = []types.Field{{Name: name}} // carries the keyword to try
	v.N = probeRows
	return v
}

// try binds and runs one call; with literal, all columns but the first are literals of their second row.
func try(t *testing.T, ev *evaluator, spec *udf.Spec, args []*types.Vector, literal bool) (bound bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			var ts []string
			for _, a := range args {
				ts = append(ts, a.Type.Kind.String())
			}
			t.Errorf("%s%s(%s) literal %v panics: %v", spec.Name, spec.Class, strings.Join(ts, ", "), literal, r)
		}
	}()
	c := &udf.Call{Name: spec.Name}
	cols := slices.Clone(args)
	for i, v := range args {
		a := udf.Arg{Type: v.Type}
		switch {
		case v.Type.Kind == types.Symbol:
			a.Literal, a.Value = true, v.Type.Fields[0].Name
			a.Type = types.SymbolType
		case literal && i > 0 && v.Type.Kind != types.Null:
			a.Literal, a.Value = true, v.Value(1)
			cols[i] = types.NewVector(v.Type)
			for range probeRows {
				cols[i].AppendRow(v, 1)
			}
		}
		c.Args = append(c.Args, a)
	}
	fn, err := spec.Scalar(c)
	if err != nil {
		return false
	}
	if len(fn.Args) != len(args) {
		t.Errorf("%s with %d arguments asks for %d", spec.Name, len(args), len(fn.Args))
		return true
	}
	for i, v := range cols {
		to := fn.Args[i]
		if v.Type.Kind == types.Symbol || to.Kind == types.Null || to.SameStorage(v.Type) && v.Type.Kind != types.Null {
			continue
		}
		if v.Type.Kind == types.Null {
			cols[i] = types.NewVector(to)
			for range probeRows {
				cols[i].AppendNull()
			}
			continue
		}
		k, err := cast.Bind(v.Type, to, true)
		if err != nil {
			t.Errorf("%s asks to cast %s to %s: %v", spec.Name, v.Type, to, err)
			return true
		}
		cols[i] = types.NewVector(to)
		if err := k.Eval(&ev.ctx, v, cols[i], probeRows); err != nil {
			t.Errorf("cast %s to %s: %v", v.Type, to, err)
			return true
		}
	}
	eval := fn.Eval
	if fn.New != nil {
		instance := fn.New()
		instance.Grow(1)
		eval = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return instance.Eval(ctx, nil, args, out, n)
		}
	}
	// Row by row, so that one failure doesn't hide the rest, with the columns' other rows in place.
	for i := range probeRows {
		row := make([]*types.Vector, len(cols))
		null := false
		for k, v := range cols {
			if v.Type.Kind == types.Symbol {
				row[k] = v
				continue
			}
			row[k] = types.NewVector(v.Type)
			if v.Type.Kind == types.Null {
				row[k].N, null = 1, true
				row[k].SetNull(0)
				continue
			}
			row[k].AppendRow(v, i)
			null = null || v.IsNull(i)
		}
		out := types.NewVector(fn.Result)
		out.Resize(1)
		if null && fn.Nulls == udf.NullIfAny {
			out.SetNull(0)
		}
		if err := eval(&ev.ctx, row, out, 1); err != nil {
			if !fn.Fallible {
				t.Errorf("%s fails though it says it can't: %v", spec.Name, err)
			}
			if null && fn.Nulls == udf.NullIfAny {
				t.Errorf("%s fails on NULL: %v", spec.Name, err)
			}
			continue
		}
		if out.N != 1 {
			t.Errorf("%s gives %d rows for one", spec.Name, out.N)
			return true
		}
		if null && fn.Nulls == udf.NullIfAny && !out.IsNull(0) {
			t.Errorf("%s is not NULL in a NULL row", spec.Name)
		}
		out.Value(0) // must be well-formed
	}
	return true
}
