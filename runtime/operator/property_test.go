package operator_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// source makes a random changelog and remembers the table that it folds to. A row is a slice of small integers, nil for
// NULL, with the text of the integer in STRING columns.
type source struct {
	rnd    *rand.Rand
	schema *types.Schema
	unique []int // columns that identify a row, or nil
	rows   [][]any
	adds   bool // only additions
}

func (s *source) random() []any {
	row := make([]any, s.schema.Len())
	for i, f := range s.schema.Fields {
		if s.rnd.IntN(8) == 0 && !slices.Contains(s.unique, i) {
			continue
		}
		n := s.rnd.Int64N(4)
		switch f.Type.Kind {
		case types.Varchar:
			row[i] = fmt.Sprint("t", n)
		case types.Boolean:
			row[i] = n == 0
		default:
			row[i] = n
		}
	}
	return row
}

// next returns a batch of changes.
func (s *source) next() *types.Batch {
	b := types.NewBatch(s.schema)
	emit := func(kind types.RowKind, row []any) {
		for i, v := range b.Cols {
			v.AppendValue(row[i])
		}
		b.AppendKind(kind)
	}
	for range s.rnd.IntN(12) {
		row := s.random()
		at := -1
		if len(s.rows) > 0 && s.rnd.IntN(2) == 0 {
			at = s.rnd.IntN(len(s.rows))
		}
		if s.unique != nil {
			at = slices.IndexFunc(s.rows, func(r []any) bool {
				return !slices.ContainsFunc(s.unique, func(c int) bool { return r[c] != row[c] })
			})
		}
		switch {
		case s.adds && s.unique == nil || at < 0:
			emit(types.Insert, row)
			s.rows = append(s.rows, row)
		case s.rnd.IntN(2) == 0:
			emit(types.UpdateBefore, s.rows[at])
			emit(types.UpdateAfter, row)
			s.rows[at] = row
		default:
			emit(types.Delete, s.rows[at])
			s.rows = slices.Delete(s.rows, at, at+1)
		}
	}
	return b
}

func text(row []any) string {
	out := ""
	for _, x := range row {
		if x == nil {
			x = "NULL"
		}
		out += fmt.Sprint(" ", x)
	}
	return out
}

// folds drives a node with random inputs, through restores at changing parallelism, and compares the fold of what it
// emits with the rows that want computes from the inputs' tables.
func folds(t *testing.T, seed uint64, node physical.Node, sources []*source, key []int, want func() map[string]int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 9))
	j := newJob(t, node, nil, time.Time{})
	j.maxRows = 1 + rnd.IntN(20)
	j.fold = newFold(key)
	j.noise = seed%2 == 0
	if seed%3 == 0 {
		j.limit(2000)
	}
	parallelism := func() int { return []int{1, 1, 2, 3}[rnd.IntN(4)] }
	if (script{node: node}).keys() == nil {
		parallelism = func() int { return 1 }
	}
	j.open(parallelism(), nil)
	for step := range 30 {
		input := rnd.IntN(len(sources))
		if b := sources[input].next(); b.N > 0 {
			j.decoys = rnd.IntN(3) == 0 && len(j.ops) == 1
			if err := j.process(input, b); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if !j.noise && rnd.IntN(3) == 0 { // what noise changes can't be part of what follows
			j.checkpoint(rnd.IntN(4) > 0)
		}
		if rnd.IntN(5) == 0 {
			j.open(parallelism(), j.close())
		}
		if w := want(); !maps.Equal(j.fold.rows, w) {
			t.Fatalf("seed %d, step %d: %s\nfolds to\n\t%s\nwant\n\t%s", seed, step, node.Detail(), tabled(j.fold.rows), tabled(w))
		}
	}
	j.close()
}

func tabled(rows map[string]int) string {
	var lines []string
	for row, n := range rows {
		lines = append(lines, fmt.Sprintf("%s × %d", row, n))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n\t")
}

// The changelog of a group aggregation folds to the aggregation of the folded input.
func TestGroupAggregateFolds(t *testing.T) {
	s := schema("k BIGINT, j STRING, v BIGINT, p BOOLEAN")
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		in := &source{rnd: rnd, schema: s, adds: seed%3 == 0}
		keys := [][]int{{0}, {1}, {0, 1}, {}}[rnd.IntN(4)]
		mode := types.Retract
		var key []int
		if seed%2 == 0 && len(keys) > 0 {
			mode, key = types.Upsert, columnsUpTo(len(keys))
		}
		n := groupBy(s, keys, mode, "COUNT()", "COUNT(v)", "SUM(v)", "MIN(v)", "MAX(j)", "COUNT(DISTINCT v)", "SUM(v) FILTER p", "SUM(DISTINCT v) FILTER p")
		n.InputRetracts, n.MiniBatch = !in.adds, seed%5 == 0
		folds(t, seed, n, []*source{in}, key, func() map[string]int {
			groups := map[string][][]any{}
			for _, row := range in.rows {
				var k []any
				for _, c := range keys {
					k = append(k, row[c])
				}
				groups[text(k)] = append(groups[text(k)], row)
			}
			out := map[string]int{}
			for k, rows := range groups {
				out[k+text(naive(rows))]++
			}
			return out
		})
	}
}

func columnsUpTo(n int) []int {
	var out []int
	for i := range n {
		out = append(out, i)
	}
	return out
}

// naive computes the aggregates of TestGroupAggregateFolds.
func naive(rows [][]any) []any {
	var count, countV, distinct int64
	var sum, least, greatest, sumP, sumDistinctP any
	seen, seenP := map[any]bool{}, map[any]bool{}
	plus := func(a any, b int64) any {
		if a == nil {
			return b
		}
		return a.(int64) + b
	}
	for _, row := range rows {
		count++
		if j, ok := row[1].(string); ok && (greatest == nil || j > greatest.(string)) {
			greatest = j
		}
		v, ok := row[2].(int64)
		if !ok {
			continue
		}
		countV++
		sum = plus(sum, v)
		if least == nil || v < least.(int64) {
			least = v
		}
		if !seen[v] {
			seen[v] = true
			distinct++
		}
		if row[3] == true {
			sumP = plus(sumP, v)
			if !seenP[v] {
				seenP[v] = true
				sumDistinctP = plus(sumDistinctP, v)
			}
		}
	}
	return []any{count, countV, sum, least, greatest, distinct, sumP, sumDistinctP}
}

// The changelog of a join folds to the join of the folded inputs, whatever identifies their rows.
func TestJoinFolds(t *testing.T) {
	l, r := schema("id BIGINT, k BIGINT, j STRING, v BIGINT"), schema("id BIGINT, k BIGINT, j STRING, v BIGINT")
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		kind := physical.JoinKind(seed % 6)
		keys := [][]int{{1}, {2}, {1, 2}, {0}, {}}[rnd.IntN(5)]
		n := joinOn(kind, l, r, keys, keys)
		for i := range keys {
			n.NullEqual[i] = rnd.IntN(3) == 0
		}
		if rnd.IntN(2) == 0 {
			n.Condition = greater(l, r, "v", "v")
		}
		var sources []*source
		for i := range 2 {
			s := &source{rnd: rnd, schema: l}
			switch rnd.IntN(3) {
			case 0:
				s.unique = []int{0}
				n.Unique[i] = s.unique
			case 1:
				s.adds = true
				n.Retracts[i] = false
			}
			sources = append(sources, s)
		}
		matches := func(a, b []any) bool {
			for i, k := range keys {
				if a[k] != b[k] || a[k] == nil && !n.NullEqual[i] {
					return false
				}
			}
			if n.Condition == nil {
				return true
			}
			av, aok := a[3].(int64)
			bv, bok := b[3].(int64)
			return aok && bok && av > bv
		}
		folds(t, seed, n, sources, nil, func() map[string]int {
			out := map[string]int{}
			none := make([]any, l.Len())
			matched := map[int]bool{}
			for _, a := range sources[0].rows {
				some := false
				for i, b := range sources[1].rows {
					if !matches(a, b) {
						continue
					}
					some, matched[i] = true, true
					if kind < physical.SemiJoin {
						out[text(a)+text(b)]++
					}
				}
				switch {
				case kind == physical.SemiJoin && some, kind == physical.AntiJoin && !some:
					out[text(a)]++
				case (kind == physical.LeftJoin || kind == physical.FullJoin) && !some:
					out[text(a)+text(none)]++
				}
			}
			for i, b := range sources[1].rows {
				if (kind == physical.RightJoin || kind == physical.FullJoin) && !matched[i] {
					out[text(none)+text(b)]++
				}
			}
			return out
		})
	}
}

// Windows emit, once, the rows that came before they fired.
func TestWindowsAgainstRows(t *testing.T) {
	s := schema("ts TIME, k BIGINT, v BIGINT")
	for seed := range uint64(80) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		slide := int64(1 + rnd.IntN(5))
		w := physical.Window{Kind: physical.WindowKind(seed % 3), Size: slide * int64(1+rnd.IntN(4)), Slide: slide, Offset: int64(rnd.IntN(7) - 3)}
		keys := [][]int{{1}, {1, 1}, {}}[rnd.IntN(3)]
		n := windowBy(s, w, keys, "COUNT()", "SUM(v)", "COUNT(DISTINCT v)")
		j := newJob(t, n, nil, time.Time{})
		j.maxRows = 1 + rnd.IntN(10)
		j.fold = newFold(nil)
		j.noise = seed%2 == 0
		if seed%5 == 0 {
			j.limit(3000)
		}
		j.open(1, nil)
		type window struct {
			start, end int64
			key        string
		}
		rows := map[window][]int64{}
		watermark := int64(math.MinInt64)
		for step := range int64(40) {
			b := types.NewBatch(s)
			for range rnd.IntN(6) {
				ts, k, v := step+int64(rnd.IntN(12)-6), rnd.Int64N(3), rnd.Int64N(4)
				for i, x := range []int64{ts, k, v} {
					b.Cols[i].AppendValue(x)
				}
				b.AppendKind(types.Insert)
				key := ""
				for range keys {
					key += fmt.Sprint(" ", k)
				}
				// All windows that could contain the row, by the definition of each kind.
				for start := ts - 40; start <= ts; start++ {
					aligned := func(step int64) bool { return ((start-w.Offset)%step+step)%step == 0 }
					ends := []int64{}
					switch {
					case w.Kind == physical.Tumble && aligned(w.Size), w.Kind == physical.Hop && aligned(w.Slide):
						ends = append(ends, start+w.Size)
					case w.Kind == physical.Cumulate && aligned(w.Size):
						for e := w.Slide; e <= w.Size; e += w.Slide {
							ends = append(ends, start+e)
						}
					}
					for _, end := range ends {
						if ts < end && end-1 > watermark {
							at := window{start, end, key}
							rows[at] = append(rows[at], v)
						}
					}
				}
			}
			if b.N > 0 {
				if err := j.process(0, b); err != nil {
					t.Fatal(err)
				}
			}
			if rnd.IntN(3) == 0 {
				watermark = max(watermark, step-int64(rnd.IntN(4)))
				j.watermark(watermark)
			}
			if !j.noise && rnd.IntN(3) == 0 {
				j.checkpoint(rnd.IntN(4) > 0)
			}
			if rnd.IntN(6) == 0 {
				parallelism := 1
				if len(keys) > 0 {
					parallelism = 1 + rnd.IntN(3)
				}
				j.open(parallelism, j.close())
			}
		}
		j.watermark(math.MaxInt64)
		want := map[string]int{}
		for at, values := range rows {
			sum, distinct := int64(0), map[int64]bool{}
			for _, v := range values {
				sum += v
				distinct[v] = true
			}
			bounds := types.NewVector(types.TimestampType(3))
			bounds.AppendValue(at.start)
			bounds.AppendValue(at.end)
			want[fmt.Sprintf("%s %d %d %d %s %s", at.key, len(values), sum, len(distinct), print(bounds, 0), print(bounds, 1))]++
		}
		if !maps.Equal(j.fold.rows, want) {
			t.Fatalf("seed %d: %+v\nemitted\n\t%s\nwant\n\t%s", seed, w, tabled(j.fold.rows), tabled(want))
		}
		clear(j.chains) // what a whole snapshot has
		if entries := j.close(); slices.ContainsFunc(entries, func(e state.Entry) bool { return e.Name == "group" }) {
			t.Errorf("seed %d: state is left at the end", seed)
		}
	}
}

// overRow is a row of TestOverAgainstRows, and where it stands among those of its key.
type overRow struct {
	ts, k, v int64
	of       *overKey
	at       int
}

// overKey is the rows of a key that have left, since it was last forgotten.
type overKey struct {
	rows []*overRow
	used int
}

// OVER gives each row what a naive evaluation over the rows of its key gives.
func TestOverAgainstRows(t *testing.T) {
	s := schema("ts TIME, k BIGINT, v BIGINT")
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		frame := physical.Frame{Rows: rnd.IntN(2) == 0, Bounded: rnd.IntN(2) == 0}
		if frame.Bounded {
			frame.Preceding = rnd.Int64N(5)
		}
		keys := [][]int{{1}, {1, 1}, {}}[rnd.IntN(3)]
		var functions []*rex.Call
		calls := []string{"COUNT()", "SUM(v)", "COUNT(DISTINCT v)", "MAX(v)"}
		if !frame.Bounded {
			functions = []*rex.Call{product(s, "v")}
			if frame.Rows { // without these, all aggregates give the results between rows by themselves
				calls = []string{"COUNT()", "SUM(v)", "COUNT(v)", "MAX(v)"}
			}
		}
		n := overNode(s, keys, frame, functions, calls...)
		parallelism := func() int { return 1 }
		switch {
		case len(keys) > 0 && frame.Rows && rnd.IntN(3) == 0:
			n.MaxKeys = 1 + rnd.Int64N(3)
		case len(keys) > 0:
			parallelism = func() int { return 1 + rnd.IntN(3) }
		}
		j := newJob(t, n, nil, time.Time{})
		j.maxRows = 1 + rnd.IntN(10)
		j.fold = newFold(nil)
		j.noise = seed%2 == 0
		if seed%5 == 0 {
			j.limit(3000)
		}
		j.open(1, nil)
		var waiting []*overRow
		byKey := map[int64]*overKey{}
		want := map[string]int{}
		watermark, late, uses := int64(math.MinInt64), int64(0), 0
		leave := func(w int64) {
			slices.SortStableFunc(waiting, func(a, b *overRow) int { return int(a.ts - b.ts) })
			due := 0
			for ; due < len(waiting) && waiting[due].ts <= w; due++ {
				row := waiting[due]
				key := byKey[row.k]
				if key == nil {
					if n.MaxKeys > 0 && len(byKey) == int(n.MaxKeys) {
						oldest := row.k
						for k, other := range byKey {
							if byKey[oldest] == nil || other.used < byKey[oldest].used {
								oldest = k
							}
						}
						delete(byKey, oldest)
					}
					key = &overKey{}
					byKey[row.k] = key
				}
				uses++
				row.of, row.at, key.used = key, len(key.rows), uses
				key.rows = append(key.rows, row)
			}
			for _, row := range waiting[:due] {
				rows := row.of.rows
				from, to := 0, row.at+1
				for !frame.Rows && to < len(rows) && rows[to].ts == row.ts {
					to++
				}
				if frame.Bounded && frame.Rows {
					from = max(0, row.at-int(frame.Preceding))
				}
				for frame.Bounded && !frame.Rows && rows[from].ts < row.ts-frame.Preceding {
					from++
				}
				at := types.NewVector(types.TimestampType(3))
				at.AppendValue(row.ts)
				line := fmt.Sprintf(" %s %d %d", print(at, 0), row.k, row.v)
				product, sum, most, distinct := int64(1), int64(0), int64(-1), map[int64]bool{}
				for _, r := range rows[:row.at+1] {
					product = (product*7 + r.v) % 1_000_003
				}
				for _, r := range rows[from:to] {
					sum, most = sum+r.v, max(most, r.v)
					distinct[r.v] = true
				}
				if functions != nil {
					line += fmt.Sprint(" ", product)
				}
				third := len(distinct)
				if calls[2] == "COUNT(v)" {
					third = to - from
				}
				want[fmt.Sprintf("%s %d %d %d %d", line, to-from, sum, third, most)]++
			}
			waiting = waiting[due:]
		}
		for step := range int64(40) {
			b := types.NewBatch(s)
			for range rnd.IntN(8) {
				row := &overRow{ts: step + int64(rnd.IntN(12)-6), k: rnd.Int64N(5), v: rnd.Int64N(4)}
				if len(keys) == 0 {
					row.k = 0
				}
				if frame.Bounded && !frame.Rows { // a key's last time is forgotten when its rows are out of range
					row.ts = max(row.ts, watermark+1)
				}
				for i, x := range []int64{row.ts, row.k, row.v} {
					b.Cols[i].AppendValue(x)
				}
				b.AppendKind(types.Insert)
				last := watermark
				if frame.Bounded {
					last = math.MinInt64
					if key := byKey[row.k]; key != nil && len(key.rows) > 0 {
						last = key.rows[len(key.rows)-1].ts
					}
				}
				if row.ts > last {
					waiting = append(waiting, row)
				} else {
					late++
				}
			}
			if b.N > 0 {
				if err := j.process(0, b); err != nil {
					t.Fatal(err)
				}
			}
			if rnd.IntN(3) == 0 {
				watermark = max(watermark, step-int64(rnd.IntN(6)))
				j.watermark(watermark)
				leave(watermark)
			}
			if !j.noise && rnd.IntN(3) == 0 {
				j.checkpoint(rnd.IntN(4) > 0)
			}
			if rnd.IntN(6) == 0 {
				j.open(parallelism(), j.close())
			}
		}
		j.watermark(math.MaxInt64)
		leave(math.MaxInt64)
		if !maps.Equal(j.fold.rows, want) {
			t.Fatalf("seed %d: %s\nemitted\n\t%s\nwant\n\t%s", seed, n.Detail(), tabled(j.fold.rows), tabled(want))
		}
		if j.late() != late {
			t.Errorf("seed %d: %d late rows, want %d", seed, j.late(), late)
		}
		j.close()
	}
}
