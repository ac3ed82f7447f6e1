package operator_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

var session5 = physical.Window{Kind: physical.Session, Time: 0, Size: 5 * second}

// Flink's "window-aggregate-session-partition-event-time-two-phase": a session per key; the row of 00:00:04, behind the
// watermark, still belongs to an open one.
func TestSessionFlink(t *testing.T) {
	script{node: windowBy(flinkRows, session5, columns(flinkRows, "name"), "COUNT()", "SUM(a_int)", "COUNT(DISTINCT comment)"),
		text: flinkInput + `
		+I 00:00:06 6 Hi b
		+I 00:00:08 3 Comment#2 a
		watermark 00:00:07
		+I 00:00:04 5 Hi a
		+I 00:00:16 4 Hi b
		watermark 00:00:15
		> +I b 2 9 2 00:00:06 00:00:12
		> +I a 6 18 3 00:00:01 00:00:13
		+I 00:00:32 7 NULL NULL
		watermark 00:00:31
		> +I b 1 4 1 00:00:16 00:00:21
		+I 00:00:34 1 Comment#3 b
		+I 00:00:40 10 Comment#4 a
		watermark 00:00:39
		> +I NULL 1 7 0 00:00:32 00:00:37
		> +I b 1 1 1 00:00:34 00:00:39
		+I 00:00:42 11 Comment#5 d
		+I 00:00:43 12 Comment#6 c
		+I 00:00:44 13 Comment#7 d
		finish
		> +I a 1 10 1 00:00:40 00:00:45
		> +I c 1 12 1 00:00:43 00:00:48
		> +I d 2 24 2 00:00:42 00:00:49
		late 0
	`}.run(t)
}

// A row a gap away joins; one between two sessions makes them one; one whose session is over is late.
func TestSessionMerge(t *testing.T) {
	s := schema("ts TIME, k STRING, v BIGINT")
	script{node: windowBy(s, session5, columns(s, "k"), "COUNT()", "SUM(v)", "COUNT(DISTINCT v)"), text: `
		+I 00:00:10 a 1
		+I 00:00:20 a 1
		+I 00:00:15 a 2
		+I 00:00:40 a 1
		watermark 00:00:24
		watermark 00:00:25
		> +I a 3 4 2 00:00:10 00:00:25
		+I 00:00:20 a 1
		late 1
		+I 00:00:21 a 7
		late 1
		finish
		> +I a 1 7 1 00:00:21 00:00:26
		> +I a 1 1 1 00:00:40 00:00:45
	`}.run(t)
}

// The table function holds rows back until their session is over.
func TestSessionTable(t *testing.T) {
	in := schema("ts TIME, k STRING, v BIGINT")
	out := schema("ts TIME, k STRING, v BIGINT, window_start TIMESTAMP, window_end TIMESTAMP, window_time TIME")
	n := &physical.WindowTable{Info: physical.Info{Schema: out, Mode: types.AppendOnly, Inputs: []physical.Edge{input(in, types.AppendOnly)}},
		Window: session5, PartitionBy: []int{1}}
	script{node: n, text: `
		+I 00:00:10 a 1
		+I 00:00:11 b 2
		+I 00:00:18 a 3
		+I 00:00:14 a 4
		watermark 00:00:16
		> +I 00:00:11 b 2 00:00:11 00:00:16 00:00:15.999
		+I 00:00:10 b 5
		late 1
		finish
		> +I 00:00:10 a 1 00:00:10 00:00:23 00:00:22.999
		> +I 00:00:18 a 3 00:00:10 00:00:23 00:00:22.999
		> +I 00:00:14 a 4 00:00:10 00:00:23 00:00:22.999
	`}.run(t)
}

// Processing-time sessions end by the clock.
func TestSessionProctime(t *testing.T) {
	s := schema("k STRING, v BIGINT")
	w := physical.Window{Kind: physical.Session, Time: -1, Proctime: true, Size: 5 * second}
	script{node: windowBy(s, w, columns(s, "k"), "COUNT()"), start: time.UnixMilli(1000), text: `
		+I a 1
		time 00:00:04
		+I a 1
		+I b 1
		time 00:00:06
		time 00:00:09
		> +I a 2 00:00:01 00:00:09
		> +I b 1 00:00:04 00:00:09
		+I a 1
		finish
		> +I a 1 00:00:09 00:00:14
	`}.run(t)
}

// Attached sessions of different keys may end together and begin apart.
func TestSessionAttached(t *testing.T) {
	s := schema("window_start TIMESTAMP, window_end TIMESTAMP, k STRING")
	w := physical.Window{Kind: physical.Session, Time: -1, Size: 5 * second, Attached: true, Start: 0, End: 1}
	script{node: windowBy(s, w, nil, "COUNT()"), text: `
		+I 00:00:03 00:00:10 a
		+I 00:00:01 00:00:10 b
		+I 00:00:03 00:00:10 a
		watermark 00:00:09
		watermark 00:00:10
		> +I 1 00:00:01 00:00:10
		> +I 2 00:00:03 00:00:10
	`}.run(t)
}

// Sessions are what sorting each key's rows and cutting where a gap is gives, when nothing is late.
func TestSessionsAgainstRows(t *testing.T) {
	s := schema("ts TIME, k BIGINT, v BIGINT")
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		gap := int64(1 + rnd.IntN(6))
		n := windowBy(s, physical.Window{Kind: physical.Session, Time: 0, Size: gap}, []int{1}, "COUNT()", "SUM(v)")
		j := newJob(t, n, nil, time.Time{})
		j.noise = seed%2 == 0
		j.fold = newFold(nil)
		j.open(1, nil)
		type row struct{ ts, v int64 }
		rows := map[int64][]row{}
		for step := range int64(30) {
			b := types.NewBatch(s)
			for range rnd.IntN(4) {
				ts, k, v := 3*step+rnd.Int64N(12), rnd.Int64N(3), rnd.Int64N(4)
				for i, x := range []int64{ts, k, v} {
					b.Cols[i].AppendValue(x)
				}
				b.AppendKind(types.Insert)
				rows[k] = append(rows[k], row{ts, v})
			}
			if b.N > 0 {
				if err := j.process(0, b); err != nil {
					t.Fatal(err)
				}
			}
			j.watermark(3*step - 1) // no row comes behind it
			if !j.noise && rnd.IntN(3) == 0 {
				j.checkpoint(rnd.IntN(4) > 0)
			}
			if rnd.IntN(5) == 0 {
				j.open(1+rnd.IntN(3), j.close())
			}
		}
		j.watermark(math.MaxInt64)
		want := map[string]int{}
		for k, all := range rows {
			slices.SortFunc(all, func(a, b row) int { return int(a.ts - b.ts) })
			for len(all) > 0 {
				i, sum := 0, int64(0)
				for i < len(all) && (i == 0 || all[i].ts-all[i-1].ts <= gap) {
					sum += all[i].v
					i++
				}
				bounds := types.NewVector(types.TimestampType(3))
				bounds.AppendValue(all[0].ts)
				bounds.AppendValue(all[i-1].ts + gap)
				want[fmt.Sprintf(" %d %d %d %s %s", k, i, sum, print(bounds, 0), print(bounds, 1))]++
				all = all[i:]
			}
		}
		if !maps.Equal(j.fold.rows, want) || j.late() > 0 {
			t.Fatalf("seed %d: gap %d, %d late\nemitted\n\t%s\nwant\n\t%s", seed, gap, j.late(), tabled(j.fold.rows), tabled(want))
		}
		if entries := j.close(); slices.ContainsFunc(entries, func(e state.Entry) bool { return e.Name == "session" }) {
			t.Errorf("seed %d: state is left at the end", seed)
		}
	}
}
