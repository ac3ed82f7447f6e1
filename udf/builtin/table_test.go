package builtin

import (
	"reflect"
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Called with a column of any type, a table function binds or refuses; bound, it keeps to its contract.
func TestTableFunctionsHoldTheirContract(t *testing.T) {
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		t.Fatal(err)
	}
	bound := 0
	for _, s := range reg.Specs() {
		if s.Table == nil {
			continue
		}
		for _, v := range append(probes(), extremes()...) {
			fn, err := s.Table(&udf.Call{Name: s.Name, Args: []udf.Arg{{Type: v.Type}}})
			if err != nil {
				continue
			}
			bound++
			out := output(fn)
			if err := fn.Eval(nil, []*types.Vector{v}, v.N, out); err != nil {
				t.Errorf("%s(%s): %v", s.Name, v.Type, err)
			}
			for i, c := range out.Cols {
				if c.N != len(out.Rows) {
					t.Errorf("%s(%s): %d rows, %d values in column %d", s.Name, v.Type, len(out.Rows), c.N, i)
				}
			}
		}
		if _, err := s.Table(&udf.Call{Name: s.Name}); err == nil {
			t.Errorf("%s() was bound", s.Name)
		}
	}
	if bound < 8 {
		t.Errorf("only %d calls were bound", bound)
	}
}

func output(fn *udf.BoundTable) *udf.TableOutput {
	out := &udf.TableOutput{}
	for _, c := range fn.Columns {
		out.Cols = append(out.Cols, types.NewVector(c.Type))
	}
	return out
}

// UNNEST of every kind of list, NULLs on all levels. What is expected is what Flink's UnnestRowsFunctionBase does by its
// code: a NULL list has no rows, a NULL element is one, of NULLs when elements are rows; copies of an element are numbered
// on.
func TestUnnest(t *testing.T) {
	pair := types.RowType(types.Field{Name: "n", Type: types.IntType.WithNotNull(true)}, types.Field{Name: "s", Type: types.StringType})
	one := int32(1)
	for _, test := range []struct {
		of      types.Type
		columns string
		lists   []any
		want    [][]any // the list's row, the columns, the position
	}{
		{types.ArrayType(types.IntType), "EXPR$0 INT", []any{[]any{one, nil}, nil, []any{}, []any{int32(2)}},
			[][]any{{0, one, nil, 1}, {0, nil, nil, 2}, {3, int32(2), nil, 1}}},
		{types.ArrayType(types.StringType.WithNotNull(true)), "EXPR$0 STRING NOT NULL", []any{nil, []any{"a", ""}}, [][]any{{1, "a", nil, 1}, {1, "", nil, 2}}},
		{types.ArrayType(pair), "n INT, s STRING", []any{[]any{[]any{one, "x"}, nil}, nil, []any{[]any{one, nil}}},
			[][]any{{0, one, "x", 1}, {0, nil, nil, 2}, {2, one, nil, 1}}},
		{types.ArrayType(pair.WithNotNull(true)), "n INT NOT NULL, s STRING", []any{[]any{[]any{one, "x"}}}, [][]any{{0, one, "x", 1}}},
		{types.MapType(types.StringType, types.IntType), "KEY STRING, VALUE INT", []any{[][2]any{{"a", one}, {"b", nil}}, nil, [][2]any{}},
			[][]any{{0, "a", one, 1}, {0, "b", nil, 2}}},
		{types.MultisetType(types.StringType), "EXPR$0 STRING", []any{[][2]any{{"a", int32(2)}, {nil, one}}, nil, [][2]any{{"b", int32(3)}}},
			[][]any{{0, "a", nil, 1}, {0, "a", nil, 2}, {0, nil, nil, 3}, {2, "b", nil, 1}, {2, "b", nil, 2}, {2, "b", nil, 3}}},
		{types.MultisetType(pair), "n INT, s STRING", []any{[][2]any{{[]any{one, "x"}, int32(2)}, {nil, one}}},
			[][]any{{0, one, "x", 1}, {0, one, "x", 2}, {0, nil, nil, 3}}},
	} {
		for _, ordinality := range []bool{false, true} {
			fn, err := unnest(&udf.Call{Name: "UNNEST", Args: []udf.Arg{{Type: test.of}}}, ordinality)
			if err != nil {
				t.Fatal(err)
			}
			columns := test.columns
			if ordinality {
				columns += ", ORDINALITY INT NOT NULL"
			}
			text := ""
			for _, c := range fn.Columns {
				text += ", " + c.Name + " " + c.Type.SQL()
			}
			if text[2:] != columns {
				t.Errorf("UNNEST(%s) has columns %s, want %s", test.of, text[2:], columns)
			}
			list := types.NewVector(test.of)
			for _, l := range test.lists {
				list.AppendValue(l)
			}
			out := output(fn)
			if err := fn.Eval(nil, []*types.Vector{list}, list.N, out); err != nil || len(out.Rows) != len(test.want) {
				t.Errorf("UNNEST(%s) makes rows %v (%v), want %v", test.of, out.Rows, err, test.want)
				continue
			}
			var got [][]any
			for k, r := range out.Rows {
				row := []any{int(r), out.Cols[0].Value(k), nil, test.want[k][3]}
				if strings.Contains(test.columns, ", ") {
					row[2] = out.Cols[1].Value(k)
				}
				if ordinality {
					row[3] = int(out.Cols[len(out.Cols)-1].I32[k])
				}
				got = append(got, row)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("UNNEST(%s), ordinality %v:\n got %v\nwant %v", test.of, ordinality, got, test.want)
			}
		}
	}
}
