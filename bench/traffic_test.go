//go:build slow

package bench

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	connector "github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
)

// clickTemplate is the lab's event with a time: what TestTraffic sends.
const clickTemplate = `{"browseraction": "{{random.weightedArrayElement({"weights":[0.2,0.8],"data":["Click","Impression"]})}}", ` +
	`"site": "https://www.mysite.com", "ts": "{{date.utc("YYYY-MM-DD HH:mm:ss.SSS")}}"}`

// generated sends n records, as fast as the sink takes them, and returns how many a second that was.
func generated(t *testing.T, n int64, sink generator.Sink) float64 {
	t.Helper()
	template, err := generator.Compile(clickTemplate, generator.Options{RequireJSON: true})
	if err != nil {
		t.Fatal(err)
	}
	g, err := generator.New(generator.Config{Template: template, Count: n, BatchRecords: 4000})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := g.Run(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	if st := g.Stats(); st.Sent != n || st.Failed != 0 {
		t.Fatalf("%d of %d records sent, %d failed", st.Sent, n, st.Failed)
	}
	return float64(n) / time.Since(began).Seconds()
}

// TestTraffic is how fast test traffic is made: into the embedded server, in this process, whose acknowledged records are on
// disk, and into a file.
func TestTraffic(t *testing.T) {
	server, err := local.Start(context.WithoutCancel(t.Context()), local.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	client := kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.KinesisEndpoint()), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(4)}); err != nil {
		t.Fatal(err)
	}
	putter := connector.NewPutter(client, "clicks", connector.PutterOptions{Clock: clock.Real{}})
	stream := generator.SinkFunc(func(ctx context.Context, records []generator.Record) (int, error) {
		return putter.Put(ctx, len(records), func(i int) (data, key []byte) { return records[i].Data, records[i].PartitionKey })
	})
	file, err := os.Create(filepath.Join(t.TempDir(), "clicks.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<18)
	lines := generator.SinkFunc(func(_ context.Context, records []generator.Record) (int, error) {
		for _, r := range records {
			w.Write(r.Data)
			w.WriteByte('\n')
		}
		return 0, w.Flush()
	})
	for _, c := range []struct {
		what    string
		records int64
		sink    generator.Sink
		target  float64 // records a second
	}{
		{"embedded server, fsync", 1_000_000, stream, 200_000},
		{"file", 5_000_000, lines, 1_000_000},
	} {
		rate := generated(t, c.records, c.sink)
		verdict := "reached"
		if rate < c.target {
			verdict = "MISSED"
		}
		t.Logf("%-24s %9.0f records/s, target %9.0f: %s", c.what, rate, c.target, verdict)
		if rate < c.target/4 {
			t.Errorf("%s: less than a quarter of the target", c.what)
		}
	}
}
