package physical

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

func names(s *types.Schema, cols []int) string {
	parts := make([]string, len(cols))
	for i, c := range cols {
		parts[i] = s.Fields[c].Name
	}
	return strings.Join(parts, ", ")
}

func exprs(es []rex.Expr, s *types.Schema) string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = e.String()
		if name := s.Fields[i].Name; name != parts[i] {
			parts[i] += " AS " + name
		}
	}
	return strings.Join(parts, ", ")
}

func millis(ms int64) string { return (time.Duration(ms) * time.Millisecond).String() }

// Detail implements Node.
func (n *Scan) Detail() string {
	s := fmt.Sprintf("table=%s, %s, columns=[%s]", n.Table.Path, n.Source.Describe(), strings.Join(n.Schema.Names(), ", "))
	if n.Project != nil {
		s += ", computed=[" + exprs(n.Project, n.Schema) + "]"
	}
	if w := n.Watermark; w != nil {
		s += fmt.Sprintf(", watermark=[%s: %s]", n.Schema.Fields[w.Column].Name, w.Expr)
	}
	return s
}

// Detail implements Node.
func (n *ChangelogNormalize) Detail() string { return "key=[" + names(n.Schema, n.Key) + "]" }

// Detail implements Node.
func (n *Calc) Detail() string {
	var parts []string
	if n.Filter != nil {
		parts = append(parts, "where="+n.Filter.String())
	}
	if n.Project != nil {
		parts = append(parts, "select=["+exprs(n.Project, n.Schema)+"]")
	}
	return strings.Join(parts, ", ")
}

// Detail implements Node.
func (n *Correlate) Detail() string {
	kind := "INNER"
	if n.Left {
		kind = "LEFT"
	}
	s := fmt.Sprintf("invocation=[%s], select=[%s], joinType=[%s]", n.Call, strings.Join(n.Schema.Names(), ", "), kind)
	if n.Condition != nil {
		s += ", condition=[" + n.Condition.String() + "]"
	}
	return s
}

// String prints the window: TUMBLE(rowtime, 10s).
func (w Window) String(input *types.Schema) string {
	if w.Attached {
		return fmt.Sprintf("%s(window_start=%s, window_end=%s)", w.Kind, input.Fields[w.Start].Name, input.Fields[w.End].Name)
	}
	s := w.Kind.String() + "(" + input.Fields[w.Time].Name
	if w.Slide != 0 {
		s += ", " + millis(w.Slide)
	}
	s += ", " + millis(w.Size)
	if w.Offset != 0 {
		s += ", offset " + millis(w.Offset)
	}
	return s + ")"
}

// Detail implements Node.
func (n *WindowTable) Detail() string {
	s := "window=" + n.Window.String(n.Inputs[0].From.Base().Schema)
	if len(n.PartitionBy) > 0 {
		s += ", partition by=[" + names(n.Inputs[0].From.Base().Schema, n.PartitionBy) + "]"
	}
	return s
}

func aggNames(aggs []AggCall) string {
	parts := make([]string, len(aggs))
	for i, a := range aggs {
		parts[i] = a.Name
	}
	return strings.Join(parts, ", ")
}

// Detail implements Node.
func (n *WindowAggregate) Detail() string {
	in := n.Inputs[0].From.Base().Schema
	s := "window=" + n.Window.String(in) + ", keys=[" + names(in, n.Keys) + "], aggregates=[" + aggNames(n.Aggs) + "]"
	if len(n.Properties) > 0 {
		s += ", properties=["
		for i, p := range n.Properties {
			if i > 0 {
				s += ", "
			}
			s += [...]string{"start", "end", "time"}[p]
		}
		s += "]"
	}
	return s
}

// Detail implements Node.
func (n *GroupAggregate) Detail() string {
	s := "keys=[" + names(n.Inputs[0].From.Base().Schema, n.Keys) + "], aggregates=[" + aggNames(n.Aggs) + "]"
	if n.MiniBatch {
		s += ", mini-batch"
	}
	if n.TTL > 0 {
		s += ", ttl=" + n.TTL.String()
	}
	return s
}

// String prints the frame as SQL does, a range of time in milliseconds as Flink's EXPLAIN does.
func (f Frame) String() string {
	s := "RANGE BETWEEN "
	if f.Rows {
		s = "ROWS BETWEEN "
	}
	if f.Bounded {
		s += fmt.Sprint(f.Preceding, " PRECEDING")
	} else {
		s += "UNBOUNDED PRECEDING"
	}
	return s + " AND CURRENT ROW"
}

// Detail implements Node.
func (n *OverAggregate) Detail() string {
	s := n.Identity()
	if n.TTL > 0 && !(n.Frame.Bounded && !n.Frame.Rows) {
		s += ", ttl=" + n.TTL.String()
	}
	if n.MaxKeys > 0 {
		s += fmt.Sprintf(", max keys=%d", n.MaxKeys)
	}
	return s
}

// Identity is what the operator's ID is made of: limits on what it keeps may change while its state goes on.
func (n *OverAggregate) Identity() string {
	in := n.Inputs[0].From.Base().Schema
	var calls []string
	for _, f := range n.Functions {
		calls = append(calls, f.String())
	}
	for _, a := range n.Aggs {
		calls = append(calls, a.Name)
	}
	s := ""
	if len(n.PartitionBy) > 0 {
		s = "partitionBy=[" + names(in, n.PartitionBy) + "], "
	}
	return s + "orderBy=[" + in.Fields[n.Time].Name + " ASC], window=[" + n.Frame.String() + "], select=[*, " + strings.Join(calls, ", ") + "]"
}

// Detail implements Node.
func (n *LocalWindowAggregate) Detail() string {
	in := n.Inputs[0].From.Base().Schema
	return "window=" + n.Window.String(in) + ", keys=[" + names(in, n.Keys) + "], aggregates=[" + aggNames(n.Aggs) + "]"
}

// Detail implements Node.
func (n *LocalGroupAggregate) Detail() string {
	return "keys=[" + names(n.Inputs[0].From.Base().Schema, n.Keys) + "], aggregates=[" + aggNames(n.Aggs) + "]"
}

// Detail implements Node.
func (n *Join) Detail() string {
	left, right := n.Inputs[0].From.Base().Schema, n.Inputs[1].From.Base().Schema
	s := "type=" + n.Kind.String() + ", on=["
	for i := range n.LeftKeys {
		if i > 0 {
			s += " AND "
		}
		op := " = "
		if n.NullEqual[i] {
			op = " IS NOT DISTINCT FROM "
		}
		s += left.Fields[n.LeftKeys[i]].Name + op + right.Fields[n.RightKeys[i]].Name
	}
	s += "]"
	if n.Condition != nil {
		s += ", where=" + n.Condition.String()
	}
	for i, side := range []string{"left", "right"} {
		if n.TTL[i] > 0 {
			s += ", ttl of " + side + "=" + n.TTL[i].String()
		}
	}
	return s
}

// Detail implements Node.
func (n *Union) Detail() string { return "all" }

// Detail implements Node.
func (n *Values) Detail() string {
	rows := make([]string, 0, len(n.Rows))
	for i, r := range n.Rows {
		if i == 3 {
			rows = append(rows, fmt.Sprintf("… %d rows", len(n.Rows)))
			break
		}
		parts := make([]string, len(r))
		for k, e := range r {
			parts[k] = e.String()
		}
		rows = append(rows, "("+strings.Join(parts, ", ")+")")
	}
	return strings.Join(rows, ", ")
}

// Detail implements Node.
func (n *Limit) Detail() string { return limits(n.Offset, n.Count) }

func limits(offset, count int64) string {
	var parts []string
	if offset > 0 {
		parts = append(parts, fmt.Sprintf("offset=%d", offset))
	}
	if count >= 0 {
		parts = append(parts, fmt.Sprintf("limit=%d", count))
	}
	return strings.Join(parts, ", ")
}

// Detail implements Node.
func (n *Sort) Detail() string {
	parts := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		parts[i] = n.Schema.Fields[k.Column].Name
		if k.Desc {
			parts[i] += " DESC"
		}
		if k.NullsFirst == k.Desc {
			parts[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	s := "by=[" + strings.Join(parts, ", ") + "]"
	if l := limits(n.Offset, n.Count); l != "" {
		s += ", " + l
	}
	return s
}

// Detail implements Node.
func (n *Sink) Detail() string {
	s := fmt.Sprintf("table=%s, %s, columns=[%s]", n.Table.Path, n.Sink.Describe(), strings.Join(n.Schema.Names(), ", "))
	if n.Materialize {
		s += ", materialize"
	}
	return s
}

// Detail implements Node.
func (n *Collect) Detail() string { return "columns=[" + strings.Join(n.Schema.Names(), ", ") + "]" }
