package operator_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// phase is an operator with the rows that it has emitted.
type phase struct {
	operator.Operator
	schema  *types.Schema
	metrics metrics.Operator
	emitted []*types.Batch
}

func newPhase(t testing.TB, n physical.Node, zone *time.Location) *phase {
	op, err := operator.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	p := &phase{Operator: op, schema: n.Base().Schema}
	now := func() time.Time { return time.UnixMilli(0) }
	err = op.Open(&operator.Context{Parallelism: 1, Clock: &fixedClock{now: now()}, Metrics: &p.metrics, MaxRows: 100,
		UDF: &udf.Context{Location: zone, Now: now, Watermark: math.MinInt64}, WakeAt: func(time.Time) {}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Emit implements operator.Output.
func (p *phase) Emit(b *types.Batch) error {
	kept := types.NewBatch(p.schema)
	kept.AppendBatch(b)
	p.emitted = append(p.emitted, kept)
	return nil
}

// lines prints what has been emitted since the last call, sorted.
func (p *phase) lines() (all []string) {
	for _, b := range p.emitted {
		for i := range b.N {
			line := b.Kind(i).String()
			for _, v := range b.Cols {
				line += " " + print(v, i)
			}
			all = append(all, line)
		}
	}
	p.emitted = nil
	slices.Sort(all)
	return all
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// inTwoPhases puts the first phase before a window aggregation.
func inTwoPhases(n *physical.WindowAggregate, optional bool) (*physical.LocalWindowAggregate, *physical.WindowAggregate) {
	in := n.Inputs[0].From.Base().Schema
	local := &physical.LocalWindowAggregate{Window: n.Window, Keys: n.Keys, Aggs: n.Aggs, Optional: optional}
	local.Inputs = n.Inputs
	local.Schema = types.NewSchema(append(slices.Clone(in.Fields), types.Field{Name: "$partial", Type: types.BytesType})...)
	global := *n
	global.Inputs = []physical.Edge{{From: local, Exchange: physical.Hash, Keys: n.Keys}}
	return local, &global
}

var timed = schema("ts TIME, k INT, name STRING, v BIGINT, d DECIMAL, f BOOLEAN")

// Two subtasks of the first phase, whose watermarks move apart, give what one phase gives of the same rows: the same
// windows at the same watermark, and the same number of late rows.
func TestTwoPhases(t *testing.T) {
	hours := time.FixedZone("", 3600)
	kathmandu, err := time.LoadLocation("Asia/Kathmandu")
	check(t, err)
	hop := hop10
	hop.Offset = 1234
	gaps := physical.Window{Kind: physical.Hop, Time: 0, Size: 3 * second, Slide: 5 * second}
	local := tumble5
	local.Local = true
	zoned := schema("ts LTZ, k INT, name STRING, v BIGINT, d DECIMAL, f BOOLEAN")
	calls := []string{"COUNT()", "SUM(v) FILTER f", "COUNT(v)", "MIN(name)", "MAX(d)", "AVG(v)", "COUNT(DISTINCT name)"}
	for _, c := range []struct {
		name   string
		schema *types.Schema
		window physical.Window
		zone   *time.Location
		keys   []int
	}{
		{"tumble", timed, tumble5, time.UTC, []int{1}},
		{"tumble by name", timed, tumble5, time.UTC, []int{2}},
		{"tumble by two", timed, tumble5, time.UTC, []int{2, 1}},
		{"tumble by one twice", timed, tumble5, time.UTC, []int{1, 2, 1}},
		{"tumble by time", timed, tumble5, time.UTC, []int{0}},
		{"tumble without keys", timed, tumble5, time.UTC, nil},
		{"hop", timed, hop, time.UTC, []int{1}},
		{"hop with gaps", timed, gaps, time.UTC, []int{1}},
		{"cumulate", timed, cumulate, time.UTC, []int{1}},
		{"local time", zoned, local, hours, []int{1}},
		{"local time, odd", zoned, local, kathmandu, []int{2}},
	} {
		for seed := range uint64(8) {
			t.Run(fmt.Sprint(c.name, "/", seed), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				node := windowBy(c.schema, c.window, c.keys, calls...)
				first, second := inTwoPhases(node, seed%4 == 3)
				want, got := newPhase(t, node, c.zone), newPhase(t, second, c.zone)
				up := []*phase{newPhase(t, first, c.zone), newPhase(t, first, c.zone)}
				at, marks, low := [2]int64{}, [2]int64{math.MinInt64, math.MinInt64}, int64(math.MinInt64)
				flow := func(p *phase) {
					for _, b := range p.emitted {
						check(t, got.Process(0, b, got))
					}
					p.emitted = nil
				}
				rows := 0
				for range 250 {
					i := rnd.IntN(2)
					switch rnd.IntN(8) {
					case 0: // one subtask goes ahead of the other by up to 20 s
						marks[i] = max(marks[i], at[i]-rnd.Int64N(2000))
						check(t, up[i].OnWatermark(marks[i], up[i]))
						flow(up[i])
						if m := min(marks[0], marks[1]); m > low {
							low = m
							check(t, want.OnWatermark(low, want), got.OnWatermark(low, got))
						}
					case 1:
						check(t, up[i].Operator.(operator.Flusher).Flush(up[i]))
						flow(up[i])
					default:
						b := types.NewBatch(c.schema)
						for range rnd.IntN(30) {
							at[i] = max(at[i]+rnd.Int64N(120), at[1-i]-20*1000)
							b.Cols[0].AppendValue(at[i] - rnd.Int64N(3)*rnd.Int64N(4000))
							values := []any{int32(rnd.IntN(5)), fmt.Sprint("n", rnd.IntN(4)), rnd.Int64N(100), decimal128.FromI64(rnd.Int64N(100)), rnd.IntN(2) == 0}
							for k, v := range values {
								if rnd.IntN(9) == 0 {
									b.Cols[k+1].AppendNull()
								} else {
									b.Cols[k+1].AppendValue(v)
								}
							}
							b.AppendKind(types.Insert)
						}
						for k := range b.N {
							if rnd.IntN(10) > 0 {
								b.Sel = append(b.Sel, int32(k))
							}
						}
						if b.Sel == nil {
							continue
						}
						rows += len(b.Sel)
						check(t, want.Process(0, b, want), up[i].Process(0, b, up[i]))
						flow(up[i])
					}
					if a, b := want.lines(), got.lines(); !slices.Equal(a, b) {
						t.Fatalf("at watermark %d\n got %q\nwant %q", low, b, a)
					}
				}
				for _, p := range up {
					check(t, p.OnWatermark(math.MaxInt64, p), p.Finish(p))
					flow(p)
				}
				check(t, want.OnWatermark(math.MaxInt64, want), got.OnWatermark(math.MaxInt64, got))
				a, b := want.lines(), got.lines()
				if len(a) == 0 || !slices.Equal(a, b) {
					t.Errorf("at the end\n got %q\nwant %q", b, a)
				}
				late := want.metrics.Late.Load()
				if late == 0 && c.window.Kind == physical.Tumble {
					t.Errorf("none of %d rows was late", rows)
				}
				if n := got.metrics.Late.Load(); n != late {
					t.Errorf("%d late rows, want %d", n, late)
				}
			})
		}
	}
}

// Left to itself the first phase gathers the rows of keys that have many, and passes on those of keys that have few.
func TestGatherWhatPays(t *testing.T) {
	s := schema("ts TIME, k BIGINT, v BIGINT")
	for _, c := range []struct {
		name      string
		rows      int64
		key       func(n int64) int64
		low, high float64 // rows that leave per row that comes
	}{
		{"few keys", 200_000, func(n int64) int64 { return n % 100 }, 0, 0.1},
		{"a hot key among many", 200_000, func(n int64) int64 { return n % 2 * n }, 0.5, 0.6},
		{"many keys", 100_000, func(n int64) int64 { return n }, 1, 1},
		{"many keys, then few", 500_000, func(n int64) int64 { return max(0, 50_000-n) }, 0.3, 0.4},
		{"many keys for long, then few", 2_000_000, func(n int64) int64 { return max(0, 600_000-n) }, 0.5, 0.6},
	} {
		t.Run(c.name, func(t *testing.T) {
			const size = 1000
			node := windowBy(s, tumble5, []int{1}, "COUNT()", "SUM(v)")
			first, second := inTwoPhases(node, true)
			want, got, up := newPhase(t, node, time.UTC), newPhase(t, second, time.UTC), newPhase(t, first, time.UTC)
			left := 0
			flow := func() {
				for _, b := range up.emitted {
					left += b.N
					check(t, got.Process(0, b, got))
				}
				up.emitted = nil
			}
			for n := int64(0); n < c.rows; n += size {
				b := types.NewBatch(s)
				for k := n; k < n+size; k++ {
					for i, x := range []int64{k / 100, c.key(k), k} {
						b.Cols[i].I64, b.Cols[i].N = append(b.Cols[i].I64, x), b.Cols[i].N+1
					}
				}
				b.N = size
				check(t, want.Process(0, b, want), up.Process(0, b, up))
				flow()
				check(t, want.OnWatermark(n/100, want), up.OnWatermark(n/100, up))
				flow()
				check(t, got.OnWatermark(n/100, got))
			}
			check(t, up.Finish(up))
			flow()
			check(t, want.OnWatermark(math.MaxInt64, want), got.OnWatermark(math.MaxInt64, got))
			if a, b := want.lines(), got.lines(); !slices.Equal(a, b) {
				t.Errorf("got %d rows, want %d, or others", len(b), len(a))
			}
			if share := float64(left) / float64(c.rows); share < c.low || share > c.high {
				t.Errorf("%d of %d rows are left", left, c.rows)
			}
		})
	}
}
