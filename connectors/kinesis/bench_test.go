package kinesis_test

import (
	"context"
	"testing"
	"time"

	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// benchRecords is the lab's event, 10,000 times: one full GetRecords.
const benchRecords = 10_000

func benchStream(b *testing.B) *world {
	w := newWorld(b)
	w.stream("tickerstream", 1)
	records := make([]string, benchRecords)
	for i := range records {
		records[i] = `{"browseraction": "Click", "site": "https://www.mysite.com"}`
	}
	w.put("tickerstream", records...)
	return w
}

// BenchmarkRead reads a shard into columns: the embedded server's answer, its body, the records, and their JSON.
func BenchmarkRead(b *testing.B) {
	w := benchStream(b)
	env := w.env()
	env.Env.Clock = clock.Real{}
	columns := []connectors.Column{col("browseraction", types.StringType), col("site", types.StringType), meta("rowtime", "timestamp")}
	src := source(b, env, map[string]string{"stream": "tickerstream"}, columns...)
	split := splits(b, src)[0]
	waiter := env.Env.Clock.NewWaiter()
	out := connectortest.NewBatch(columns)
	b.ReportAllocs()
	for b.Loop() {
		r, err := src.Open(context.Background(), split, connectors.ReaderContext{Columns: columns, Wake: waiter.Wake})
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; n < benchRecords; n += out.N {
			out.Reset()
			status, err := r.Poll(out, 4096)
			if err != nil {
				b.Fatal(err)
			}
			if status == connectors.Idle && out.N == 0 {
				waiter.Wait(context.Background(), time.Time{})
			}
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*benchRecords)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkReadNaive asks with the SDK alone and does nothing with the records.
func BenchmarkReadNaive(b *testing.B) {
	w := benchStream(b)
	stream, shard := "tickerstream", "shardId-000000000000"
	it, err := w.client.GetShardIterator(b.Context(), &awskinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		out, err := w.client.GetRecords(b.Context(), &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		if err != nil || len(out.Records) != benchRecords {
			b.Fatal(len(out.Records), err)
		}
	}
	b.ReportMetric(float64(b.N*benchRecords)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkWrite encodes rows and puts them, in batches of 1000.
func BenchmarkWrite(b *testing.B) {
	w := newWorld(b)
	w.stream("clickstream", 1)
	env := w.env()
	env.Env.Clock = clock.Real{}
	columns := []connectors.Column{col("rowtime", types.TimestampType(3)), col("clickcount", types.DoubleType)}
	waiter := env.Env.Clock.NewWaiter()
	x, err := sink(b, env, map[string]string{"stream": "clickstream"}, nil, columns...).NewWriter(context.Background(), connectors.WriterContext{
		Parallelism: 1, Columns: columns, Wake: waiter.Wake,
	})
	if err != nil {
		b.Fatal(err)
	}
	batch := connectortest.NewBatch(columns)
	const rows = 1000
	for i := range rows {
		batch.Cols[0].AppendValue(int64(1692711990000 + i))
		batch.Cols[1].AppendValue(float64(i))
		batch.AppendKind(types.Insert)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := x.Write(batch); err != nil {
			b.Fatal(err)
		}
		for x.Full() {
			waiter.Wait(context.Background(), time.Time{})
		}
	}
	if err := x.Barrier(1); err != nil {
		b.Fatal(err)
	}
	for {
		_, done, err := x.Prepared(1)
		if err != nil {
			b.Fatal(err)
		}
		if done {
			break
		}
		waiter.Wait(context.Background(), time.Time{})
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "records/s")
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
}
