package simulation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/types"
)

// The reference: what a query means, computed row by row over complete inputs, in the plainest way there is. It shares
// nothing with the planner and the operators. A value is nil (NULL), an int64 or a string; a timestamp is an int64 of
// milliseconds.

// row is a list of values by column.
type row []any

// String is the row as sinks note it.
func (r row) String() string {
	parts := make([]string, len(r))
	for i, v := range r {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, " ")
}

// change is a row of a changelog.
type change struct {
	kind types.RowKind
	row  row
}

// replay returns the rows that are left of a changelog without -U rows, in which the first column is the key.
func replay(log []change) []row {
	last := map[string]row{}
	var keys []string
	for _, c := range log {
		k := fmt.Sprint(c.row[0])
		if _, known := last[k]; !known {
			keys = append(keys, k)
		}
		if c.kind == types.Delete {
			last[k] = nil
		} else {
			last[k] = c.row
		}
	}
	var rows []row
	for _, k := range keys {
		if last[k] != nil {
			rows = append(rows, last[k])
		}
	}
	return rows
}

func filter(in []row, keep func(r row) bool) []row {
	var out []row
	for _, r := range in {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

func project(in []row, f func(r row) row) []row {
	var out []row
	for _, r := range in {
		out = append(out, f(r))
	}
	return out
}

// distinct keeps the first of equal rows; NULLs are equal.
func distinct(in []row) []row {
	seen := map[string]bool{}
	return filter(in, func(r row) bool {
		s := r.String()
		if seen[s] {
			return false
		}
		seen[s] = true
		return true
	})
}

// group divides rows by some columns, in which NULLs are equal, and returns for each group these columns and the aggregates.
func group(in []row, by []int, aggregates []aggregate) []row {
	groups := map[string][]row{}
	var order []string
	for _, r := range in {
		k := pick(r, by).String()
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	var out []row
	for _, k := range order {
		result := pick(groups[k][0], by)
		for _, a := range aggregates {
			result = append(result, a.of(groups[k]))
		}
		out = append(out, result)
	}
	return out
}

func pick(r row, columns []int) row {
	var out row
	for _, c := range columns {
		out = append(out, r[c])
	}
	return out
}

// aggregate is an aggregate function in SQL and over rows of a base table.
type aggregate struct {
	sql string
	of  func(rows []row) any
}

// numbers returns the values of a column that aren't NULL.
func numbers(rows []row, column int) []int64 {
	var out []int64
	for _, r := range rows {
		if n, ok := r[column].(int64); ok {
			out = append(out, n)
		}
	}
	return out
}

func sum(ns []int64) any {
	if len(ns) == 0 {
		return nil
	}
	total := int64(0)
	for _, n := range ns {
		total += n
	}
	return total
}

// The columns of a base table.
const (
	colK  = iota // STRING, NULL at times
	colN         // BIGINT, NULL at times
	colV         // BIGINT, few values
	colTS        // TIMESTAMP(3)
)

// aggregates that a query may have over a base table; those which can't be retracted cheaply are fit for it, too.
var aggregates = []aggregate{
	{"COUNT(*)", func(rs []row) any { return int64(len(rs)) }},
	{"COUNT(n)", func(rs []row) any { return int64(len(numbers(rs, colN))) }},
	{"SUM(n)", func(rs []row) any { return sum(numbers(rs, colN)) }},
	{"MIN(n)", func(rs []row) any {
		if ns := numbers(rs, colN); len(ns) > 0 {
			return slices.Min(ns)
		}
		return nil
	}},
	{"MAX(n)", func(rs []row) any {
		if ns := numbers(rs, colN); len(ns) > 0 {
			return slices.Max(ns)
		}
		return nil
	}},
	{"AVG(n)", func(rs []row) any {
		ns := numbers(rs, colN)
		if len(ns) == 0 {
			return nil
		}
		return sum(ns).(int64) / int64(len(ns)) // toward zero, as Flink's AVG of a BIGINT
	}},
	{"COUNT(DISTINCT v)", func(rs []row) any {
		ns := numbers(rs, colV)
		slices.Sort(ns)
		return int64(len(slices.Compact(ns)))
	}},
	{"SUM(DISTINCT v)", func(rs []row) any {
		ns := numbers(rs, colV)
		slices.Sort(ns)
		return sum(slices.Compact(ns))
	}},
	{"SUM(n) FILTER (WHERE v > 1)", func(rs []row) any {
		return sum(numbers(filter(rs, func(r row) bool { return r[colV].(int64) > 1 }), colN))
	}},
}

// windowed puts start and end of every window that a row belongs to behind its columns.
func windowed(in []row, windows func(ts int64) [][2]int64) []row {
	var out []row
	for _, r := range in {
		for _, w := range windows(r[colTS].(int64)) {
			out = append(out, append(slices.Clone(r), w[0], w[1]))
		}
	}
	return out
}

func tumble(size int64) func(int64) [][2]int64 { return hop(size, size) }

func hop(slide, size int64) func(int64) [][2]int64 {
	return func(ts int64) (ws [][2]int64) {
		for start := ts - ts%slide; start > ts-size; start -= slide {
			ws = append(ws, [2]int64{start, start + size})
		}
		return ws
	}
}

func cumulate(step, size int64) func(int64) [][2]int64 {
	return func(ts int64) (ws [][2]int64) {
		start := ts - ts%size
		for end := start + step; end <= start+size; end += step {
			if ts < end {
				ws = append(ws, [2]int64{start, end})
			}
		}
		return ws
	}
}

// sessions puts start and end of its session behind every row. Rows of equal values in the columns by belong together
// when the time between neighbours is gap at most.
func sessions(in []row, by []int, gap int64) []row {
	groups := map[string][]row{}
	for _, r := range in {
		k := pick(r, by).String()
		groups[k] = append(groups[k], r)
	}
	var out []row
	for _, rs := range groups {
		slices.SortStableFunc(rs, func(a, b row) int { return int(a[colTS].(int64) - b[colTS].(int64)) })
		for i := 0; i < len(rs); {
			end := i + 1
			for end < len(rs) && rs[end][colTS].(int64)-rs[end-1][colTS].(int64) <= gap {
				end++
			}
			for _, r := range rs[i:end] {
				out = append(out, append(slices.Clone(r), rs[i][colTS], rs[end-1][colTS].(int64)+gap))
			}
			i = end
		}
	}
	return out
}

// join compares every row with every other one. left and right say whether rows without partner stay, with NULLs.
func join(a, b []row, widthA, widthB int, left, right bool, on func(a, b row) bool) []row {
	var out []row
	matched := make([]bool, len(b))
	for _, x := range a {
		found := false
		for i, y := range b {
			if on(x, y) {
				found, matched[i] = true, true
				out = append(out, append(slices.Clone(x), y...))
			}
		}
		if !found && left {
			out = append(out, append(slices.Clone(x), make(row, widthB)...))
		}
	}
	for i, y := range b {
		if !matched[i] && right {
			out = append(out, append(make(row, widthA), y...))
		}
	}
	return out
}

// equal is SQL's =, with NULL as not true.
func equal(a, b any) bool { return a != nil && b != nil && a == b }
