package kinesis_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/types"
)

// What every source must do, with a record that isn't JSON: on a stream without an end, which the suite reads from one
// shard, and on two shards read to their end.
func TestSource(t *testing.T) {
	w := newWorld(t)
	w.stream("one", 1)
	w.stream("two", 2)
	var records []string
	for i := range 60 {
		records = append(records, fmt.Sprintf(`{"site":"s%d","n":%d}`, i, i))
	}
	records[17] = "no JSON"
	w.put("one", records...)
	w.put("two", records...)
	for stream, end := range map[string]string{"one": "NONE", "two": "LATEST"} {
		t.Run(end, func(t *testing.T) {
			columns := []connectors.Column{
				col("site", types.StringType), meta("at", "timestamp"), col("n", types.IntType), meta("id", "sequence-number"),
				meta("shard", "shard-id"), meta("key", "partition-key"),
			}
			connectortest.Source(t, connectortest.SourceCase{
				New: func(t *testing.T, env *connectortest.Env) connectors.Source {
					return source(t, w.bind(env), map[string]string{"stream": stream, "scan.stream.end": end}, columns...)
				},
				Columns: columns, Rows: 59, Bad: 1,
			})
		})
	}
}

// Metadata is what Kinesis says of the record.
func TestMetadata(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", `{"n":1}`)
	w.clock.advance(1500 * time.Millisecond)
	w.put("clicks", `{"n":2}`)
	records := w.get("clicks")
	columns := []connectors.Column{meta("at", "timestamp"), n, meta("id", "sequence-number"), meta("shard", "shard-id"), meta("key", "partition-key")}
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, columns...)
		r := open(t, env, src, splits(t, src)[0], columns...).until(2)
		defer r.close()
		first := connectortest.Start.UnixMilli()
		want := [][]any{
			{first, int32(1), *records[0].SequenceNumber, "shardId-000000000000", "key0"},
			{first + 1500, int32(2), *records[1].SequenceNumber, "shardId-000000000000", "key0"},
		}
		if diff := cmp.Diff(want, r.rows); diff != "" {
			t.Error(diff)
		}
	})
}

// LATEST is the moment when the job starts, however long after it the first read comes, and however often the job is
// restored in between.
func TestLatest(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 3)...)
	w.clock.advance(time.Second)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.stream.initpos": "LATEST"}, n)
		if err := sleep(env, time.Second); err != nil { // as long as the server's
			t.Fatal(err)
		}
		all := splits(t, src)
		w.put("clicks", numbers(3, 5)...)
		r := open(t, env, src, all[0], n).until(2)
		r.close()
		want := [][]any{{int32(3)}, {int32(4)}}
		if diff := cmp.Diff(want, r.rows); diff != "" {
			t.Errorf("read by the job that listed the shards: %s", diff)
		}
		other := source(t, env, map[string]string{"stream": "clicks", "scan.stream.initpos": "LATEST"}, n)
		other.(connectors.Restorer).Restored(all, nil)
		splits(t, other)
		r = open(t, env, other, all[0], n).until(2)
		r.close()
		if diff := cmp.Diff(want, r.rows); diff != "" {
			t.Errorf("read after a restore from a checkpoint before the first record: %s", diff)
		}
	})
}

// Shards that appear later, or that a restored job finds beside those of its checkpoint, are read from their beginning.
func TestNewShards(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 2)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.stream.initpos": "LATEST"}, n)
		for _, s := range splits(t, src) {
			if !strings.Contains(string(s.Position), "timestamp") {
				t.Errorf("a new job begins shard %s at %s, want the time", s.ID, s.Position)
			}
		}
		for _, s := range splits(t, src) {
			if string(s.Position) != `{"trimHorizon":true}` {
				t.Errorf("a shard %s found later begins at %s", s.ID, s.Position)
			}
		}
		src = source(t, env, map[string]string{"stream": "clicks", "scan.stream.initpos": "LATEST"}, n)
		src.(connectors.Restorer).Restored(nil, []string{"shardId-000000000000"})
		for _, s := range splits(t, src) {
			if string(s.Position) != `{"trimHorizon":true}` {
				t.Errorf("in a restored job shard %s begins at %s", s.ID, s.Position)
			}
		}
	})
}

// AT_TIMESTAMP takes seconds and dates.
func TestAtTimestamp(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	for i := range 3 {
		w.put("clicks", numbers(i, i+1)...)
		w.clock.advance(1500 * time.Millisecond)
	}
	at := connectortest.Start.Add(1500 * time.Millisecond)
	for _, options := range []map[string]string{
		{"scan.stream.initpos-timestamp": fmt.Sprintf("%.3f", float64(at.UnixMilli())/1000)},
		{"scan.stream.initpos-timestamp": at.Format("2006-01-02T15:04:05.000Z07:00")},
		{"scan.stream.initpos-timestamp": at.In(time.FixedZone("", 2*3600)).Format("2006-01-02T15:04:05.000Z07:00")},
		{"source.init.timestamp": at.Format("02.01.2006 15:04:05.000"), "source.init.timestamp.format": "dd.MM.yyyy HH:mm:ss.SSS"},
	} {
		env := w.env()
		env.Run(t, func() {
			if err := sleep(env, time.Minute); err != nil {
				t.Fatal(err)
			}
			options["stream"], options["source.init.position"] = "clicks", "at_timestamp"
			src := source(t, env, options, n)
			r := open(t, env, src, splits(t, src)[0], n).until(2)
			r.close()
			if diff := cmp.Diff([][]any{{int32(1)}, {int32(2)}}, r.rows); diff != "" {
				t.Errorf("%v: %s", options, diff)
			}
		})
	}
}

// A bounded source ends with what was there when the job started, also after a restore, and a new reader goes on from any
// position of the old.
func TestEnd(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 25)...)
	env := w.env()
	env.Run(t, func() {
		options := map[string]string{"stream": "clicks", "scan.stream.end": "LATEST", "scan.shard.getrecords.maxrecordcount": "10"}
		src := source(t, env, options, n)
		if !src.Bounded() {
			t.Error("not bounded")
		}
		all := splits(t, src)
		w.clock.advance(time.Second)
		w.put("clicks", numbers(25, 30)...)
		r := open(t, env, src, all[0], n).until(1000)
		r.close()
		if r.status != connectors.Ended || len(r.rows) != 25 {
			t.Errorf("status %v behind %d rows (%v), want the end behind 25", r.status, len(r.rows), r.err)
		}
		other := source(t, env, options, n)
		r2 := open(t, env, other, connectors.Split{ID: all[0].ID, Position: r.reader.Position()}, n).until(1000)
		r2.close()
		if r2.status != connectors.Ended || len(r2.rows) != 0 {
			t.Errorf("at the end: status %v and %d rows", r2.status, len(r2.rows))
		}
	})
}

// What arrived before a time is read and no more, of shards that are open, closed, their children, silent, or younger than the
// time; another job that starts there reads the rest.
func TestEndAtTimestamp(t *testing.T) {
	for _, how := range []string{"POLLING", "EFO"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 3)
			put := func(key string, from, to int) {
				t.Helper()
				for i := from; i < to; i++ {
					if _, err := w.client.PutRecord(t.Context(), &awskinesis.PutRecordInput{
						StreamName: aws.String("clicks"), PartitionKey: aws.String("k"), ExplicitHashKey: &key, Data: fmt.Appendf(nil, `{"n":%d}`, i),
					}); err != nil {
						t.Fatal(err)
					}
				}
			}
			split := func(shard, at string) {
				t.Helper()
				if _, err := w.client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
					StreamName: aws.String("clicks"), ShardToSplit: aws.String("shardId-00000000000" + shard), NewStartingHashKey: &at,
				}); err != nil {
					t.Fatal(err)
				}
			}
			const low, mid = "0", "120000000000000000000000000000000000000" // of shards 0 and 1; 2 stays silent
			put(low, 0, 10)
			put(mid, 10, 20)
			w.clock.advance(10 * time.Second)
			split("0", "50000000000000000000000000000000000000")
			put(low, 20, 30)
			w.clock.advance(10*time.Second - time.Millisecond)
			put(mid, 30, 35)
			w.clock.advance(time.Millisecond)
			end := w.clock.Now()
			put(mid, 35, 40)
			w.clock.advance(time.Second)
			split("1", "150000000000000000000000000000000000000")
			put(mid, 40, 45)
			put(low, 45, 50)
			w.clock.advance(time.Second)

			options := polling()
			if how == "EFO" {
				options = pushing()
			}
			read := func(more ...string) (rows [][]any) {
				for i := 0; i < len(more); i += 2 {
					options[more[i]] = more[i+1]
				}
				src := source(t, w.real(), options, n)
				all := splits(t, src)
				if !src.Bounded() || len(all) != 7 {
					t.Fatalf("bounded %v, %d splits", src.Bounded(), len(all))
				}
				var readers []*pushReading
				for _, s := range all {
					readers = append(readers, pushed(t, src, s, n))
				}
				for i, r := range readers {
					if r.until(1000); r.status != connectors.Ended || r.err != nil {
						t.Errorf("%s: status %v, %v", all[i].ID, r.status, r.err)
					}
					at := all[i]
					at.Position = r.reader.Position()
					if again := pushed(t, src, at, n).until(1); again.status != connectors.Ended || len(again.rows) > 0 {
						t.Errorf("%s, restored at its end: status %v, %v", at.ID, again.status, again.rows)
					}
					rows = append(rows, r.rows...)
					w.clock.advance(6 * time.Second)
				}
				slices.SortFunc(rows, func(a, b []any) int { return int(a[0].(int32) - b[0].(int32)) })
				return rows
			}
			at := end.UTC().Format("2006-01-02T15:04:05.000Z07:00")
			if diff := cmp.Diff(ints(0, 35), read("scan.stream.end", "AT_TIMESTAMP", "scan.stream.end-timestamp", at)); diff != "" {
				t.Errorf("before: %s", diff)
			}
			delete(options, "scan.stream.end-timestamp")
			if diff := cmp.Diff(ints(35, 50), read("scan.stream.end", "LATEST", "scan.stream.initpos", "AT_TIMESTAMP", "scan.stream.initpos-timestamp", at)); diff != "" {
				t.Errorf("from there: %s", diff)
			}
		})
	}
}

// At rest a shard is asked five times a second, which is what AWS allows; the embedded server is asked at once while there is more.
func TestPace(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 1000)...)
	w.clock.advance(time.Second) // so that a reader in the middle is behind
	read := func(env *connectortest.Env, options map[string]string) time.Duration {
		options["stream"], options["scan.shard.getrecords.maxrecordcount"] = "clicks", "100"
		src := source(t, env, options, n)
		r := open(t, env, src, splits(t, src)[0], n).until(1000)
		r.close()
		return env.Clock.Now().Sub(connectortest.Start)
	}
	env := w.env()
	env.Run(t, func() {
		if took := read(env, map[string]string{}); took != 0 {
			t.Errorf("ten pages from the embedded server took %v, want no time", took)
		}
	})
	env = connectortest.NewEnv()
	env.Run(t, func() {
		options := map[string]string{"aws.endpoint": w.server.KinesisEndpoint(), "aws.credentials.basic.accesskeyid": "a", "aws.credentials.basic.secretkey": "b"}
		if took := read(env, options); took != 9*200*time.Millisecond {
			t.Errorf("ten pages took %v, want 200 ms from one to the next", took)
		}
	})
	env = w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		r := open(t, env, src, splits(t, src)[0], n).until(1000)
		defer r.close()
		before := w.count("GetRecords")
		if err := sleep(env, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if asked := w.count("GetRecords") - before; asked < 49 || asked > 51 {
			t.Errorf("asked %d times in ten seconds at rest, want 50", asked)
		}
	})
}

// Close ends a reader at once, whatever it is waiting for.
func TestCloseWhileWaiting(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		all := splits(t, src)
		open(t, env, src, all[0], n).close()
		r := open(t, env, src, all[0], n)
		if err := sleep(env, time.Second); err != nil { // it waits for the time of its next request
			t.Fatal(err)
		}
		r.close()
	})
}

// A request that isn't answered doesn't hold up Close.
func TestCloseWhileAsking(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		all := splits(t, src)
		asked := make(chan struct{}, 100)
		w.faults(func(string, []byte) *local.Fault {
			return &local.Fault{Wait: func(ctx context.Context) {
				asked <- struct{}{}
				<-ctx.Done()
			}}
		})
		r := open(t, env, src, all[0], n)
		<-asked
		r.close()
	})
}

// A job that doesn't poll stops the fetching: what waits is bounded.
func TestBackpressure(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 100)...)
	w.clock.advance(time.Minute)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.shard.getrecords.maxrecordcount": "1"}, n)
		r := open(t, env, src, splits(t, src)[0], n)
		defer r.close()
		if err := sleep(env, time.Minute); err != nil {
			t.Fatal(err)
		}
		if asked := w.count("GetRecords"); asked < 2 || asked > 10 {
			t.Errorf("%d pages were fetched without a Poll", asked)
		}
		if r.until(100); len(r.rows) != 100 {
			t.Errorf("%d rows, want 100", len(r.rows))
		}
	})
}

// A record that doesn't decode is named by stream, shard and sequence number.
func TestBadRecord(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", `{"n":1}`, `{"n":`)
	bad := *w.get("clicks")[1].SequenceNumber
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		r := open(t, env, src, splits(t, src)[0], n).until(2)
		defer r.close()
		want := "stream clicks, shard shardId-000000000000, sequence number " + bad
		if r.err == nil || !strings.Contains(r.err.Error(), want) {
			t.Errorf("error %v, want one with %q", r.err, want)
		}
		if len(r.rows) != 1 {
			t.Errorf("%d rows before the error, want 1", len(r.rows))
		}
	})
}

// A reader knows how far it is behind.
func TestLag(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 10)...)
	w.clock.advance(time.Minute)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.shard.getrecords.maxrecordcount": "10000"}, n)
		r := open(t, env, src, splits(t, src)[0], n).until(10)
		defer r.close()
		if lag := r.reader.(connectors.Lagger).Lag(); lag != 0 {
			t.Errorf("lag %v at the end, want none", lag)
		}
	})
}

func sleep(env *connectortest.Env, d time.Duration) error {
	w, until := env.Clock.NewWaiter(), env.Clock.Now().Add(d)
	for env.Clock.Now().Before(until) {
		w.Wait(context.Background(), until)
	}
	return nil
}

// A row is named by its record, with bad records between, and over the pages of an answer that hold one Poll's rows.
func TestPlaceOfRows(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	records := numbers(0, 25)
	records[3], records[11] = "no JSON", "no JSON"
	w.put("clicks", records...)
	w.clock.advance(time.Second)
	columns := []connectors.Column{n, meta("id", "sequence-number")}
	for _, limit := range []string{"1", "4", "100"} {
		for _, most := range []int{1, 7, 100} {
			env := w.env()
			env.Run(t, func() {
				src := source(t, env, map[string]string{"stream": "clicks", "scan.shard.getrecords.maxrecordcount": limit, "json.ignore-parse-errors": "true"}, columns...)
				r := open(t, env, src, splits(t, src)[0], columns...)
				defer r.close()
				seen := 0
				for start := env.Clock.Now(); seen < 23 && env.Clock.Now().Sub(start) < time.Hour; {
					out := connectortest.NewBatch(columns)
					status, err := r.reader.Poll(out, most)
					if err != nil {
						t.Fatal(err)
					}
					for i := range out.N {
						want := "stream clicks, shard shardId-000000000000, sequence number " + out.Cols[1].Str(i)
						if got := r.reader.(connectors.Locator).Locate(i); got != want {
							t.Errorf("row %d is at %s, want %s", i, got, want)
						}
					}
					if seen += out.N; status == connectors.Idle && seen < 23 {
						r.waiter.Wait(context.Background(), env.Clock.Now().Add(10*time.Minute))
					}
				}
				if seen != 23 {
					t.Errorf("records a request: %s, rows a Poll: %d: %d rows", limit, most, seen)
				}
			})
		}
	}
}
