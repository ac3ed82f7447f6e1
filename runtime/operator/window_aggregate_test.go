package operator_test

import (
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// windowBy returns a window aggregation that emits window_start and window_end, and window_time with a time column ts.
func windowBy(s *types.Schema, w physical.Window, keys []int, calls ...string) *physical.WindowAggregate {
	n := &physical.WindowAggregate{Window: w, Keys: keys, Properties: []physical.WindowProperty{physical.WindowStart, physical.WindowEnd}}
	for _, c := range calls {
		n.Aggs = append(n.Aggs, call(s, c))
	}
	n.Inputs = []physical.Edge{input(s, types.AppendOnly)}
	n.Schema, n.Mode = aggregateSchema(s, keys, n.Aggs), types.AppendOnly
	for _, name := range []string{"window_start", "window_end"} {
		n.Schema.Fields = append(n.Schema.Fields, types.Field{Name: name, Type: types.TimestampType(3).WithNotNull(true)})
	}
	return n
}

func withWindowTime(n *physical.WindowAggregate, t types.Type) *physical.WindowAggregate {
	n.Properties = append(n.Properties, physical.WindowTime)
	n.Schema.Fields = append(n.Schema.Fields, types.Field{Name: "window_time", Type: t})
	return n
}

const second = 1000

var (
	tumble5   = physical.Window{Kind: physical.Tumble, Time: 0, Size: 5 * second}
	hop10     = physical.Window{Kind: physical.Hop, Time: 0, Size: 10 * second, Slide: 5 * second}
	cumulate  = physical.Window{Kind: physical.Cumulate, Time: 0, Size: 15 * second, Slide: 5 * second}
	flinkRows = schema("ts TIME, a_int INT, comment STRING, name STRING")
)

// flink is the input of Flink's WindowAggregateTestPrograms with the watermark one second behind, after every row.
const flinkInput = `
	+I 00:00:01 1 Hi a
	watermark 00:00:00
	+I 00:00:02 2 Comment#1 a
	watermark 00:00:01
	+I 00:00:03 2 Comment#1 a
	watermark 00:00:02
	+I 00:00:04 5 NULL a
	watermark 00:00:03
	+I 00:00:07 3 Hello b
	watermark 00:00:06
`

// Flink's "window-aggregate-tumble-event-time-two-phase", with its late row.
func TestTumbleFlink(t *testing.T) {
	script{node: windowBy(flinkRows, tumble5, columns(flinkRows, "name"), "COUNT()", "SUM(a_int)", "COUNT(DISTINCT comment)"),
		text: flinkInput + `
		> +I a 4 10 2 00:00:00 00:00:05
		+I 00:00:06 6 Hi b
		+I 00:00:08 3 Comment#2 a
		watermark 00:00:07
		+I 00:00:04 5 Hi a
		late 1
		+I 00:00:16 4 Hi b
		watermark 00:00:15
		> +I b 2 9 2 00:00:05 00:00:10
		> +I a 1 3 1 00:00:05 00:00:10
		+I 00:00:32 7 NULL NULL
		watermark 00:00:31
		> +I b 1 4 1 00:00:15 00:00:20
		+I 00:00:34 1 Comment#3 b
		watermark 00:00:33
		+I 00:00:40 10 Comment#4 a
		watermark 00:00:39
		> +I NULL 1 7 0 00:00:30 00:00:35
		> +I b 1 1 1 00:00:30 00:00:35
		+I 00:00:42 11 Comment#5 d
		+I 00:00:43 12 Comment#6 c
		+I 00:00:44 13 Comment#7 d
		finish
		> +I a 1 10 1 00:00:40 00:00:45
		> +I d 2 24 2 00:00:40 00:00:45
		> +I c 1 12 1 00:00:40 00:00:45
		late 1
	`}.run(t)
}

// Flink's "window-table-function-cumulate-tvf-agg" (same rows): the row of 00:00:04 comes when the window [0, 5) has
// fired, and counts in the longer ones.
func TestCumulateFlink(t *testing.T) {
	script{node: windowBy(flinkRows, cumulate, columns(flinkRows, "name"), "COUNT()", "SUM(a_int)", "COUNT(DISTINCT comment)"),
		text: flinkInput + `
		> +I a 4 10 2 00:00:00 00:00:05
		+I 00:00:06 6 Hi b
		+I 00:00:08 3 Comment#2 a
		watermark 00:00:07
		+I 00:00:04 5 Hi a
		+I 00:00:16 4 Hi b
		watermark 00:00:15
		> +I a 6 18 3 00:00:00 00:00:10
		> +I b 2 9 2 00:00:00 00:00:10
		> +I a 6 18 3 00:00:00 00:00:15
		> +I b 2 9 2 00:00:00 00:00:15
		+I 00:00:32 7 NULL NULL
		watermark 00:00:31
		> +I b 1 4 1 00:00:15 00:00:20
		> +I b 1 4 1 00:00:15 00:00:25
		> +I b 1 4 1 00:00:15 00:00:30
		+I 00:00:34 1 Comment#3 b
		+I 00:00:44 13 Comment#7 d
		finish
		> +I NULL 1 7 0 00:00:30 00:00:35
		> +I b 1 1 1 00:00:30 00:00:35
		> +I NULL 1 7 0 00:00:30 00:00:40
		> +I b 1 1 1 00:00:30 00:00:40
		> +I NULL 1 7 0 00:00:30 00:00:45
		> +I b 1 1 1 00:00:30 00:00:45
		> +I d 1 13 1 00:00:30 00:00:45
		late 0
	`}.run(t)
}

// A late row makes the base of a CUMULATE window whose first parts have fired without rows.
func TestCumulateLateFirst(t *testing.T) {
	s := schema("ts TIME, k STRING")
	script{node: windowBy(s, cumulate, columns(s, "k"), "COUNT()"), text: `
		watermark 00:00:11
		+I 00:00:01 a
		+I 00:00:06 a
		+I 00:00:11 b
		late 0
		watermark 00:00:14
		watermark 00:00:15
		> +I a 2 00:00:00 00:00:15
		> +I b 1 00:00:00 00:00:15
		+I 00:00:14 a
		late 1
	`}.run(t)
}

// HOP windows share slices; a row that is late for the first of its windows counts in the others.
func TestHop(t *testing.T) {
	s := schema("ts TIME, k STRING, v BIGINT")
	script{node: windowBy(s, hop10, columns(s, "k"), "COUNT()", "MAX(v)", "COUNT(DISTINCT v)"), text: `
		+I 00:00:01 a 1
		+I 00:00:06 a 1
		+I 00:00:07 b 2
		watermark 00:00:03
		watermark 00:00:05
		> +I a 1 1 1 1969-12-31T23:59:55 00:00:05
		+I 00:00:02 b 9
		late 0
		+I 00:00:21 b 3
		watermark 00:00:10
		> +I a 2 1 1 00:00:00 00:00:10
		> +I b 2 9 2 00:00:00 00:00:10
		+I 00:00:04 b 9
		late 1
		finish
		> +I a 1 1 1 00:00:05 00:00:15
		> +I b 1 2 1 00:00:05 00:00:15
		> +I b 1 3 1 00:00:15 00:00:25
		> +I b 1 3 1 00:00:20 00:00:30
	`}.run(t)
	// Slices of 2 s; a slide that doesn't divide the size.
	odd := physical.Window{Kind: physical.Hop, Time: 0, Size: 10 * second, Slide: 4 * second}
	script{node: windowBy(s, odd, nil, "COUNT()"), text: `
		+I 00:01:03 a 1
		+I 00:01:07 a 1
		finish
		> +I 1 00:00:56 00:01:06
		> +I 2 00:01:00 00:01:10
		> +I 1 00:01:04 00:01:14
	`}.run(t)
	// A slide longer than the size: times between the windows belong to none.
	gap := physical.Window{Kind: physical.Hop, Time: 0, Size: 2 * second, Slide: 5 * second}
	script{node: windowBy(s, gap, nil, "COUNT()"), text: `
		+I 00:01:01 a 1
		+I 00:01:02 a 1
		+I 00:01:05 a 1
		finish
		> +I 1 00:01:00 00:01:02
		> +I 1 00:01:05 00:01:07
		late 0
	`}.run(t)
}

// An offset moves the windows, also before 1970 and by a negative amount.
func TestTumbleOffset(t *testing.T) {
	s := schema("ts TIME, k STRING")
	for _, offset := range []int64{2 * second, -3 * second, 7 * second} {
		w := tumble5
		w.Offset = offset
		script{node: windowBy(s, w, nil, "COUNT()"), text: `
			+I 00:00:01 a
			+I 00:00:02 a
			+I 00:00:06 a
			+I 1969-12-31T23:59:58 a
			finish
			> +I 2 1969-12-31T23:59:57 00:00:02
			> +I 2 00:00:02 00:00:07
		`}.run(t)
	}
}

// A window fires when the watermark reaches its last millisecond; a row is late from then on. Microseconds are cut.
func TestWindowBoundary(t *testing.T) {
	s := schema("ts MICROS, k STRING")
	n := withWindowTime(windowBy(s, tumble5, columns(s, "k"), "COUNT()"), types.TimestampType(3).WithAttr(types.Rowtime))
	j := newJob(t, n, nil, time.Time{})
	j.open(1, nil)
	add := func(micros int64) {
		b := types.NewBatch(s)
		b.Cols[0].AppendValue(micros)
		b.Cols[1].AppendValue("a")
		b.AppendKind(types.Insert)
		if err := j.process(0, b); err != nil {
			t.Fatal(err)
		}
	}
	add(4_999_999)
	add(5_000_000)
	j.watermark(4998)
	if got := j.take(); len(got) > 0 {
		t.Errorf("fired early: %q", got)
	}
	add(4_999_001)
	j.watermark(4999)
	if got := j.take(); len(got) != 1 || got[0] != "+I a 2 00:00:00 00:00:05 00:00:04.999" {
		t.Errorf("fired %q", got)
	}
	add(4_999_999)
	if j.late() != 1 {
		t.Errorf("%d late rows", j.late())
	}
}

// A NULL time fails the job.
func TestWindowNullTime(t *testing.T) {
	s := schema("ts TIME, k STRING")
	script{node: windowBy(s, tumble5, nil, "COUNT()"), text: `
		+I 00:00:01 a
		+I NULL a
		error time attribute "ts" is NULL
	`}.run(t)
}

// Windows over TIMESTAMP_LTZ follow the session's zone, and fire at the instant their end is.
func TestWindowZone(t *testing.T) {
	s := schema("ts LTZ, k STRING")
	day := physical.Window{Kind: physical.Tumble, Time: 0, Size: 24 * 3600 * second, Local: true}
	n := withWindowTime(windowBy(s, day, nil, "COUNT()"), types.TimestampLTZType(3).WithAttr(types.Rowtime))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	script{node: n, zone: berlin, text: `
		+I 2024-03-30T22:59:59 a
		+I 2024-03-30T23:00:00 a
		+I 2024-03-31T21:59:59 a
		+I 2024-03-31T22:00:00 a
		watermark 2024-03-30T22:59:59
		watermark 2024-03-30T23:00:00
		> +I 1 2024-03-30T00:00:00 2024-03-31T00:00:00 2024-03-30T22:59:59.999
		# The day of the change to summer time has 23 hours.
		watermark 2024-03-31T22:00:00
		> +I 2 2024-03-31T00:00:00 2024-04-01T00:00:00 2024-03-31T21:59:59.999
		finish
		> +I 1 2024-04-01T00:00:00 2024-04-02T00:00:00 2024-04-01T21:59:59.999
	`}.run(t)
	hour := physical.Window{Kind: physical.Tumble, Time: 0, Size: 3600 * second, Local: true}
	script{node: windowBy(s, hour, nil, "COUNT()"), zone: berlin, text: `
		# 00:30 and 01:30 UTC both read 02:30; the window of that hour ends when the hour is over for good.
		+I 2024-10-27T00:30:00 a
		watermark 2024-10-27T01:00:00
		+I 2024-10-27T01:30:00 a
		late 0
		watermark 2024-10-27T02:00:00
		> +I 2 2024-10-27T02:00:00 2024-10-27T03:00:00
	`}.run(t)
}

// Processing-time windows fire by the clock, and at the end of the input.
func TestWindowProctime(t *testing.T) {
	s := schema("k STRING, v BIGINT")
	w := physical.Window{Kind: physical.Tumble, Time: -1, Proctime: true, Size: 10 * second}
	script{node: windowBy(s, w, columns(s, "k"), "COUNT()"), start: time.UnixMilli(3000), text: `
		+I a 1
		+I b 1
		time 00:00:09
		+I a 1
		watermark 01:00:00
		time 00:00:10
		> +I a 2 00:00:00 00:00:10
		> +I b 1 00:00:00 00:00:10
		+I b 1
		finish
		> +I b 1 00:00:10 00:00:20
	`}.run(t)
}

// Attached windows come in columns; the watermark closes them as if they had been assigned here.
func TestWindowAttached(t *testing.T) {
	s := schema("window_start TIMESTAMP, window_end TIMESTAMP, k STRING")
	w := physical.Window{Kind: physical.Hop, Time: -1, Size: 10 * second, Slide: 5 * second, Attached: true, Start: 0, End: 1}
	script{node: windowBy(s, w, columns(s, "k"), "COUNT()"), text: `
		+I 00:00:00 00:00:10 a
		+I 00:00:05 00:00:15 a
		+I 00:00:00 00:00:10 b
		+I 00:00:00 00:00:10 a
		watermark 00:00:10
		> +I a 2 00:00:00 00:00:10
		> +I b 1 00:00:00 00:00:10
		+I 00:00:00 00:00:10 a
		+I 00:00:05 00:00:15 c
		late 1
		finish
		> +I a 1 00:00:05 00:00:15
		> +I c 1 00:00:05 00:00:15
	`}.run(t)
}

// A changelog input: what a window has lost again isn't emitted.
func TestWindowRetracting(t *testing.T) {
	s := schema("ts TIME, k STRING, v BIGINT")
	n := windowBy(s, hop10, columns(s, "k"), "COUNT()", "MAX(v)", "SUM(DISTINCT v)")
	n.InputRetracts = true
	script{node: n, text: `
		+I 00:00:06 a 5
		+I 00:00:06 a 7
		+I 00:00:07 b 1
		+I 00:00:11 b 1
		-D 00:00:06 a 7
		-U 00:00:07 b 1
		watermark 00:00:15
		> +I a 1 5 5 00:00:00 00:00:10
		> +I a 1 5 5 00:00:05 00:00:15
		> +I b 1 1 1 00:00:05 00:00:15
	`}.run(t)
}

// A window table-valued function repeats rows, with their kinds.
func TestWindowTable(t *testing.T) {
	in := schema("ts TIME, k STRING")
	out := schema("ts TIME, k STRING, window_start TIMESTAMP, window_end TIMESTAMP, window_time TIME")
	table := func(w physical.Window) physical.Node {
		return &physical.WindowTable{Info: physical.Info{Schema: out, Mode: types.Retract, Inputs: []physical.Edge{input(in, types.Retract)}}, Window: w}
	}
	script{node: table(tumble5), text: `
		+I 00:00:04 a
		-D 00:00:05 b
		> +I 00:00:04 a 00:00:00 00:00:05 00:00:04.999
		> -D 00:00:05 b 00:00:05 00:00:10 00:00:09.999
	`}.run(t)
	script{node: table(hop10), text: `
		+I 00:01:04 a
		> +I 00:01:04 a 00:01:00 00:01:10 00:01:09.999
		> +I 00:01:04 a 00:00:55 00:01:05 00:01:04.999
	`}.run(t)
	script{node: table(cumulate), text: `
		+I 00:00:06 a
		> +I 00:00:06 a 00:00:00 00:00:10 00:00:09.999
		> +I 00:00:06 a 00:00:00 00:00:15 00:00:14.999
	`}.run(t)
}
