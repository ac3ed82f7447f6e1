package cli

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	connector "github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
)

// generateTo runs n records of a template, in virtual time, into an embedded server that a fault may trouble.
func generateTo(t *testing.T, n int64, packed bool, fault func(body []byte) *local.Fault) (*sending, *kinesis.Client) {
	t.Helper()
	server, err := local.Start(t.Context(), local.Options{NoSync: true, Intercept: func(action string, body []byte) *local.Fault {
		if action == "PutRecords" && fault != nil {
			return fault(body)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	client := localKinesis(server.KinesisEndpoint())
	if err := ensureStream(t.Context(), client, "clicks"); err != nil {
		t.Fatal(err)
	}
	template, err := generator.Compile(`{"n":{{random.number(9)}}}`, generator.Options{RequireJSON: true})
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewVirtual(labStart)
	g, err := generator.New(generator.Config{Template: template, Count: n, Rate: 10, Clock: engineClock{c}})
	if err != nil {
		t.Fatal(err)
	}
	sink := newStreamSink(client, "clicks", connector.PutterOptions{Clock: c}, packed)
	s := newSending(traffic{stats: g.Stats}, []*streamSink{sink})
	c.Run(func() {
		if err := g.Run(t.Context(), sink); err != nil {
			t.Error(err)
		}
	})
	return s, client
}

// received are the records of a stream of one shard.
func received(t *testing.T, client *kinesis.Client, stream string) [][]byte {
	t.Helper()
	shard := "shardId-000000000000"
	it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	var records [][]byte
	for _, r := range out.Records {
		records = append(records, r.Data)
	}
	return records
}

// What the stream refuses once is sent again and counted, what it refuses for good is no record that was sent, and the
// command fails.
func TestGenerateCountsWhatIsRefused(t *testing.T) {
	asked := 0
	s, client := generateTo(t, 100, false, func([]byte) *local.Fault {
		if asked++; asked == 1 {
			return nil
		}
		return &local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{0}}
	})
	got := received(t, client, "clicks")
	st, resent := s.counts()
	if int(st.Sent) != len(got) || st.Sent+st.Failed != 100 || st.Failed == 0 || resent < 10 {
		t.Errorf("%d sent, %d failed, %d sent again; the stream has %d", st.Sent, st.Failed, resent, len(got))
	}
	line := s.line()
	if !regexp.MustCompile(`^sent \d+ of 100 · .*/s · .* · failed \d+ · sent again \d+`).MatchString(line) {
		t.Errorf("line of progress %q", line)
	}
	var stderr strings.Builder
	out, stop := newScreen(io.Discard, &stderr)
	defer stop()
	err := s.result(out)
	if err == nil || !strings.Contains(err.Error(), "records were given up") {
		t.Errorf("error %v", err)
	}
	if !regexp.MustCompile(`^\d+ records sent, [1-9]\d* failed, \d+ sent again, \d+ bytes in \d+\.\d s: [\d,]+ records/s, [\d.]+ [kM]?B/s\n$`).MatchString(stderr.String()) {
		t.Errorf("last line %q", stderr.String())
	}
}

// The line of progress has the rates of the last second or more, and how late the traffic is.
func TestGenerateProgress(t *testing.T) {
	st := generator.Stats{Planned: 10_000}
	s := newSending(traffic{stats: func() generator.Stats { return st }}, nil)
	if got := s.line(); got != "sent 0 of 10,000 · 0/s · 0 B/s" {
		t.Errorf("%q", got)
	}
	st.Sent, st.Bytes, st.Lag = 3000, 246_000, 2500*time.Millisecond
	s.counted = s.counted.Add(-2 * time.Second)
	if got := s.line(); !regexp.MustCompile(`^sent 3,000 of 10,000 · 1,[45]\d\d/s · 12[0-9] kB/s · 3s behind$`).MatchString(got) {
		t.Errorf("%q", got)
	}
	var stderr strings.Builder
	out, stop := newScreen(io.Discard, &stderr)
	defer stop()
	if err := s.result(out); err != nil || !strings.HasPrefix(stderr.String(), "3000 records sent, 0 failed, 7000 not sent in time, 246000 bytes in ") {
		t.Errorf("last line %q, %v", stderr.String(), err)
	}
	s.at = func(generator.Stats) string { return "2024-05-06 00:00:00" }
	if got := s.line(); !strings.HasPrefix(got, "2024-05-06 00:00:00 · sent 3,000") {
		t.Errorf("%q", got)
	}
	for bytes, want := range map[float64]string{0: "0 B", 999: "999 B", 999.7: "1.0 kB", 82_412: "82.4 kB", 99_960: "100 kB", 21_377_494: "21.4 MB", 12e9: "12000 MB"} {
		if got := byteText(bytes); got != want {
			t.Errorf("%v bytes are %q, want %q", bytes, got, want)
		}
	}
}

// With --gzip each record is a gzip file of its own.
func TestGenerateCompressesRecords(t *testing.T) {
	s, client := generateTo(t, 50, true, nil)
	if st, _ := s.counts(); st.Sent != 50 {
		t.Errorf("%d sent", st.Sent)
	}
	for _, packed := range received(t, client, "clicks") {
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil || !regexp.MustCompile(`^\{"n":\d\}$`).Match(text) {
			t.Fatalf("%q, %v", text, err)
		}
	}
}
