//go:build unix

package kinesis_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// benchRecords is how many records a stream has: many pages of GetRecords, so that what reading begins with doesn't count.
const benchRecords = 300_000

// TestServeBenchmark is no test: it is the server of benchmarks, in a process of its own, so that what it costs isn't taken
// for the connector's. It ends with its standard input.
func TestServeBenchmark(t *testing.T) {
	if os.Getenv(serveBenchmark) == "" {
		t.Skip("serves benchmarks")
	}
	server, err := local.Start(t.Context(), local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, server.KinesisEndpoint())
	io.Copy(io.Discard, os.Stdin)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
}

const serveBenchmark = "WEIR_SERVE_BENCHMARK"

// apart starts a server in another process, with a stream of one shard that holds these records.
func apart(b *testing.B, record func(i int) string) *awskinesis.Client {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeBenchmark$")
	cmd.Env = append(os.Environ(), serveBenchmark+"=1")
	stop, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stop.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	var endpoint string
	if _, err := fmt.Fscanln(out, &endpoint); err != nil {
		b.Fatal(err)
	}
	client := awskinesis.New(awskinesis.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""), HTTPClient: wholeAnswers{},
	})
	stream, shards := "tickerstream", int32(1)
	if _, err := client.CreateStream(b.Context(), &awskinesis.CreateStreamInput{StreamName: &stream, ShardCount: &shards}); err != nil {
		b.Fatal(err)
	}
	for i := 0; i < benchRecords; {
		in := &awskinesis.PutRecordsInput{StreamName: &stream}
		for range 500 {
			in.Records = append(in.Records, ktypes.PutRecordsRequestEntry{Data: []byte(record(i)), PartitionKey: aws.String(fmt.Sprint("user-", i%1000))})
			i++
		}
		if _, err := client.PutRecords(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	return client
}

// processor is the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRead reads a shard into columns: the answers over the network, their bodies, the records, and their JSON. The
// figure that counts is records/cpu-s: what a second of one core, spent by this process, brings.
func BenchmarkRead(b *testing.B) {
	lab := []connectors.Column{col("browseraction", types.StringType), col("site", types.StringType), meta("rowtime", "timestamp")}
	for _, c := range []struct {
		name    string
		columns []connectors.Column
		record  func(i int) string
	}{
		{"lab", lab, func(int) string { return `{"browseraction": "Click", "site": "https://www.mysite.com"}` }},
		{"150B", append(lab, col("user", types.StringType), col("session", types.BigIntType), col("price", types.DoubleType)), func(i int) string {
			return fmt.Sprintf(`{"browseraction":"AddToCart","site":"https://www.mysite.com/products/%06d","user":"user-%05d","session":%d,"price":%d.%02d,"referrer":"search"}`,
				i, i%1000, 1_000_000_000+i, i%100, i%90+10)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			endpoint := apart(b, c.record).Options().BaseEndpoint
			env := connectortest.NewEnv()
			env.Env.Clock = clock.Real{}
			src := source(b, env, map[string]string{"stream": "tickerstream", "aws.endpoint": *endpoint, "aws.region": "us-east-1",
				"aws.credentials.basic.accesskeyid": "a", "aws.credentials.basic.secretkey": "b"}, c.columns...)
			split := splits(b, src)[0]
			waiter := env.Env.Clock.NewWaiter()
			out := connectortest.NewBatch(c.columns)
			b.ReportAllocs()
			spent := processor(b)
			for b.Loop() {
				r, err := src.Open(context.Background(), split, connectors.ReaderContext{Columns: c.columns, Wake: waiter.Wake})
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
			records := float64(b.N * benchRecords)
			b.ReportMetric(records/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(records/(processor(b)-spent).Seconds(), "records/cpu-s")
			b.ReportMetric(float64(len(c.record(0))), "B/record")
		})
	}
}

// BenchmarkReadNaive asks with the SDK alone and does nothing with the records.
func BenchmarkReadNaive(b *testing.B) {
	client := apart(b, func(int) string { return `{"browseraction": "Click", "site": "https://www.mysite.com"}` })
	stream, shard := "tickerstream", "shardId-000000000000"
	it, err := client.GetShardIterator(b.Context(), &awskinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	spent := processor(b)
	records := 0
	for b.Loop() {
		out, err := client.GetRecords(b.Context(), &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		if err != nil {
			b.Fatal(err)
		}
		records += len(out.Records)
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(records)/(processor(b)-spent).Seconds(), "records/cpu-s")
}

// BenchmarkWrite encodes rows and puts them, in batches of 1000.
func BenchmarkWrite(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkWrite(b, map[string]string{"stream": "clickstream"}, nil) })
	b.Run("four requests", func(b *testing.B) {
		benchmarkWrite(b, map[string]string{"stream": "clickstream", "sink.requests.max-inflight": "4"}, nil)
	})
	b.Run("strict", func(b *testing.B) {
		benchmarkWrite(b, map[string]string{"stream": "clickstream", "sink.strict-order": "true"}, []string{"clickcount"})
	})
	b.Run("aggregated", func(b *testing.B) {
		benchmarkWrite(b, map[string]string{"stream": "clickstream", "sink.aggregation": "true"}, []string{"clickcount"})
	})
	b.Run("aggregated, random keys", func(b *testing.B) {
		benchmarkWrite(b, map[string]string{"stream": "clickstream", "sink.aggregation": "true"}, nil)
	})
}

func benchmarkWrite(b *testing.B, options map[string]string, partitionedBy []string) {
	w := newWorld(b)
	w.stream("clickstream", 1)
	env := w.env()
	env.Env.Clock = clock.Real{}
	columns := []connectors.Column{col("rowtime", types.TimestampType(3)), col("clickcount", types.DoubleType)}
	waiter := env.Env.Clock.NewWaiter()
	x, err := sink(b, env, options, partitionedBy, columns...).NewWriter(context.Background(), connectors.WriterContext{
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
