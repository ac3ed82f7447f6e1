package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// tables are the table functions. Flink has none that SQL can name; these stand behind UNNEST.
func tables() []udf.Spec {
	spec := func(name, usage, summary string, ordinality bool) udf.Spec {
		return udf.Spec{
			Name: name, Family: "collection", Hidden: true, Usage: []string{usage}, Summary: summary,
			Table: func(c *udf.Call) (*udf.BoundTable, error) { return unnest(c, ordinality) },
		}
	}
	return []udf.Spec{
		spec("$UNNEST_ROWS", "UNNEST(array | multiset | map)", "Makes a row of each element of an array or multiset, and of each entry of a map.", false),
		spec("$UNNEST_ROWS_WITH_ORDINALITY", "UNNEST(array | multiset | map) WITH ORDINALITY",
			"Makes a row of each element of an array or multiset, and of each entry of a map, with its position from 1.", true),
	}
}

// unnest expands a list. Elements that are rows give a column per field, and a NULL among them a row of NULLs; an element
// of a multiset comes as often as it is in there. A NULL list has no rows.
//
// Source: Flink's UnnestRowsFunction; the columns' names are Calcite's (SqlUnnestOperator). WITH ORDINALITY is of Flink 2.
func unnest(c *udf.Call, ordinality bool) (*udf.BoundTable, error) {
	if len(c.Args) != 1 {
		return nil, wrongArity(c, 1, 1)
	}
	t := c.Args[0].Type.WithAttr(types.NoTime)
	out := &udf.BoundTable{Args: []types.Type{t}, Nulls: udf.NullsSeen}
	u := unnester{kind: t.Kind, ordinality: ordinality}
	switch t.Kind {
	case types.Map:
		out.Columns = []types.Field{{Name: "KEY", Type: *t.Key}, {Name: "VALUE", Type: *t.Elem}}
	case types.Array, types.Multiset:
		if t.Elem.Kind != types.Row {
			out.Columns = []types.Field{{Name: "EXPR$0", Type: *t.Elem}}
			break
		}
		u.rows = true
		for _, f := range t.Elem.Fields {
			f.Type.NotNull = f.Type.NotNull && t.Elem.NotNull
			out.Columns = append(out.Columns, f)
		}
	default:
		return nil, udf.Errorf(0, "%s takes an array, a multiset or a map, not %s", c.Name, t.Nullable())
	}
	if ordinality {
		out.Columns = append(out.Columns, types.Field{Name: "ORDINALITY", Type: types.IntType.WithNotNull(true)})
	}
	out.Eval = u.eval
	return out, nil
}

type unnester struct {
	kind       types.Kind
	rows       bool // elements are rows
	ordinality bool
}

func (u unnester) eval(_ *udf.Context, args []*types.Vector, n int, out *udf.TableOutput) error {
	list := args[0]
	if u.kind == types.Multiset {
		u.multisets(list, n, out)
		return nil
	}
	for i := 0; i < n; {
		if list.IsNull(i) {
			i++
			continue
		}
		from := i
		for i < n && !list.IsNull(i) {
			for k := range list.Offsets[i+1] - list.Offsets[i] {
				out.Rows = append(out.Rows, int32(i))
				if u.ordinality {
					u.number(out, k+1)
				}
			}
			i++
		}
		u.entries(list, int(list.Offsets[from]), int(list.Offsets[i]), out)
	}
	return nil
}

func (u unnester) multisets(list *types.Vector, n int, out *udf.TableOutput) {
	counts := list.Children[1].I32
	for i := range n {
		if list.IsNull(i) {
			continue
		}
		position := int32(0)
		for k := int(list.Offsets[i]); k < int(list.Offsets[i+1]); k++ {
			for range counts[k] {
				out.Rows = append(out.Rows, int32(i))
				u.entries(list, k, k+1, out)
				if position++; u.ordinality {
					u.number(out, position)
				}
			}
		}
	}
}

// entries appends a row for each of some entries of a list.
func (u unnester) entries(list *types.Vector, from, to int, out *udf.TableOutput) {
	elements := list.Children[0]
	if !u.rows {
		out.Cols[0].AppendRange(elements, from, to)
		if u.kind == types.Map {
			out.Cols[1].AppendRange(list.Children[1], from, to)
		}
		return
	}
	at := out.Cols[0].N
	for f, c := range elements.Children {
		out.Cols[f].AppendRange(c, from, to)
	}
	if len(elements.Valid) == 0 {
		return
	}
	for k := from; k < to; k++ {
		if elements.IsNull(k) {
			for f := range elements.Children {
				out.Cols[f].SetNull(at + k - from)
			}
		}
	}
}

// number appends an element's position.
func (u unnester) number(out *udf.TableOutput, position int32) {
	v := out.Cols[len(out.Cols)-1]
	v.I32 = append(v.I32, position)
	v.N++
}
