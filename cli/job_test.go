package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/monitor"
	"github.com/weirsql/weir/runtime/metrics"
)

// shownAt is when the figures of these tests are shown, two hours after the job's start.
var shownAt = time.Date(2026, 3, 1, 14, 3, 0, 0, time.UTC)

// figures makes a job whose operators, upstream first, have the given shares of busy and backpressured time by subtask.
func figures(operators ...monitor.Operator) *monitor.Figures {
	return &monitor.Figures{
		Job: metrics.Job{
			ID: "3f2a9c0000000000000000000000beef", Name: "insert-into_default_catalog.default_database.alerts", State: "RUNNING",
			Started: shownAt.Add(-2*time.Hour - 3*time.Minute),
		},
		Operators: operators,
	}
}

func drawn(name, description string, chain int, rates monitor.Rates, shares [][2]float64, inputs ...metrics.Edge) monitor.Operator {
	o := monitor.Operator{Vertex: metrics.Vertex{
		ID: strings.ToLower(name) + "-1", Name: name, Description: description, Parallelism: len(shares), Chain: chain, Inputs: inputs,
	}, Rates: rates}
	var sum monitor.Shares
	for i, s := range shares {
		t := &monitor.Shares{Busy: s[0], Backpressured: s[1], Idle: 100 - s[0] - s[1]}
		o.Subtasks = append(o.Subtasks, monitor.Subtask{Snapshot: metrics.Snapshot{ID: o.ID, Name: name, Subtask: i}, Rates: monitor.Rates{Time: t}})
		n := float64(len(shares))
		sum.Busy, sum.Backpressured, sum.Idle = sum.Busy+t.Busy/n, sum.Backpressured+t.Backpressured/n, sum.Idle+t.Idle/n
	}
	if len(shares) > 0 {
		o.Rates.Time = &sum
	}
	return o
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "job", name+".txt")
	if *rewriteDocs {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test ./cli -run TestDrawJob -rewrite\n have\n%s\n want\n%s", path, got, want)
	}
}

// What `weir job show` draws.
func TestDrawJob(t *testing.T) {
	at := func(d time.Duration) *int64 {
		ms := shownAt.Add(-d).UnixMilli()
		return &ms
	}

	// A window that can't keep up, with one subtask that gets most of the keys.
	scan := drawn("Scan", "table=[clicks], columns=[user, ts], watermark=[ts - 5 s]", 0, monitor.Rates{RecordsIn: 120_345, RecordsOut: 120_345},
		[][2]float64{{12, 86}})
	scan.Subtasks[0].Watermark, scan.Subtasks[0].Retries, scan.Subtasks[0].Failed = at(1500*time.Millisecond), 2, 1234
	scan.Subtasks[0].Splits = []metrics.Split{{ID: "shardId-000000000000", Lag: 90 * time.Second}, {ID: "shardId-000000000001", Lag: 2 * time.Second}, {ID: "old", Ended: true}}
	window := drawn("WindowAggregate", "keys=[user], window=TUMBLE(10 s)", 1, monitor.Rates{RecordsIn: 120_345, RecordsOut: 812.4},
		[][2]float64{{97, 0}, {21, 0}}, metrics.Edge{From: "scan-1", Exchange: "hash"})
	for i := range window.Subtasks {
		s := &window.Subtasks[i]
		s.Watermark, s.StateBytes, s.StateKeys = at(3*time.Second), 6_200_000, 50_000
	}
	window.Subtasks[0].Late, window.Subtasks[0].Spilled = 3, 3_000_000
	window.Subtasks[1].Forgotten = 1200
	sink := drawn("Sink", "table=default_catalog.default_database.alerts", 1, monitor.Rates{RecordsIn: 812.4, RecordsOut: 812.4}, [][2]float64{{97, 0}, {21, 0}}, metrics.Edge{From: "windowaggregate-1", Exchange: "forward"})
	sink.Subtasks[0].Sending = &metrics.Sending{BufferedRows: 1200, OldestAge: 2100 * time.Millisecond, Throttled: 17}
	sink.Subtasks[1].Sending = &metrics.Sending{BufferedRows: 34, OldestAge: 100 * time.Millisecond}
	held := figures(scan, window, sink)
	seed := int64(4711)
	held.Seed = &seed
	held.Restarts, held.Failure = 1, "read stream clicks, shard 0: connection reset by peer"
	held.Checkpoints = metrics.Checkpoints{Completed: 731, Failed: 1, History: []metrics.Checkpoint{
		{ID: 733, Triggered: shownAt.Add(-4 * time.Second), Duration: 120 * time.Millisecond, Pause: 3 * time.Millisecond, Bytes: 1_234_567},
		{ID: 732, Triggered: shownAt.Add(-14 * time.Second), Failure: "write chk-732: no space left on device"},
	}}
	held.Bottleneck = &monitor.Bottleneck{Operators: []string{"windowaggregate-1", "sink-1"}, Reason: "its busiest subtask of 2 is busy 97 %, and Scan waits for it 86 % of the time"}

	// A shared scan that feeds a join and a second sink.
	end := int64(1<<63 - 1)
	left := drawn("Scan", "table=[a]", 0, monitor.Rates{RecordsOut: 7.25}, [][2]float64{{1, 0}})
	left.Subtasks[0].Watermark = &end
	right := drawn("Values", "rows=[3]", 1, monitor.Rates{}, [][2]float64{{0, 0}})
	join := drawn("Join", "inner, on=[id]", 2, monitor.Rates{RecordsIn: 8, RecordsOut: 7}, [][2]float64{{2, 0}},
		metrics.Edge{From: "scan-1", Exchange: "hash"}, metrics.Edge{From: "values-1", Exchange: "broadcast"})
	first := drawn("Sink", "table=[b]", 2, monitor.Rates{RecordsIn: 7, RecordsOut: 7}, [][2]float64{{2, 0}}, metrics.Edge{From: "join-1", Exchange: "forward"})
	second := drawn("Sink", "table=[c]", 0, monitor.Rates{RecordsIn: 7.25, RecordsOut: 7.25}, [][2]float64{{1, 0}}, metrics.Edge{From: "scan-1", Exchange: "forward"})
	second.ID = "sink-2"
	shared := figures(left, right, join, first, second)

	// Over, with nothing to tell of times.
	ended := figures(drawn("Scan", "", 0, monitor.Rates{}, nil), drawn("Sink", "table=[\x1b[2Jb]", 0, monitor.Rates{}, nil, metrics.Edge{From: "scan-1", Exchange: "forward"}))
	ended.State, ended.Ended, ended.Failure = "FAILED", shownAt.Add(-time.Hour), "write b: full"

	for name, f := range map[string]*monitor.Figures{"bottleneck": held, "shared": shared, "ended": ended} {
		golden(t, name, strings.Join(drawJob(f, shownAt), "\n")+"\n")
	}
}

// A job is named by its ID, the beginning of one, or its name; one that runs goes before one that has ended.
func TestChooseJob(t *testing.T) {
	job := func(id, name, state string) foundJob {
		return foundJob{Figures: monitor.Figures{Job: metrics.Job{ID: id, Name: name, State: state}}}
	}
	many := []foundJob{job("aaaa1111", "clicks", "RUNNING"), job("aaaa2222", "alerts", "RUNNING"), job("bbbb3333", "alerts", "FAILED")}
	for _, c := range []struct {
		jobs []foundJob
		name string
		want string
	}{
		{many, "aaaa1111", "aaaa1111"},
		{many, "bbbb", "bbbb3333"},
		{many, "alerts", "aaaa2222"},
		{many, "aaaa", `"aaaa" means 2 jobs: aaaa1111 clicks, aaaa2222 alerts; give more of the id`},
		{many, "aaa", `no job has the id or name "aaa"; there are: aaaa1111 clicks, aaaa2222 alerts, bbbb3333 alerts`},
		{many, "", "2 jobs run: aaaa1111 clicks, aaaa2222 alerts; name one"},
		{many[1:], "", "aaaa2222"},
		{nil, "", "no job runs on this data directory; jobs are found while the weir run or weir sql that started them does"},
	} {
		j, err := choose(c.jobs, c.name)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = j.ID
		}
		if got != c.want {
			t.Errorf("%q of %d jobs:\n have %s\n want %s", c.name, len(c.jobs), got, c.want)
		}
	}
}

// The list of jobs is redrawn over the lines that were drawn before, cut to the terminal's width.
func TestRedraw(t *testing.T) {
	if got, want := redraw([]string{"one", "a long line"}, 3, 8), "\r\x1b[3Aone\x1b[K\na long …\x1b[K\n\x1b[J"; got != want {
		t.Errorf("have %q, want %q", got, want)
	}
}
