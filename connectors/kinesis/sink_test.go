package kinesis_test

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

func deletion(stream string) *awskinesis.DeleteStreamInput {
	return &awskinesis.DeleteStreamInput{StreamName: &stream}
}

func sink(t testing.TB, env *connectortest.Env, options map[string]string, partitionedBy []string, columns ...connectors.Column) connectors.Sink {
	t.Helper()
	table := connectortest.Table(t, kinesis.Spec, json.Spec, options, columns...)
	table.PartitionKeys = partitionedBy
	s, err := kinesis.Spec.NewSink(&env.Env, table)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What every sink must do, with one request under way and with several.
func TestSink(t *testing.T) {
	for _, inFlight := range []string{"1", "4"} {
		t.Run(inFlight, func(t *testing.T) { testSink(t, inFlight) })
	}
}

func testSink(t *testing.T, inFlight string) {
	w := newWorld(t)
	w.stream("clicks", 2)
	connectortest.Sink(t, connectortest.SinkCase{
		New: func(t *testing.T, env *connectortest.Env) connectors.Sink {
			return sink(t, w.bind(env), map[string]string{"stream": "clicks", "sink.requests.max-inflight": inFlight}, nil, n)
		},
		Columns: []connectors.Column{n},
		Row:     func(n int) []any { return []any{int32(n)} },
		Contents: func(t *testing.T, _ *connectortest.Env) (all []string) {
			for _, r := range w.get("clicks") {
				all = append(all, string(r.Data))
			}
			return all
		},
		Want:  func(n int) string { return fmt.Sprintf(`{"n":%d}`, n) },
		Reset: func(*testing.T) { w.clear("clicks", 2) },
	})
}

// writing is an open writer.
type writing struct {
	t      testing.TB
	env    *connectortest.Env
	writer connectors.Writer
	waiter interface {
		Wait(context.Context, time.Time)
	}
	columns []connectors.Column
	last    int64 // checkpoint
	retried atomic.Int64
	bad     []string // rows that were refused, if skip is set
	skip    bool
	err     error
}

func write(t testing.TB, env *connectortest.Env, s connectors.Sink, columns ...connectors.Column) *writing {
	t.Helper()
	waiter := env.Clock.NewWaiter()
	w := &writing{t: t, env: env, waiter: waiter, columns: columns}
	var err error
	w.writer, err = s.NewWriter(context.Background(), connectors.WriterContext{
		JobID: "job", Parallelism: 1, Columns: columns, Wake: waiter.Wake, Retried: func() { w.retried.Add(1) },
		BadRow: func(raw []byte, where string, err error) error {
			if !w.skip {
				return fmt.Errorf("%s: %w", where, err)
			}
			w.bad = append(w.bad, fmt.Sprintf("%d bytes, %s: %v", len(raw), where, err))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// row writes one row, a batch of its own.
func (w *writing) row(values ...any) *writing {
	if w.err != nil {
		return w
	}
	b := connectortest.NewBatch(w.columns)
	for i, v := range values {
		b.Cols[i].AppendValue(v)
	}
	b.AppendKind(types.Insert)
	w.err = w.writer.Write(b)
	return w
}

// flush waits until everything is safe.
func (w *writing) flush() *writing {
	w.t.Helper()
	if w.last++; w.err == nil {
		w.err = w.writer.Barrier(w.last)
	}
	for w.err == nil {
		_, done, err := w.writer.Prepared(w.last)
		if w.err = err; done || err != nil {
			break
		}
		before := w.env.Clock.Now()
		w.waiter.Wait(context.Background(), before.Add(10*time.Minute))
		if w.env.Clock.Now().Sub(before) >= 10*time.Minute {
			w.t.Error("nothing has been sent for ten minutes")
			break
		}
	}
	return w
}

func (w *writing) close() {
	if err := w.writer.Close(); err != nil {
		w.t.Error(err)
	}
}

// A row at rest is sent at once, not after the five seconds that Flink's buffer takes; under load requests are full.
func TestBatching(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, n), n)
		defer x.close()
		if x.row(int32(1)).flush(); len(w.get("clicks")) != 1 || !env.Clock.Now().Equal(connectortest.Start) {
			t.Errorf("%d records after %v, want one at once", len(w.get("clicks")), env.Clock.Now().Sub(connectortest.Start))
		}
		before := w.count("PutRecords")
		b := connectortest.NewBatch(x.columns)
		for i := range 2600 {
			b.Cols[0].AppendValue(int32(i))
			b.AppendKind(types.Insert)
		}
		x.err = x.writer.Write(b)
		x.flush()
		if got := len(w.get("clicks")); got != 2601 {
			t.Errorf("%d records, want 2601", got)
		}
		if calls := w.count("PutRecords") - before; calls != 6 {
			t.Errorf("2600 records took %d requests, want 6 of up to 500", calls)
		}
	})
}

// The job is held back when many records are buffered, and goes on when they have been sent.
func TestFull(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		held := env.Clock.NewWaiter()
		w.faults(func(action string, _ []byte) *local.Fault {
			if action != "PutRecords" {
				return nil
			}
			return &local.Fault{Code: "ProvisionedThroughputExceededException"}
		})
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", "sink.requests.max-buffered": "10"}, nil, n), n)
		defer x.close()
		for i := range 10 {
			if x.writer.Full() {
				t.Errorf("full with %d records of 10", i)
			}
			x.row(int32(i))
		}
		if !x.writer.Full() {
			t.Error("not full with 10 records of 10")
		}
		held.Wait(t.Context(), env.Clock.Now().Add(10*time.Second))
		if !x.writer.Full() {
			t.Error("not full although every request is throttled")
		}
		w.faults(nil)
		if x.flush(); x.writer.Full() || x.err != nil {
			t.Errorf("full after a flush, or error %v", x.err)
		}
	})
}

// Records flow over a barrier: it is prepared when those before it are acknowledged, whatever becomes of those behind.
func TestBarriers(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", "sink.batch.max-size": "10"}, nil, n), n)
		defer x.close()
		good := 0 // requests that are answered before all others are throttled
		limit := func(n int) {
			good = n
			w.faults(func(action string, _ []byte) *local.Fault {
				if action != "PutRecords" {
					return nil
				}
				if good--; good >= 0 {
					return nil
				}
				return &local.Fault{Code: "ProvisionedThroughputExceededException"}
			})
		}
		prepared := func(id int64, want bool) {
			t.Helper()
			if _, done, err := x.writer.Prepared(id); done != want || err != nil {
				t.Errorf("checkpoint %d is prepared: %t, %v", id, done, err)
			}
		}
		rows := func(from, to int) {
			for i := from; i < to && x.err == nil; i++ {
				x.row(int32(i))
			}
		}
		barrier := func(id int64) {
			if err := x.writer.Barrier(id); err != nil {
				t.Fatal(err)
			}
		}
		wait := env.Clock.NewWaiter()
		pass := func() { wait.Wait(t.Context(), env.Clock.Now().Add(5*time.Second)) }
		limit(0)
		rows(0, 10)
		barrier(1)
		rows(10, 15)
		barrier(2)
		barrier(3)
		rows(15, 30)
		pass()
		for id := range int64(3) {
			prepared(id+1, false)
		}
		// One request after the other is answered. How many rows each takes depends on when the writer's goroutine ran.
		for out := 0; out < 15; {
			limit(1)
			pass()
			before := out
			if out = len(w.get("clicks")); out == before {
				t.Fatalf("%d records are out, as before", out)
			}
			prepared(1, out >= 10)
			prepared(2, out >= 15)
			prepared(3, out >= 15)
		}
		if err := x.writer.Commit(3); err != nil {
			t.Error(err)
		}
		w.faults(nil)
		x.last = 3
		if x.flush(); x.err != nil || len(w.get("clicks")) != 30 {
			t.Errorf("%d records at last, %v", len(w.get("clicks")), x.err)
		}
		rows(30, 31)
		barrier(5)
		w.faults(func(string, []byte) *local.Fault {
			return &local.Fault{Code: "AccessDeniedException", Message: "because"}
		})
		rows(31, 32)
		err := x.writer.Barrier(6) // it may have been refused by now
		pass()
		done := false
		if err == nil {
			_, done, err = x.writer.Prepared(6)
		}
		if done || err == nil || !strings.Contains(err.Error(), "because") {
			t.Errorf("denied: %t, %v", done, err)
		}
		if x.row(int32(33)); x.err == nil {
			t.Error("rows are taken although no more can be sent")
		}
	})
}

// Records that are refused are sent again, before newer ones; nothing is lost, and whole requests that fail come again.
func TestWriteThroughFaults(t *testing.T) {
	for name, fault := range map[string]local.Fault{
		"some refused":   {Code: "ProvisionedThroughputExceededException", Entries: []int{0, 2}},
		"some failed":    {Code: "InternalFailure", Entries: []int{1}},
		"throttled":      {Code: "ProvisionedThroughputExceededException"},
		"broken":         {Close: true},
		"server error":   {Code: "InternalFailure"},
		"applied though": {Code: "InternalFailure", Apply: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 1)
			asked := 0
			w.faults(func(action string, _ []byte) *local.Fault {
				if action != "PutRecords" {
					return nil
				}
				if asked++; asked%3 == 0 {
					return nil
				}
				return &fault
			})
			env := w.env()
			env.Run(t, func() {
				x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", "sink.batch.max-size": "7"}, nil, n), n)
				defer x.close()
				var want []string
				for i := range 100 {
					x.row(int32(i))
					want = append(want, fmt.Sprintf(`{"n":%d}`, i))
				}
				if x.flush(); x.err != nil {
					t.Fatal(x.err)
				}
				var got []string
				for _, r := range w.get("clicks") {
					got = append(got, string(r.Data))
				}
				if len(fault.Entries) == 0 && !fault.Apply {
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("records, in order: %s", diff)
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				if !fault.Apply && !slices.Equal(got, want) || fault.Apply && !slices.Equal(slices.Compact(got), want) {
					t.Errorf("%d records, want 100 different ones", len(got))
				}
				if x.retried.Load() == 0 {
					t.Error("no repeated request was counted")
				}
			})
		})
	}
}

// With fail-on-error a refused record is the end.
func TestFailOnError(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.faults(func(action string, _ []byte) *local.Fault {
		return &local.Fault{Code: "ProvisionedThroughputExceededException", Message: "too fast", Entries: []int{0}}
	})
	for _, key := range []string{"sink.fail-on-error", "sink.producer.fail-on-error"} {
		env := w.env()
		env.Run(t, func() {
			w.faults(nil)
			x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", key: "true"}, nil, n), n)
			defer x.close()
			w.faults(func(string, []byte) *local.Fault {
				return &local.Fault{Code: "ProvisionedThroughputExceededException", Message: "too fast", Entries: []int{0}}
			})
			x.row(int32(1)).flush()
			if x.err == nil || !strings.Contains(x.err.Error(), "1 of 1 records were refused: ProvisionedThroughputExceededException: too fast") {
				t.Errorf("error %v", x.err)
			}
			if err := x.writer.Flush(); err == nil {
				t.Error("the error is gone with the next call")
			}
		})
	}
}

// A stream deleted under a writer, and a record that is too large.
func TestWriteErrors(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, text), text)
		x.row(strings.Repeat("x", 1<<20-100)).flush()
		if x.err != nil {
			t.Errorf("just below 1 MiB: %v", x.err)
		}
		x.row(strings.Repeat("x", 1<<20))
		const want = `stream clicks, partition key "KEY": the row makes a record of 1048603 bytes with its partition key, ` +
			`27 more than the 1048576 that the stream takes; it begins "{\"text\":\"xxx`
		if x.err == nil || !strings.HasPrefix(keyless(x.err.Error()), want) || len(x.err.Error()) > 300 {
			t.Errorf("above 1 MiB: %v", x.err)
		}
		x.close()
		x = write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, text), text)
		defer x.close()
		if _, err := w.client.DeleteStream(t.Context(), deletion("clicks")); err != nil {
			t.Fatal(err)
		}
		if x.row("x").flush(); x.err == nil || !strings.Contains(x.err.Error(), `stream "clicks" does not exist`) {
			t.Errorf("deleted stream: %v", x.err)
		}
	})
}

// keyless is a message without its random partition key.
func keyless(message string) string {
	return regexp.MustCompile(`partition key "[0-9a-f]{16}"`).ReplaceAllString(message, `partition key "KEY"`)
}

// A row that is too large goes where the job says, with the others around it in their places; it counts as written.
func TestTooLargeIsSetAside(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, text), text)
		defer x.close()
		x.skip = true
		b := connectortest.NewBatch(x.columns)
		for _, s := range []string{"a", strings.Repeat("x", 2<<20), "b"} {
			b.Cols[0].AppendValue(s)
			b.AppendKind(types.Insert)
		}
		x.err = x.writer.Write(b)
		if x.flush(); x.err != nil {
			t.Fatal(x.err)
		}
		var got []string
		for _, r := range w.get("clicks") {
			got = append(got, string(r.Data))
		}
		if diff := cmp.Diff([]string{`{"text":"a"}`, `{"text":"b"}`}, got); diff != "" {
			t.Error(diff)
		}
		if len(x.bad) != 1 || !strings.HasPrefix(keyless(x.bad[0]), `2097163 bytes, stream clicks, partition key "KEY": the row makes a record of 2097179 bytes`) {
			t.Errorf("set aside: %.200q", x.bad)
		}
	})
}

// A stream that has been given a higher limit takes larger records, in requests that may have up to 10 MiB.
func TestStreamWithLargeRecords(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	d, err := w.client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UpdateMaxRecordSize(t.Context(), &awskinesis.UpdateMaxRecordSizeInput{
		StreamARN: d.StreamDescriptionSummary.StreamARN, MaxRecordSizeInKiB: aws.Int32(8192),
	}); err != nil {
		t.Fatal(err)
	}
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, text), text)
		defer x.close()
		x.row(strings.Repeat("x", 8<<20-27)).row("small").flush()
		if x.err != nil || len(w.get("clicks")) != 2 {
			t.Fatalf("8 MiB: %v", x.err)
		}
		if x.row(strings.Repeat("x", 8<<20-26)); x.err == nil || !strings.Contains(x.err.Error(), "1 more than the 8388608 that the stream takes") {
			t.Errorf("a byte more: %.300v", x.err)
		}
	})
}

// Large rows hold the job back by their bytes, long before there are too many.
func TestFullOfBytes(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, text), text)
		defer x.close()
		w.faults(func(action string, _ []byte) *local.Fault {
			return &local.Fault{Code: "ProvisionedThroughputExceededException"}
		})
		for i := range 33 {
			if x.writer.Full() {
				t.Fatalf("full with %d MB", i)
			}
			x.row(strings.Repeat("x", 1_020_000))
		}
		if f := x.writer.(connectors.Sender).Sending(); !x.writer.Full() || f.Rows != 33 || f.Buffer < 33*1_020_000 {
			t.Errorf("full with 33 MB: %t, %+v", x.writer.Full(), f)
		}
		w.faults(nil)
		if x.flush(); x.err != nil || x.writer.Full() {
			t.Errorf("after a flush: %v, full %t", x.err, x.writer.Full())
		}
	})
}

// With strict order a later record of a key is not in the stream before an earlier one, whatever Kinesis refuses.
func TestStrictOrder(t *testing.T) {
	key, n := col("key", types.StringType), col("n", types.IntType)
	write3 := func(t *testing.T, options map[string]string, f format.Spec, fault func(call int) *local.Fault) (passed bool, w *world) {
		w = newWorld(t)
		w.stream("clicks", 1)
		env := w.env()
		env.Run(t, func() {
			table := connectortest.Table(t, kinesis.Spec, &f, options, key, n)
			table.PartitionKeys = []string{"key"}
			s, err := kinesis.Spec.NewSink(&env.Env, table)
			if err != nil {
				t.Fatal(err)
			}
			x := write(t, env, s, key, n)
			defer x.close()
			calls := 0
			w.faults(func(action string, _ []byte) *local.Fault {
				if action != "PutRecords" {
					return nil
				}
				calls++
				return fault(calls)
			})
			b := connectortest.NewBatch(x.columns)
			for i := range 90 {
				b.Cols[0].AppendValue([]string{"a", "b", "c"}[i%3])
				b.Cols[1].AppendValue(int32(i))
				b.AppendKind(types.Insert)
			}
			x.err = x.writer.Write(b)
			if x.flush(); x.err != nil {
				t.Fatal(x.err)
			}
		})
		last, count := map[string]string{}, 0
		for _, r := range w.get("clicks") {
			text := fmt.Sprintf("%s %04d", aws.ToString(r.PartitionKey), number(t, r.Data))
			passed = passed || text < last[aws.ToString(r.PartitionKey)]
			last[aws.ToString(r.PartitionKey)] = text
			count++
		}
		if count != 90 {
			t.Errorf("%d records, want 90", count)
		}
		return passed, w
	}
	first := func(call int) *local.Fault { // refuses the first record of every other request
		if call%2 == 0 {
			return nil
		}
		return &local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{0}}
	}
	strict := map[string]string{"stream": "clicks", "sink.strict-order": "true"}
	if passed, _ := write3(t, strict, *json.Spec, first); passed {
		t.Error("a record was passed by a later one of its key")
	}
	// A changelog is worth nothing out of order, so there it is the default.
	if passed, _ := write3(t, map[string]string{"stream": "clicks"}, *changelogjson.Spec, first); passed {
		t.Error("changelog-json: a record was passed by a later one of its key")
	}
	// This is what it is for: else Kinesis does that.
	if passed, w := write3(t, map[string]string{"stream": "clicks"}, *json.Spec, first); !passed || w.count("PutRecords") > 3 {
		t.Errorf("without strict order: passed %t in %d requests", passed, w.count("PutRecords"))
	}
}

// A shard takes 1,000 records in a second: what is too much waits, and arrives once, in its order where that is asked for.
func TestWriteThroughLimits(t *testing.T) {
	for _, strict := range []string{"false", "true"} {
		env := connectortest.NewEnv()
		w := newWorld(t, func(o *local.Options) { o.Clock, o.Limits = env.Clock, true })
		w.stream("clicks", 1)
		w.bind(env)
		var took time.Duration
		env.Run(t, func() {
			key := col("key", types.StringType)
			x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", "sink.strict-order": strict}, []string{"key"}, key, n), key, n)
			defer x.close()
			b := connectortest.NewBatch(x.columns)
			for i := range 3300 {
				b.Cols[0].AppendValue(fmt.Sprint(i % 700))
				b.Cols[1].AppendValue(int32(i))
				b.AppendKind(types.Insert)
			}
			x.err = x.writer.Write(b)
			if x.flush(); x.err != nil {
				t.Fatal(x.err)
			}
			took = env.Clock.Now().Sub(connectortest.Start)
			if f := x.writer.(connectors.Sender).Sending(); f.Throttled == 0 || f.Records != 3300 {
				t.Errorf("sent: %+v", f)
			}
		})
		if took < 2*time.Second || took > 10*time.Second {
			t.Errorf("3,300 records took %v, of which a second takes 1,000", took)
		}
		last, count := map[string]int{}, 0
		for _, r := range w.get("clicks") {
			v := number(t, r.Data)
			if before, ok := last[*r.PartitionKey]; ok && v <= before && strict == "true" {
				t.Errorf("row %d of key %s comes behind %d", v, *r.PartitionKey, before)
			}
			last[*r.PartitionKey] = v
			count++
		}
		if count != 3300 {
			t.Errorf("strict %s: %d records, want 3300", strict, count)
		}
	}
}

// number is the value of the member n.
func number(t testing.TB, record []byte) (n int) {
	t.Helper()
	_, text, _ := strings.Cut(string(record), `"n":`)
	if _, err := fmt.Sscan(strings.TrimRight(text, "}"), &n); err != nil {
		t.Fatalf("%s: %v", record, err)
	}
	return n
}

// What a writer says of itself while it is held up, and when all is done.
// Several requests are under way at a time, each with other keys: the rows of a key arrive in their order, and a checkpoint
// waits for all of them.
func TestInFlight(t *testing.T) {
	var intercept atomic.Value // for several requests at a time, as the one of a world is not
	intercept.Store(func(string, []byte) *local.Fault { return nil })
	w := newWorld(t, func(o *local.Options) {
		o.Intercept = func(action string, body []byte) *local.Fault {
			return intercept.Load().(func(string, []byte) *local.Fault)(action, body)
		}
	})
	w.stream("clicks", 1)
	columns := []connectors.Column{col("key", types.StringType), n}
	waiter := clock.Real{}.NewWaiter()
	x, err := sink(t, w.real(), map[string]string{"stream": "clicks", "sink.requests.max-inflight": "4", "sink.batch.max-size": "50",
		"sink.strict-order": "true"}, []string{"key"}, columns...).NewWriter(t.Context(), connectors.WriterContext{
		Parallelism: 1, Columns: columns, Wake: waiter.Wake,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	rows := func(from, to int) {
		b := connectortest.NewBatch(columns)
		for i := from; i < to; i++ {
			b.Cols[0].AppendValue(fmt.Sprint("key ", i%40))
			b.Cols[1].AppendValue(int32(i))
			b.AppendKind(types.Insert)
		}
		if err := x.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	prepared := func(checkpoint int64) bool {
		_, done, err := x.Prepared(checkpoint)
		if err != nil || ctx.Err() != nil {
			t.Fatal(err, ctx.Err())
		}
		return done
	}

	// Each of the first four is answered when all four are there; then some records are refused.
	var calls, under, most atomic.Int64
	together := make(chan struct{})
	intercept.Store(func(action string, _ []byte) *local.Fault {
		if action != "PutRecords" {
			return nil
		}
		now := under.Add(1)
		defer under.Add(-1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		call := calls.Add(1)
		if call == 4 {
			close(together)
		}
		if call <= 4 {
			select {
			case <-together:
			case <-ctx.Done():
			}
		}
		if call == 7 || call == 12 {
			return &local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{0, 1}}
		}
		return nil
	})
	rows(0, 1000)
	if err := x.Barrier(1); err != nil {
		t.Fatal(err)
	}
	for !prepared(1) {
		waiter.Wait(ctx, time.Time{})
	}
	if most.Load() != 4 {
		t.Errorf("%d requests were under way, want 4", most.Load())
	}
	next, count := map[string]int{}, 0
	for _, r := range w.get("clicks") {
		var row struct{ N int }
		if err := stdjson.Unmarshal(r.Data, &row); err != nil {
			t.Fatal(err)
		}
		k := aws.ToString(r.PartitionKey)
		if at, known := next[k]; known && row.N != at {
			t.Errorf("%s: %d where %d should be", k, row.N, at)
		}
		next[k] = row.N + 40
		count++
	}
	if count != 1000 {
		t.Errorf("%d records, want 1000", count)
	}

	// One of the four isn't answered: that the others have sent what was before the barrier is not enough.
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	intercept.Store(func(action string, body []byte) *local.Fault {
		if action == "PutRecords" && strings.Contains(string(body), `"PartitionKey":"key 7"`) {
			once.Do(func() {
				close(held)
				<-release
			})
		}
		return nil
	})
	rows(1000, 1040)
	if err := x.Barrier(2); err != nil {
		t.Fatal(err)
	}
	<-held
	sender := x.(connectors.Sender)
	for sender.Sending().InFlight > 1 || sender.Sending().Rows > 20 { // until the others are done
		waiter.Wait(ctx, time.Time{})
		prepared(2)
	}
	if prepared(2) {
		t.Error("prepared with a request under way")
	}
	close(release)
	for !prepared(2) {
		waiter.Wait(ctx, time.Time{})
	}
	if got := len(w.get("clicks")); got != 1040 {
		t.Errorf("%d records at last", got)
	}
}

func TestSending(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", "sink.partitioner": "fixed"}, nil, n), n)
		defer x.close()
		sender := x.writer.(connectors.Sender)
		if f := sender.Sending(); f != (connectors.Sending{}) {
			t.Errorf("at first: %+v", f)
		}
		asked := 0
		w.faults(func(action string, _ []byte) *local.Fault {
			switch asked++; {
			case asked == 1:
				return &local.Fault{Code: "InternalFailure"}
			case asked <= 3:
				return &local.Fault{Code: "ProvisionedThroughputExceededException"}
			}
			return &local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{0}}
		})
		x.row(int32(1))
		wait := env.Clock.NewWaiter()
		wait.Wait(t.Context(), env.Clock.Now().Add(3*time.Second))
		x.row(int32(22))
		f := sender.Sending()
		if f.Rows != 2 || f.Buffer != int64(len(`{"n":1}0{"n":22}0`)) || !f.Oldest.Equal(connectortest.Start) || f.Refused != 1 || f.Throttled < 3 || f.Records != 0 {
			t.Errorf("held up for three seconds: %+v", f)
		}
		w.faults(nil)
		if x.flush(); x.err != nil {
			t.Fatal(x.err)
		}
		g := sender.Sending()
		if g.Rows != 0 || g.Buffer != 0 || !g.Oldest.IsZero() || g.InFlight != 0 || g.Records != 2 || g.Bytes != f.Buffer || g.Requests < g.Refused+2 {
			t.Errorf("at last: %+v", g)
		}
	})
}

// Large rows are spread over requests of at most 5 MiB.
func TestRequestBytes(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, text), text)
		defer x.close()
		b := connectortest.NewBatch(x.columns)
		for range 12 {
			b.Cols[0].AppendValue(strings.Repeat("x", 1_000_000))
			b.AppendKind(types.Insert)
		}
		x.err = x.writer.Write(b)
		if x.flush(); x.err != nil {
			t.Fatal(x.err)
		}
		if calls, records := w.count("PutRecords"), len(w.get("clicks")); calls != 3 || records != 12 {
			t.Errorf("%d requests with %d records, want 3 with 12", calls, records)
		}
	})
}

// Partition keys by Flink's rules.
func TestPartitionKeys(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	site, count := col("site", types.StringType), col("n", types.IntType)
	for _, c := range []struct {
		name          string
		partitionedBy []string
		options       map[string]string
		rows          [][]any
		want          []string
	}{
		{"fields", []string{"site", "n"}, nil, [][]any{{"a", int32(1)}, {nil, int32(2)}, {"b", nil}}, []string{"a|1", "null|2", "b|null"}},
		{"delimiter", []string{"n", "site"}, map[string]string{"sink.partitioner-field-delimiter": "--"}, [][]any{{"a", int32(1)}}, []string{"1--a"}},
		{"no delimiter", []string{"n", "site"}, map[string]string{"sink.partitioner-field-delimiter": ""}, [][]any{{"a", int32(1)}}, []string{"1a"}},
		{"cut", []string{"site"}, nil, [][]any{{strings.Repeat("ä", 300), int32(1)}}, []string{strings.Repeat("ä", 256)}},
		{"empty", []string{"site"}, nil, [][]any{{"", int32(1)}}, []string{"-"}},
		{"fixed", nil, map[string]string{"sink.partitioner": "fixed"}, [][]any{{"a", int32(1)}, {"b", int32(2)}}, []string{"0", "0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.clear("clicks", 1)
			env := w.env()
			env.Run(t, func() {
				options := map[string]string{"stream": "clicks"}
				for k, v := range c.options {
					options[k] = v
				}
				x := write(t, env, sink(t, env, options, c.partitionedBy, site, count), site, count)
				defer x.close()
				for _, row := range c.rows {
					x.row(row...)
				}
				if x.flush(); x.err != nil {
					t.Fatal(x.err)
				}
				var got []string
				for _, r := range w.get("clicks") {
					got = append(got, aws.ToString(r.PartitionKey))
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Random keys spread rows over shards, and repeat with the seed.
func TestRandomKeys(t *testing.T) {
	w := newWorld(t)
	keys := func(seed int64) (all []string) {
		w.stream("clicks", 1)
		env := w.env()
		env.Seed = seed
		env.Run(t, func() {
			x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, n), n)
			defer x.close()
			for i := range 20 {
				x.row(int32(i))
			}
			x.flush()
		})
		for _, r := range w.get("clicks") {
			all = append(all, aws.ToString(r.PartitionKey))
		}
		if _, err := w.client.DeleteStream(t.Context(), deletion("clicks")); err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := keys(1)
	if again := keys(1); !slices.Equal(first, again) {
		t.Errorf("the same seed gives %v and %v", first, again)
	}
	if other := keys(2); slices.Equal(first, other) {
		t.Errorf("two seeds give the same keys")
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(first))); len(distinct) != 20 {
		t.Errorf("20 rows have %d keys", len(distinct))
	}
	for _, k := range first {
		if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(k) {
			t.Errorf("key %q", k)
		}
	}
}

// A record has no newline at its end, as in Flink.
func TestNoNewline(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks"}, nil, n), n)
		defer x.close()
		x.row(int32(1)).flush()
		if got := w.get("clicks")[0].Data; !bytes.Equal(got, []byte(`{"n":1}`)) {
			t.Errorf("record %q", got)
		}
	})
}
