package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
)

// pushing are options of enhanced fan-out with short pauses, and more.
func pushing(more ...string) map[string]string {
	options := map[string]string{
		"stream": "clicks", "scan.stream.recordpublisher": "EFO", "scan.stream.efo.consumername": "mine",
		"scan.shard.subscribetoshard.backoff.base": "1", "scan.shard.subscribetoshard.backoff.max": "5",
		"scan.stream.describestreamconsumer.backoff.base": "1", "scan.stream.describestreamconsumer.backoff.max": "5",
		"scan.expired-position": "jump", // see polling
	}
	for i := 0; i < len(more); i += 2 {
		options[more[i]] = more[i+1]
	}
	return options
}

// polling are options of polling where the job's clock is the wall's, and the server's stands, years before: all that a
// checkpoint has seen is older than records are kept.
func polling() map[string]string {
	return map[string]string{"stream": "clicks", "scan.expired-position": "jump"}
}

// real makes an environment in time of the wall, the only one in which a server pushes.
func (w *world) real() *connectortest.Env {
	env := w.env()
	env.Env.Clock = clock.Real{}
	return env
}

// pushed opens a split in time of the wall.
func pushed(t testing.TB, src connectors.Source, split connectors.Split, columns ...connectors.Column) *pushReading {
	t.Helper()
	r := &pushReading{t: t, columns: columns, waiter: clock.Real{}.NewWaiter()}
	var err error
	r.reader, err = src.Open(context.Background(), split, connectors.ReaderContext{
		Columns: columns, Wake: r.waiter.Wake, Retried: func() { r.retried.Add(1) },
		BadRecord: func(raw []byte, where string, err error) error { return fmt.Errorf("%s: %w", where, err) },
	})
	if err != nil {
		t.Fatalf("open %s: %v", split.ID, err)
	}
	t.Cleanup(r.close)
	return r
}

type pushReading struct {
	t       testing.TB
	reader  connectors.Reader
	columns []connectors.Column
	waiter  clock.Waiter
	rows    [][]any
	status  connectors.PollStatus
	err     error
	retried atomic.Int32
	closed  bool
}

// until reads until there are n rows in all, or the split ends or fails; a minute without any is a failure.
func (r *pushReading) until(n int) *pushReading {
	r.t.Helper()
	out := connectortest.NewBatch(r.columns)
	for len(r.rows) < n && r.status != connectors.Ended && r.err == nil {
		out.Reset()
		r.status, r.err = r.reader.Poll(out, 100)
		for i := range out.N {
			r.rows = append(r.rows, connectortest.Row(out, i)[1:])
		}
		if r.status != connectors.Idle || r.err != nil || len(r.rows) >= n {
			continue
		}
		ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
		if r.waiter.Wait(ctx, time.Time{}); ctx.Err() != nil {
			r.t.Fatalf("nothing has come for a minute; %d of %d rows are there", len(r.rows), n)
		}
		cancel()
	}
	return r
}

func (r *pushReading) close() {
	if r.closed {
		return
	}
	r.closed = true
	if err := r.reader.Close(); err != nil {
		r.t.Errorf("Close: %v", err)
	}
}

// ints are the rows {from}, …
func ints(from, to int) (rows [][]any) {
	for i := from; i < to; i++ {
		rows = append(rows, []any{int32(i)})
	}
	return rows
}

// consumers are the names of a stream's consumers.
func (w *world) consumers(stream string) (names []string) {
	w.Helper()
	out, err := w.client.ListStreamConsumers(context.Background(), &awskinesis.ListStreamConsumersInput{StreamARN: streamARN(stream)})
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range out.Consumers {
		names = append(names, *c.ConsumerName)
	}
	return names
}

func streamARN(name string) *string {
	return aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/" + name)
}

// What every source must do, with records that are pushed. The suite's time is virtual, and stands while the server has
// nothing to say; its many readers subscribe in quick succession, for which the server's time moves on.
func TestPushedSource(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	records := numbers(0, 60)
	records[17] = "no JSON"
	w.put("clicks", records...)
	w.faults(func(action string, _ []byte) *local.Fault {
		if action == "SubscribeToShard" {
			w.clock.advance(6 * time.Second)
		}
		return nil
	})
	columns := []connectors.Column{n, meta("at", "timestamp"), meta("id", "sequence-number"), meta("shard", "shard-id"), meta("key", "partition-key")}
	connectortest.Source(t, connectortest.SourceCase{
		New: func(t *testing.T, env *connectortest.Env) connectors.Source {
			src := source(t, w.bind(env), pushing(), columns...)
			kinesis.Subscribe(src)
			return src
		},
		Columns: columns, Rows: 59, Bad: 1,
	})
	if got := w.count("GetRecords"); got != 0 {
		t.Errorf("GetRecords was called %d times", got)
	}
}

// A consumer that the job manages is registered, or taken over, and removed; others are left alone.
func TestConsumerLifecycle(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	arn := func(name string) string {
		out, err := w.client.RegisterStreamConsumer(t.Context(), &awskinesis.RegisterStreamConsumerInput{StreamARN: streamARN("clicks"), ConsumerName: &name})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Consumer.ConsumerARN
	}
	w.put("clicks", numbers(0, 3)...)
	for _, c := range []struct {
		options []string
		before  string // registered by somebody else
		during  []string
		after   []string
	}{
		{nil, "", []string{"mine"}, nil},
		{nil, "mine", []string{"mine"}, nil},
		{[]string{"scan.stream.efo.registration", "EAGER"}, "", []string{"mine"}, nil},
		{[]string{"scan.stream.efo.registration", "SELF_MANAGED"}, "mine", []string{"mine"}, []string{"mine"}},
		{[]string{"scan.stream.efo.registration", "NONE", "scan.stream.efo.consumername", "", "scan.stream.efo.consumerarn.clicks", "ARN"}, "other",
			[]string{"mine", "other"}, []string{"mine", "other"}},
	} {
		options := pushing(c.options...)
		if c.before != "" {
			registered := arn(c.before)
			if _, ok := options["scan.stream.efo.consumerarn.clicks"]; ok {
				options["scan.stream.efo.consumerarn.clicks"] = registered
			}
		}
		src := source(t, w.real(), options, n)
		r := pushed(t, src, splits(t, src)[0], n).until(3)
		if diff := cmp.Diff(ints(0, 3), r.rows); diff != "" {
			t.Errorf("%v: %v %s", c.options, r.err, diff)
		}
		if got := w.consumers("clicks"); !slices.Equal(got, c.during) {
			t.Errorf("%v: consumers %v while reading, want %v", c.options, got, c.during)
		}
		r.close()
		src.(connectors.Releaser).Release(t.Context())
		if got := w.consumers("clicks"); !slices.Equal(got, c.after) {
			t.Errorf("%v: consumers %v when the job has ended, want %v", c.options, got, c.after)
		}
		w.clock.advance(10 * time.Second)
	}
	src := source(t, w.real(), pushing("scan.stream.efo.registration", "NONE", "scan.stream.efo.consumername", "nobody"), n)
	_, err := src.Splits(t.Context())
	if told := (*connectors.Explained)(nil); !errors.As(err, &told) || told.Msg != "table `c`.`d`.`t`: stream \"clicks\" has no consumer \"nobody\"; register one, or let the job do it by 'scan.stream.efo.registration' = 'LAZY'" {
		t.Errorf("a consumer that isn't there: %v", err)
	}
}

// A consumer that is being made or removed is waited for.
func TestConsumerTransition(t *testing.T) {
	w := newWorld(t, func(o *local.Options) { o.Transition = time.Minute })
	w.stream("clicks", 1)
	w.clock.advance(time.Minute)
	if _, err := w.client.RegisterStreamConsumer(t.Context(), &awskinesis.RegisterStreamConsumerInput{StreamARN: streamARN("clicks"), ConsumerName: aws.String("mine")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.DeregisterStreamConsumer(t.Context(), &awskinesis.DeregisterStreamConsumerInput{StreamARN: streamARN("clicks"), ConsumerName: aws.String("mine")}); err != nil {
		t.Fatal(err)
	}
	w.faults(func(action string, _ []byte) *local.Fault {
		if action == "DescribeStreamConsumer" {
			w.clock.advance(10 * time.Second)
		}
		return nil
	})
	splits(t, source(t, w.real(), pushing(), n))
	if registered, looked := w.count("RegisterStreamConsumer"), w.count("DescribeStreamConsumer"); registered != 2 || looked < 12 {
		t.Errorf("registered %d times (two with the one before), looked %d times; two minutes take 12 looks", registered, looked)
	}
	if _, err := source(t, w.real(), pushing("scan.stream.efo.consumername", "slow", "scan.stream.describestreamconsumer.maxretries", "3"), n).Splits(t.Context()); err == nil ||
		err.Error() != `consumer "slow" of stream "clicks" is still CREATING after 3 looks; 'scan.stream.describestreamconsumer.maxretries' allows for more` {
		t.Errorf("a consumer that stays CREATING: %v", err)
	}
}

// Whatever goes wrong with subscriptions for a while: every record comes just once and in order.
func TestPushedThroughFaults(t *testing.T) {
	for name, fault := range map[string]local.Fault{
		"throttled":    {Code: "LimitExceededException"},
		"in use":       {Code: "ResourceInUseException"},
		"broken":       {Close: true},
		"server error": {Code: "InternalFailure"},
		"unavailable":  {Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 1)
			w.put("clicks", numbers(0, 50)...)
			failed := int32(0)
			w.faults(func(action string, _ []byte) *local.Fault {
				if action != "SubscribeToShard" || failed == 4 {
					return nil
				}
				failed++
				return &fault
			})
			src := source(t, w.real(), pushing(), n)
			r := pushed(t, src, splits(t, src)[0], n).until(50)
			if diff := cmp.Diff(ints(0, 50), r.rows); diff != "" || r.retried.Load() != 4 {
				t.Errorf("%d retries, %v: %s", r.retried.Load(), r.err, diff)
			}
		})
	}
}

// A subscription ends after five minutes, and the next one goes on without a gap, also where nothing has come yet.
func TestResubscribe(t *testing.T) {
	for _, before := range []int{0, 5} {
		w := newWorld(t)
		w.stream("clicks", 1)
		w.put("clicks", numbers(0, before)...)
		src := source(t, w.real(), pushing("source.init.position", "AT_TIMESTAMP", "source.init.timestamp", fmt.Sprint(connectortest.Start.Unix())), n)
		split := splits(t, src)[0]
		subscribed := make(chan int, 10)
		w.faults(func(action string, _ []byte) *local.Fault {
			if action == "SubscribeToShard" {
				subscribed <- 0
			}
			return nil
		})
		r := pushed(t, src, split, n).until(before)
		<-subscribed
		// The server looks at its clock once a second; a subscription that begins after the first jump needs another one.
		for again := false; !again; {
			w.clock.advance(5 * time.Minute)
			select {
			case <-subscribed:
				again = true
			case <-time.After(1500 * time.Millisecond):
			}
		}
		w.put("clicks", numbers(before, 10)...)
		r.until(10)
		if diff := cmp.Diff(ints(0, 10), r.rows); diff != "" {
			t.Errorf("%v: %s", r.err, diff)
		}
		r.close()
	}
}

// A reader that is taken over by another one of the same consumer, or whose consumer is removed under it, comes back or says so.
func TestConsumerTaken(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 3)...)
	src := source(t, w.real(), pushing(), n)
	split := splits(t, src)[0]
	r := pushed(t, src, split, n).until(3)
	w.clock.advance(6 * time.Second)
	other := pushed(t, src, split, n).until(3)
	other.close()
	w.put("clicks", numbers(3, 5)...)
	w.clock.advance(6 * time.Second)
	if diff := cmp.Diff(ints(0, 5), r.until(5).rows); diff != "" {
		t.Errorf("taken over: %v %s", r.err, diff)
	}
	src.(connectors.Releaser).Release(t.Context())
	if r.until(6); r.err == nil {
		t.Error("no error when the consumer was removed")
	} else if told := (*connectors.Explained)(nil); !errors.As(r.err, &told) {
		t.Errorf("the consumer was removed: %v", r.err)
	} else if !told.Final {
		t.Errorf("not final: %s", told.Msg)
	}
}

// A job may switch between polling and fan-out: positions are the same.
func TestSwitchPublisher(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 20)...)
	fan := source(t, w.real(), pushing(), n)
	split := splits(t, fan)[0]
	out := connectortest.NewBatch([]connectors.Column{n})
	var rows [][]any
	for turn := range 4 {
		src := fan
		if turn%2 == 1 {
			src = source(t, w.real(), polling(), n)
		}
		r := pushed(t, src, split, n)
		for got := 0; got < 5; got += out.N {
			out.Reset()
			status, err := r.reader.Poll(out, 5-got)
			if err != nil {
				t.Fatal(err)
			}
			for i := range out.N {
				rows = append(rows, connectortest.Row(out, i)[1:])
			}
			if status == connectors.Idle && out.N == 0 {
				r.waiter.Wait(t.Context(), time.Time{})
			}
		}
		split.Position = r.reader.Position()
		r.close()
		w.clock.advance(6 * time.Second)
	}
	if diff := cmp.Diff(ints(0, 20), rows); diff != "" {
		t.Error(diff)
	}
}

// Splits follow one another through a reshard while they are read, whichever way records come: parents, then children, and
// nothing is lost or repeated.
func TestReshardWhileReading(t *testing.T) {
	for _, options := range []map[string]string{{"stream": "clicks"}, pushing()} {
		t.Run(options["scan.stream.recordpublisher"], func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 1)
			w.put("clicks", numbers(0, 10)...)
			src := source(t, w.real(), options, n)
			all := splits(t, src)
			parent := pushed(t, src, all[0], n).until(10)
			if _, err := w.client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
				StreamName: aws.String("clicks"), ShardToSplit: aws.String(all[0].ID), NewStartingHashKey: aws.String("170141183460469231731687303715884105728"),
			}); err != nil {
				t.Fatal(err)
			}
			w.put("clicks", numbers(10, 30)...)
			all = splits(t, src)
			if len(all) != 3 {
				t.Fatalf("%d splits after the shard was split", len(all))
			}
			var rows [][]any
			readers := []*pushReading{pushed(t, src, all[1], n), pushed(t, src, all[2], n)}
			if parent.until(11); parent.status != connectors.Ended {
				t.Errorf("the parent's status is %v (%v)", parent.status, parent.err)
			}
			for i, r := range readers {
				want := len(w.shard("clicks", all[1+i].ID))
				rows = append(rows, r.until(want).rows...)
			}
			if _, err := w.client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{
				StreamName: aws.String("clicks"), ShardToMerge: aws.String(all[1].ID), AdjacentShardToMerge: aws.String(all[2].ID),
			}); err != nil {
				t.Fatal(err)
			}
			w.put("clicks", numbers(30, 35)...)
			all = splits(t, src)
			// A job that goes on from a checkpoint of this moment reads the rest as this one does.
			restored := source(t, w.real(), options, n)
			if options["scan.stream.recordpublisher"] != "" {
				restored = source(t, w.real(), polling(), n)
			}
			restored.(connectors.Restorer).Restored([]connectors.Split{
				{ID: all[1].ID, Position: readers[0].reader.Position()}, {ID: all[2].ID, Position: readers[1].reader.Position()},
			}, []string{all[0].ID})
			splits(t, restored)
			var again []*pushReading
			for i, r := range readers {
				again = append(again, pushed(t, restored, connectors.Split{ID: all[1+i].ID, Position: r.reader.Position()}, n))
			}
			again = append(again, pushed(t, restored, all[3], n))
			merged := pushed(t, src, all[3], n)
			for _, r := range append(readers, again[:2]...) {
				if r.until(len(r.rows) + 1); r.status != connectors.Ended {
					t.Errorf("status %v (%v)", r.status, r.err)
				}
			}
			rows = append(rows, merged.until(5).rows...)
			if diff := cmp.Diff(merged.rows, again[2].until(5).rows); diff != "" || len(again[0].rows)+len(again[1].rows) > 0 {
				t.Errorf("restored: %s", diff)
			}
			rows = append(parent.rows, rows...)
			slices.SortFunc(rows, func(a, b []any) int { return int(a[0].(int32) - b[0].(int32)) })
			if diff := cmp.Diff(ints(0, 35), rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shard returns the records of a shard.
func (w *world) shard(stream, shard string) []ktypes.Record {
	w.Helper()
	it, err := w.client.GetShardIterator(w.Context(), &awskinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &shard, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon})
	if err != nil {
		w.Fatal(err)
	}
	out, err := w.client.GetRecords(w.Context(), &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		w.Fatal(err)
	}
	return out.Records
}

// BenchmarkPushed is the time from a put to its row, one after the other.
func BenchmarkPushed(b *testing.B) {
	w := newWorld(b)
	w.stream("clicks", 1)
	src := source(b, w.real(), pushing(), n)
	r := pushed(b, src, splits(b, src)[0], n)
	w.put("clicks", numbers(0, 1)...)
	r.until(1)
	r.rows = nil
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		w.put("clicks", numbers(0, 1)...)
		r.until(len(took) + 1)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
