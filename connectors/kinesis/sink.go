package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// sink implements connectors.Sink.
type sink struct {
	*stream
	partitioner string // random, fixed or fields
	fields      []int  // of PARTITIONED BY, in the batch
	delimiter   string
	maxRecords  int // in a request
	maxBytes    int
	maxBuffered int
	inFlight    int // requests of a subtask
	packedBytes int // of an aggregated record; 0: no aggregation
	compression string
	failOnError bool
	// strict keeps a record from being passed by a later one of its key: Kinesis may refuse the one and take the other, so they
	// never go in one request.
	strict bool

	checking  sync.Mutex
	checked   bool // the stream exists
	maxRecord int  // bytes of data and key that the stream takes, once checked
}

var _ connectors.Sink = (*sink)(nil)

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	endpoint, trustAll, err := oldProducer(env, t)
	if err != nil {
		return nil, err
	}
	str, err := newStream(env, t, endpoint, trustAll)
	if err != nil {
		return nil, err
	}
	v := t.Options
	s := &sink{
		stream: str, partitioner: strings.ToLower(v.String("sink.partitioner")), delimiter: v.String("sink.partitioner-field-delimiter"),
		maxRecords: int(v.Int("sink.batch.max-size")), maxBytes: int(v.Size("sink.flush-buffer.size")),
		maxBuffered: int(v.Int("sink.requests.max-buffered")), inFlight: int(v.Int("sink.requests.max-inflight")), failOnError: v.Bool("sink.fail-on-error"), maxRecord: maxRecordBytes,
		compression: v.Enum("sink.compression"),
	}
	// With one key for all rows, strict order is a request for each: too much to be had unasked.
	s.strict = t.Format.Mode != types.AppendOnly && len(t.PartitionKeys) > 0
	if v.Given("sink.strict-order") {
		s.strict = v.Bool("sink.strict-order")
	}
	if err := errors.Join(s.between("sink.batch.max-size", 1, maxRequestRecords), s.between("sink.requests.max-buffered", 1, 1<<31-1), s.between("sink.requests.max-inflight", 1, 1000)); err != nil {
		return nil, err
	}
	s.maxBytes = min(max(s.maxBytes, 1), maxRequestBytes)
	if v.Bool("sink.aggregation") {
		s.strict = true // there is one aggregated record for many of a key
		if s.packedBytes = int(v.Size("sink.aggregation.max-size")); s.packedBytes < 1 {
			return nil, option.Errorf("sink.aggregation.max-size", "option %q must be more than 0", "sink.aggregation.max-size")
		}
	}
	switch {
	case len(t.PartitionKeys) > 0:
		if s.partitioner != "" {
			return nil, &option.Error{Key: "sink.partitioner", Msg: `option "sink.partitioner" does not go with PARTITIONED BY, whose columns make the key`}
		}
		s.partitioner = "fields"
		if err := s.bindFields(t); err != nil {
			return nil, err
		}
	case s.partitioner == "":
		s.partitioner = "random"
	case s.partitioner != "random" && s.partitioner != "fixed":
		return nil, option.Errorf("sink.partitioner", "option %q: %q is neither random nor fixed; classes are Java's", "sink.partitioner", v.String("sink.partitioner"))
	}
	if t.Format.NewEncoder == nil {
		return nil, option.Errorf("format", "the format %q cannot be written", t.Format.Name)
	}
	if _, err := s.encoder(); err != nil { // finds what the format refuses before a job starts
		return nil, err
	}
	return s, nil
}

// lanes is how many requests of a subtask may be under way. Those of aggregated records aren't divided by keys.
func (s *sink) lanes() int {
	if s.packedBytes > 0 || s.partitioner == "fixed" {
		return 1
	}
	return s.inFlight
}

// bindFields finds the columns of PARTITIONED BY.
func (s *sink) bindFields(t *connectors.Table) error {
	for _, name := range t.PartitionKeys {
		i := slices.IndexFunc(t.Physical(), func(f types.Field) bool { return f.Name == name })
		if i < 0 {
			return fmt.Errorf("PARTITIONED BY names %q, which is no physical column", name)
		}
		if typ := t.Physical()[i].Type; typ.IsNested() {
			return fmt.Errorf("PARTITIONED BY column %q is %s, which makes no partition key", name, typ.Nullable())
		}
		s.fields = append(s.fields, i)
	}
	return nil
}

func (s *sink) encoder() (format.Encoder, error) {
	return s.table.Format.NewEncoder(format.Config{Columns: s.columns(), Options: s.table.Options})
}

// oldProducer reads the options of the Kinesis Producer Library that mean something here, and warns of the others.
func oldProducer(env *connectors.Env, t *connectors.Table) (endpoint string, trustAll bool, err error) {
	const prefix = "sink.producer."
	v := t.Options
	same := func(old, key string) error {
		if v.Given(key) {
			return &option.Error{Key: prefix + old, Msg: fmt.Sprintf("options %q and %q say the same; give one", prefix+old, key)}
		}
		return nil
	}
	if host := v.String(prefix + "kinesis-endpoint"); host != "" {
		endpoint = "https://" + host
		if v.Given(prefix + "kinesis-port") {
			endpoint += ":" + strconv.FormatInt(v.Int(prefix+"kinesis-port"), 10)
		}
		err = same("kinesis-endpoint", "aws.endpoint")
	}
	if v.Given(prefix + "verify-certificate") {
		trustAll = !v.Bool(prefix + "verify-certificate")
		err = errors.Join(err, same("verify-certificate", "aws.trust.all.certificates"))
	}
	for name := range v.WithPrefix(prefix) {
		known := slices.ContainsFunc(options, func(o option.Option) bool {
			return !o.Prefix && (o.Key == prefix+name || slices.Contains(o.Aliases, prefix+name))
		})
		if !known && env.Log != nil {
			if name == "aggregation-enabled" {
				env.Log.Warn("the option is ignored, as in Flink since 1.15; 'sink.aggregation' = 'true' packs records", "table", t.Path, "option", prefix+name)
				continue
			}
			env.Log.Warn("the option belongs to the Kinesis Producer Library and is ignored", "table", t.Path, "option", prefix+name)
		}
	}
	return endpoint, trustAll, err
}

// Accepts implements connectors.Sink: what the format can carry, which is inserts only but for changelog-json.
func (s *sink) Accepts() types.ChangelogMode { return s.table.Format.Mode }

// Describe implements connectors.Sink.
func (s *sink) Describe() string {
	by := s.partitioner
	if by == "fields" {
		by = strings.Join(s.table.PartitionKeys, ", ")
	}
	return "stream=" + s.name + ", key=" + by
}

// NewWriter implements connectors.Sink. A stream that doesn't exist is found out here and not with the first row.
func (s *sink) NewWriter(ctx context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, client, wc.Retried); err != nil {
		return nil, err
	}
	var shards *shardMap
	if s.packedBytes > 0 && s.partitioner == "fields" {
		if shards, err = s.shardMap(ctx, client, s.retrier("shards", wc.Retried)); err != nil {
			return nil, err
		}
	}
	w, err := newWriter(s, client, shards, wc)
	if err != nil {
		return nil, err
	}
	for _, l := range w.lanes {
		l.worker = worker.Start(ctx, s.env.Clock, l.work)
	}
	return w, nil
}

// check asks once whether the stream exists and how large its records may be. Not being allowed to ask is fine.
func (s *sink) check(ctx context.Context, client *kinesis.Client, retried func()) error {
	s.checking.Lock()
	defer s.checking.Unlock()
	if s.checked {
		return nil
	}
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = s.given()
	var summary ktypes.StreamDescriptionSummary
	err := s.retrier("check", retried).Do(ctx, "DescribeStreamSummary", awsclient.DefaultPolicy, func(ctx context.Context) error {
		out, err := client.DescribeStreamSummary(ctx, in)
		if err == nil && out.StreamDescriptionSummary != nil {
			summary = *out.StreamDescriptionSummary
		}
		return err
	})
	if err != nil && awsclient.Code(err) != "AccessDeniedException" {
		return s.explain(err, "look for")
	}
	if summary.RecordDistributionStrategy == ktypes.RecordDistributionStrategyAuto && s.packedBytes > 0 {
		return s.noKeys()
	}
	if summary.MaxRecordSizeInKiB != nil {
		s.maxRecord = int(*summary.MaxRecordSizeInKiB) << 10
	}
	s.checked = true
	return nil
}
