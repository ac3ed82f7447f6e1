package kinesis_test

import (
	"crypto/md5"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis/internal/kpl"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/types"
)

// user is a user record as a consumer gets it.
type user struct{ key, data string }

// users unpacks the records of one shard as AWS's client library does: of an aggregated record that has a user record of
// another shard, nothing counts.
func users(t testing.TB, shard ktypes.Shard, records []ktypes.Record) (all []user) {
	t.Helper()
	var d kpl.Decoder
	of := func(key string) bool { // not by the code under test
		sum := md5.Sum([]byte(key))
		from, _ := new(big.Int).SetString(aws.ToString(shard.HashKeyRange.StartingHashKey), 10)
		to, _ := new(big.Int).SetString(aws.ToString(shard.HashKeyRange.EndingHashKey), 10)
		hash := new(big.Int).SetBytes(sum[:])
		return from.Cmp(hash) <= 0 && hash.Cmp(to) <= 0
	}
	for _, r := range records {
		places, packed := d.Decode(nil, r.Data)
		if !packed {
			all = append(all, user{aws.ToString(r.PartitionKey), string(r.Data)})
			continue
		}
		if len(places) < 2 {
			t.Errorf("a record with %d user records is packed", len(places))
		}
		whole := []user{}
		for _, p := range places {
			u := user{string(r.Data[p.PartitionKey.From:p.PartitionKey.To]), string(r.Data[p.Data.From:p.Data.To])}
			if !of(u.key) {
				whole = nil
				break
			}
			whole = append(whole, u)
		}
		all = append(all, whole...)
	}
	return all
}

// shards lists the shards of a stream with their records.
func (w *world) shards(stream string) (all []ktypes.Shard, records [][]ktypes.Record) {
	w.Helper()
	out, err := w.client.ListShards(w.Context(), &awskinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range out.Shards {
		it, err := w.client.GetShardIterator(w.Context(), &awskinesis.GetShardIteratorInput{
			StreamName: &stream, ShardId: s.ShardId, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			w.Fatal(err)
		}
		var of []ktypes.Record
		for next := it.ShardIterator; next != nil; {
			got, err := w.client.GetRecords(w.Context(), &awskinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				w.Fatal(err)
			}
			if len(got.Records) == 0 {
				break
			}
			of, next = append(of, got.Records...), got.NextShardIterator
		}
		all, records = append(all, s), append(records, of)
	}
	return all, records
}

// packing are the options of a sink that packs records.
func packing(more ...string) map[string]string {
	options := map[string]string{"stream": "clicks", "sink.aggregation": "true"}
	for i := 0; i < len(more); i += 2 {
		options[more[i]] = more[i+1]
	}
	return options
}

// What every sink must do, of one that packs.
func TestAggregatingSink(t *testing.T) {
	for name, partitionedBy := range map[string][]string{"by shard": {"n"}, "random": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 2)
			connectortest.Sink(t, connectortest.SinkCase{
				New: func(t *testing.T, env *connectortest.Env) connectors.Sink {
					return sink(t, w.bind(env), packing(), partitionedBy, n)
				},
				Columns: []connectors.Column{n},
				Row:     func(n int) []any { return []any{int32(n)} },
				Contents: func(t *testing.T, _ *connectortest.Env) (all []string) {
					shards, records := w.shards("clicks")
					for i := range shards {
						for _, u := range users(t, shards[i], records[i]) {
							all = append(all, u.data)
						}
					}
					return all
				},
				Want:  func(n int) string { return fmt.Sprintf(`{"n":%d}`, n) },
				Reset: func(*testing.T) { w.clear("clicks", 2) },
			})
		})
	}
}

// keyed writes rows 0 to n with the keys k0 to k36, one batch to the hundred, and calls between after each.
func keyed(x *writing, n int, between func(written int)) {
	for from := 0; from < n && x.err == nil; from += 100 {
		b := connectortest.NewBatch(x.columns)
		for i := from; i < min(n, from+100); i++ {
			b.Cols[0].AppendValue(fmt.Sprintf("k%d", i%37))
			b.Cols[1].AppendValue(int32(i))
			b.AppendKind(types.Insert)
		}
		x.err = x.writer.Write(b)
		if between != nil {
			between(from + 100)
		}
	}
}

// keyedRows are the rows of the keys in what consumers of all shards see: of each key all, in order. When repeats, rows may come
// again together with those behind them.
func (w *world) checkKeyed(n int, repeats bool) {
	w.Helper()
	shards, records := w.shards("clicks")
	got := map[string][]int{}
	for i := range shards { // parents stand before their children
		for _, u := range users(w.TB, shards[i], records[i]) {
			got[u.key] = append(got[u.key], number(w.TB, []byte(u.data)))
		}
	}
	for k := range 37 {
		key := fmt.Sprintf("k%d", k)
		var want []int
		for i := k; i < n; i += 37 {
			want = append(want, i)
		}
		rows := got[key]
		if repeats {
			var firsts []int
			for _, r := range rows {
				if !slices.Contains(firsts, r) {
					firsts = append(firsts, r)
				}
			}
			rows = firsts
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			w.Errorf("rows of %s: %s", key, diff)
		}
	}
}

var keyedColumns = []connectors.Column{col("key", types.StringType), n}

// Rows go many to a record, whose shard is that of all their keys; the rows of a key stay in order, whatever is refused.
func TestAggregation(t *testing.T) {
	for name, fault := range map[string]*local.Fault{
		"quiet":        nil,
		"some refused": {Code: "ProvisionedThroughputExceededException", Entries: []int{0, 2}},
		"throttled":    {Code: "ProvisionedThroughputExceededException"},
		"broken":       {Close: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 4)
			asked := 0
			w.faults(func(action string, _ []byte) *local.Fault {
				if action != "PutRecords" {
					return nil
				}
				if asked++; asked%3 == 0 {
					return nil
				}
				return fault
			})
			env := w.env()
			env.Run(t, func() {
				x := write(t, env, sink(t, env, packing("sink.aggregation.max-size", "2 kb"), []string{"key"}, keyedColumns...), keyedColumns...)
				defer x.close()
				if keyed(x, 5000, nil); x.err != nil {
					t.Fatal(x.err)
				}
				if x.flush(); x.err != nil {
					t.Fatal(x.err)
				}
				if f := x.writer.(connectors.Sender).Sending(); f.Rows != 0 || f.Buffer != 0 || !f.Oldest.IsZero() {
					t.Errorf("unsent after a flush: %+v", f)
				}
			})
			w.checkKeyed(5000, false)
			shards, records := w.shards("clicks")
			for i := range shards {
				for _, r := range records[i] {
					if size := len(r.Data) + len(aws.ToString(r.PartitionKey)); size > 2048 {
						t.Errorf("a record of %d bytes, want 2048 at most", size)
					}
				}
				// 37 keys and 20 bytes a row: at most a tenth as many records as rows.
				if of := len(records[i]); of == 0 || of > 500 {
					t.Errorf("shard %d has %d records", i, of)
				}
			}
		})
	}
}

// A single row goes as it is, at once; one that is too large to be packed goes by itself, in its place.
func TestAggregationOfFew(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, packing("sink.partitioner", "fixed"), nil, text), text)
		defer x.close()
		if x.row("a").flush(); len(w.get("clicks")) != 1 || !env.Clock.Now().Equal(connectortest.Start) {
			t.Fatalf("%d records after %v, want one at once", len(w.get("clicks")), env.Clock.Now().Sub(connectortest.Start))
		}
		b := connectortest.NewBatch(x.columns)
		for _, s := range []string{"b", "c", strings.Repeat("x", 100_000), "d", "e"} {
			b.Cols[0].AppendValue(s)
			b.AppendKind(types.Insert)
		}
		x.err = x.writer.Write(b)
		if x.flush(); x.err != nil {
			t.Fatal(x.err)
		}
		var got []string
		shards, records := w.shards("clicks")
		for _, u := range users(t, shards[0], records[0]) {
			got = append(got, u.key+" "+u.data[:min(len(u.data), 12)])
		}
		want := []string{`0 {"text":"a"}`, `0 {"text":"b"}`, `0 {"text":"c"}`, `0 {"text":"xxx`, `0 {"text":"d"}`, `0 {"text":"e"}`}
		if diff := cmp.Diff(want, got); diff != "" || len(records[0]) != 4 {
			t.Errorf("%d records, want 4: %s", len(records[0]), diff)
		}
		if x.row(strings.Repeat("x", 1<<20)); x.err == nil || !strings.Contains(x.err.Error(), "that the stream takes") {
			t.Errorf("above 1 MiB: %v", x.err)
		}
	})
}

// Shards are split and merged while records for them are packed and under way: consumers, who leave out what isn't of their
// shard, get every row, those of a key in order.
func TestAggregationThroughReshards(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 2)
	env := w.env()
	env.Run(t, func() {
		x := write(t, env, sink(t, env, packing("sink.aggregation.max-size", "1 kb", "sink.batch.max-size", "7"), []string{"key"}, keyedColumns...), keyedColumns...)
		defer x.close()
		wait := env.Clock.NewWaiter()
		keyed(x, 6000, func(written int) {
			var err error
			switch written {
			case 1000: // the lower half of the first shard's keys, and the rest
				_, err = w.client.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: aws.String("clicks"),
					ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("85070591730234615865843651857942052863")})
			case 2500:
				_, err = w.client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{StreamName: aws.String("clicks"),
					ShardToMerge: aws.String("shardId-000000000003"), AdjacentShardToMerge: aws.String("shardId-000000000001")})
			case 4000:
				_, err = w.client.UpdateShardCount(t.Context(), &awskinesis.UpdateShardCountInput{StreamName: aws.String("clicks"),
					TargetShardCount: aws.Int32(4), ScalingType: ktypes.ScalingTypeUniformScaling})
			}
			if err != nil {
				t.Error(err)
			}
			if written%700 == 0 {
				wait.Wait(t.Context(), env.Clock.Now().Add(time.Second))
			}
		})
		if x.err != nil {
			t.Fatal(x.err)
		}
		if x.flush(); x.err != nil {
			t.Fatal(x.err)
		}
		if x.writer.(connectors.Sender).Sending().Refused == 0 {
			t.Error("no record was astray: the test shows nothing")
		}
	})
	w.checkKeyed(6000, true)
}

// A stream that spreads records whatever their keys is no place for packed rows, which consumers would leave out: the sink says so
// when it starts, and when the stream becomes one.
func TestAggregationNeedsKeys(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("clicks"),
		StreamModeDetails: &ktypes.StreamModeDetails{StreamMode: ktypes.StreamModeOnDemand}}); err != nil {
		t.Fatal(err)
	}
	d, err := w.client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
	if err != nil {
		t.Fatal(err)
	}
	const want = `stream "clicks" places records whatever their keys (record distribution strategy AUTO)`
	env := w.env()
	env.Run(t, func() {
		x := write(t, env, sink(t, env, packing("sink.aggregation.max-size", "1 kb"), []string{"key"}, keyedColumns...), keyedColumns...)
		defer x.close()
		if keyed(x, 1000, nil); x.flush().err != nil {
			t.Fatal(x.err)
		}
		if _, err := w.client.UpdateStreamRecordDistributionStrategy(t.Context(), &awskinesis.UpdateStreamRecordDistributionStrategyInput{
			StreamARN: d.StreamDescriptionSummary.StreamARN, RecordDistributionStrategy: ktypes.RecordDistributionStrategyAuto,
		}); err != nil {
			t.Fatal(err)
		}
		if keyed(x, 1000, nil); x.flush().err == nil || !strings.Contains(x.err.Error(), want) {
			t.Errorf("becomes AUTO: %v", x.err)
		}
		_, err := sink(t, env, packing(), nil, keyedColumns...).NewWriter(t.Context(), connectors.WriterContext{Parallelism: 1, Columns: keyedColumns, Wake: func() {}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("is AUTO: %v", err)
		}
	})
}

// A job that may not list the shards packs by key; and what a job has packed it reads itself.
func TestAggregationByKey(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 3)
	env := w.env()
	env.Run(t, func() {
		w.faults(func(action string, _ []byte) *local.Fault {
			if action == "ListShards" {
				return &local.Fault{Code: "AccessDeniedException", Message: "not yours"}
			}
			return nil
		})
		x := write(t, env, sink(t, env, packing(), []string{"key"}, keyedColumns...), keyedColumns...)
		defer x.close()
		b := connectortest.NewBatch(x.columns)
		for i := range 3700 {
			b.Cols[0].AppendValue(fmt.Sprintf("k%d", i%37))
			b.Cols[1].AppendValue(int32(i))
			b.AppendKind(types.Insert)
		}
		x.err = x.writer.Write(b)
		if x.flush(); x.err != nil {
			t.Fatal(x.err)
		}
		w.faults(nil)
		if records := len(w.get("clicks")); records != 37 {
			t.Errorf("%d records, want one of each key", records)
		}
		w.checkKeyed(3700, false)
		columns := append(keyedColumns[:2:2], meta("partition", "partition-key"))
		src := source(t, env, map[string]string{"stream": "clicks"}, columns...)
		seen := 0
		for _, split := range splits(t, src) {
			r := open(t, env, src, split, columns...)
			want := 0
			for _, u := range w.rowsOf(split.ID) {
				_ = u
				want++
			}
			r.until(want)
			for _, row := range r.rows {
				if row[0] != row[2] {
					t.Errorf("row %v", row)
				}
				seen++
			}
			r.close()
		}
		if seen != 3700 {
			t.Errorf("%d rows were read, want 3700", seen)
		}
	})
}

// rowsOf are the user records of a shard.
func (w *world) rowsOf(shard string) []user {
	shards, records := w.shards("clicks")
	for i := range shards {
		if aws.ToString(shards[i].ShardId) == shard {
			return users(w.TB, shards[i], records[i])
		}
	}
	return nil
}
