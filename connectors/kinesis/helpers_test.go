package kinesis_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/types"
)

// clockAt is a server's clock, which stands where a test puts it.
type clockAt struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clockAt) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clockAt) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is an embedded server and a client to look at it from outside.
type world struct {
	testing.TB
	server *local.Server
	clock  *clockAt
	client *awskinesis.Client

	mu        sync.Mutex
	intercept func(action string, body []byte) *local.Fault
	calls     map[string]int
}

func newWorld(t testing.TB, change ...func(*local.Options)) *world {
	t.Helper()
	w := &world{TB: t, clock: &clockAt{now: connectortest.Start}, calls: map[string]int{}}
	var err error
	options := local.Options{Clock: w.clock, Seed: 1, NoSync: true, Intercept: func(action string, body []byte) *local.Fault {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.calls[action]++
		if w.intercept != nil {
			return w.intercept(action, body)
		}
		return nil
	}}
	for _, f := range change {
		f(&options)
	}
	w.server, err = local.Start(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.client = awskinesis.New(awskinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.server.KinesisEndpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""), HTTPClient: wholeAnswers{},
	})
	return w
}

// wholeAnswers reads answers to their end. Without that the SDK now and then takes a request for a failed one that a server
// on the same machine has answered at once, and puts the same records again (see awsclient).
type wholeAnswers struct{}

func (wholeAnswers) Do(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// faults makes requests fail from now on; f is called under a lock.
func (w *world) faults(f func(action string, body []byte) *local.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept = f
}

// count returns how often an action was called.
func (w *world) count(action string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[action]
}

func (w *world) stream(name string, shards int32) {
	w.Helper()
	if _, err := w.client.CreateStream(w.Context(), &awskinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		w.Fatal(err)
	}
}

// put puts records, each with its text as the partition key's end.
func (w *world) put(stream string, data ...string) {
	w.Helper()
	for len(data) > 0 {
		n := min(len(data), 500)
		in := &awskinesis.PutRecordsInput{StreamName: &stream}
		for i, d := range data[:n] {
			in.Records = append(in.Records, ktypes.PutRecordsRequestEntry{Data: []byte(d), PartitionKey: aws.String(fmt.Sprint("key", i))})
		}
		if _, err := w.client.PutRecords(w.Context(), in); err != nil {
			w.Fatal(err)
		}
		data = data[n:]
	}
}

// get returns all records of a stream, shard by shard.
func (w *world) get(stream string) (all []ktypes.Record) {
	w.Helper()
	shards, err := w.client.ListShards(w.Context(), &awskinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range shards.Shards {
		it, err := w.client.GetShardIterator(w.Context(), &awskinesis.GetShardIteratorInput{
			StreamName: &stream, ShardId: s.ShardId, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			w.Fatal(err)
		}
		for next := it.ShardIterator; ; {
			out, err := w.client.GetRecords(w.Context(), &awskinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				w.Fatal(err)
			}
			if len(out.Records) == 0 {
				break
			}
			all, next = append(all, out.Records...), out.NextShardIterator
		}
	}
	return all
}

// clear deletes a stream and makes it anew.
func (w *world) clear(stream string, shards int32) {
	w.Helper()
	if _, err := w.client.DeleteStream(w.Context(), &awskinesis.DeleteStreamInput{StreamName: &stream}); err != nil {
		w.Fatal(err)
	}
	w.stream(stream, shards)
}

// env makes an environment whose tables without an endpoint mean the world's server.
func (w *world) env() *connectortest.Env { return w.bind(connectortest.NewEnv()) }

func (w *world) bind(env *connectortest.Env) *connectortest.Env {
	env.KinesisEndpoint = w.server.KinesisEndpoint()
	return env
}

func col(name string, t types.Type) connectors.Column { return connectors.Column{Name: name, Type: t} }

func meta(name, key string) connectors.Column {
	for _, m := range kinesis.Spec.Metadata {
		if m.Key == key {
			return connectors.Column{Name: name, Type: m.Type, MetadataKey: key, Virtual: true}
		}
	}
	panic("no metadata " + key)
}

// source makes a source of json records, from the oldest on unless the options say otherwise.
func source(t testing.TB, env *connectortest.Env, options map[string]string, columns ...connectors.Column) connectors.Source {
	t.Helper()
	all := map[string]string{"scan.stream.initpos": "TRIM_HORIZON"}
	if options["source.init.position"] != "" {
		delete(all, "scan.stream.initpos")
	}
	for k, v := range options {
		if all[k] = v; v == "" {
			delete(all, k)
		}
	}
	src, err := kinesis.Spec.NewSource(&env.Env, connectortest.Table(t, kinesis.Spec, json.Spec, all, columns...))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// reading is an open reader and what it has read.
type reading struct {
	t      testing.TB
	env    *connectortest.Env
	reader connectors.Reader
	waiter interface {
		Wait(context.Context, time.Time)
	}
	columns []connectors.Column
	rows    [][]any
	last    int // row of the last Poll
	status  connectors.PollStatus
	err     error
	ignored int // records that were left out
	retried int
	mu      sync.Mutex
}

// open opens a split. To be called by a participant of the clock.
func open(t testing.TB, env *connectortest.Env, src connectors.Source, split connectors.Split, columns ...connectors.Column) *reading {
	t.Helper()
	waiter := env.Clock.NewWaiter()
	r := &reading{t: t, env: env, waiter: waiter, columns: columns}
	var err error
	r.reader, err = src.Open(context.Background(), split, connectors.ReaderContext{
		Columns: columns, Wake: waiter.Wake,
		Retried: func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.retried++
		},
		Ignored:   func(n int) { r.ignored += n },
		BadRecord: func(raw []byte, where string, err error) error { return fmt.Errorf("%s: %w", where, err) },
	})
	if err != nil {
		t.Fatalf("open %s: %v", split.ID, err)
	}
	return r
}

// until reads until there are n rows in all, or the split ends or fails.
func (r *reading) until(n int) *reading {
	r.t.Helper()
	out := connectortest.NewBatch(r.columns)
	for len(r.rows) < n && r.status != connectors.Ended && r.err == nil {
		out.Reset()
		r.status, r.err = r.reader.Poll(out, 100)
		r.last = out.N - 1
		for i := range out.N {
			r.rows = append(r.rows, connectortest.Row(out, i)[1:])
		}
		if r.status == connectors.Idle && r.err == nil && len(r.rows) < n {
			before := r.env.Clock.Now()
			r.waiter.Wait(context.Background(), before.Add(10*time.Minute))
			if r.env.Clock.Now().Sub(before) >= 10*time.Minute {
				r.t.Errorf("nothing has come for ten minutes; %d of %d rows are there", len(r.rows), n)
				return r
			}
		}
	}
	return r
}

func (r *reading) close() {
	if err := r.reader.Close(); err != nil {
		r.t.Errorf("Close: %v", err)
	}
}

func (r *reading) retries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.retried
}

// splits lists the splits of a source.
func splits(t testing.TB, src connectors.Source) []connectors.Split {
	t.Helper()
	all, err := src.Splits(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// numbers are the records {"n":from}, …
func numbers(from, to int) (records []string) {
	for n := from; n < to; n++ {
		records = append(records, fmt.Sprintf(`{"n":%d}`, n))
	}
	return records
}

var n = col("n", types.IntType)
