package kinesis

import (
	"slices"
	"strings"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `kinesis`.
var Spec = &connectors.Spec{
	Name:    "kinesis",
	Aliases: []string{"kinesis-legacy"},
	Summary: "Amazon Kinesis Data Streams: reads shards in order, writes at least once.",
	Options: slices.Concat(streamOptions, awsclient.Options, sourceOptions, sinkOptions),
	Metadata: []connectors.Metadata{
		{Key: "timestamp", Type: types.TimestampLTZType(3).WithNotNull(true), Summary: "When Kinesis took the record (ApproximateArrivalTimestamp)."},
		{Key: "sequence-number", Type: types.VarcharType(128).WithNotNull(true), Summary: "The record's sequence number."},
		{Key: "shard-id", Type: types.VarcharType(128).WithNotNull(true), Summary: "The shard that the record is in."},
		{Key: "partition-key", Type: types.VarcharType(256).WithNotNull(true), Summary: "The record's partition key; weir's own."},
	},
	Format:    true,
	NewSource: newSource,
	NewSink:   newSink,
}

var streamOptions = []option.Option{
	{Key: "stream", Kind: option.String, Summary: "The stream's name."},
	{Key: "stream.arn", Kind: option.String, Summary: "The stream's ARN, in place of its name."},
}

// accepted declares an option that Flink has and that changes nothing here.
func accepted(key string, kind option.Kind, def string, aliases ...string) option.Option {
	return option.Option{Key: key, Aliases: aliases, Kind: kind, Default: def, Summary: "Accepted for Flink's sake."}
}

var sourceOptions = []option.Option{
	{Key: "scan.stream.initpos", Aliases: []string{"source.init.position"}, Kind: option.Enum, Values: []string{"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP"}, Default: "LATEST", Summary: "Where a fresh job starts."},
	{Key: "scan.stream.initpos-timestamp", Aliases: []string{"source.init.timestamp"}, Kind: option.String, Summary: "The start of AT_TIMESTAMP: seconds since 1970, or a date in the format below."},
	{Key: "scan.stream.initpos-timestamp-format", Aliases: []string{"source.init.timestamp.format"}, Kind: option.Enum, Values: []string{"yyyy-MM-dd'T'HH:mm:ss.SSSXXX"}, Default: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", Summary: "The date's format; only the default is supported."},
	{Key: "scan.stream.end", Kind: option.Enum, Values: []string{"NONE", "LATEST"}, Default: "NONE", Summary: "LATEST ends each shard when it has been read up to its newest record: a bounded read. Weir's own."},
	{Key: "scan.stream.recordpublisher", Aliases: []string{"source.reader.type"}, Kind: option.Enum, Values: []string{"POLLING"}, Default: "POLLING", Summary: "POLLING; enhanced fan-out (EFO) is not supported."},
	{Key: "scan.shard.discovery.intervalmillis", Aliases: []string{"source.shard.discovery.interval"}, Kind: option.Millis, Default: "10000", Summary: "Look for new shards this often."},
	{Key: "scan.shard.getrecords.maxrecordcount", Aliases: []string{"source.shard.get-records.max-record-count"}, Kind: option.Int, Default: "10000", Summary: "Records per request."},
	{Key: "scan.shard.getrecords.intervalmillis", Kind: option.Millis, Default: "200", Summary: "The pause between requests to a shard; none on the embedded server while there is more."},
	{Key: "source.reader.empty-records-fetch-interval", Kind: option.Millis, Default: "250", Summary: "The pause after an answer without records."},
	{Key: "scan.shard.getrecords.backoff.base", Kind: option.Millis, Default: "300", Summary: "The first pause before a request is repeated."},
	{Key: "scan.shard.getrecords.backoff.max", Kind: option.Millis, Default: "1000", Summary: "The longest such pause."},
	accepted("scan.shard.getrecords.maxretries", option.Int, "3"), accepted("scan.shard.getrecords.backoff.expconst", option.Float, "1.5"),
	accepted("scan.shard-assigner", option.String, "default", "source.shard-assigner"),
	accepted("scan.shard.adaptivereads", option.Bool, "false"), accepted("scan.shard.idle.interval", option.Int, "-1"),
	accepted("scan.watermark.sync.interval", option.Millis, "30000"), accepted("scan.watermark.lookahead.millis", option.Millis, "0"),
	accepted("scan.watermark.sync.queue.capacity", option.Int, "100"),
	{Key: "scan.list.shards.", Prefix: true, Summary: "Accepted for Flink's sake."},
	{Key: "scan.shard.getiterator.", Prefix: true, Summary: "Accepted for Flink's sake."},
	{Key: "scan.stream.describe", Prefix: true, Summary: "Accepted for Flink's sake."},
}

var sinkOptions = []option.Option{
	{Key: "sink.partitioner", Kind: option.Enum, Values: []string{"random", "fixed"}, Default: "random", Summary: "Partition keys: random, or one per writer. A table that is PARTITIONED BY uses those columns."},
	{Key: "sink.partitioner-field-delimiter", Kind: option.String, Default: "|", Summary: "Between the values of PARTITIONED BY columns in a key."},
	{Key: "sink.batch.max-size", Aliases: []string{"sink.producer.collection-max-size"}, Kind: option.Int, Default: "500", Summary: "Records per PutRecords."},
	{Key: "sink.requests.max-buffered", Kind: option.Int, Default: "10000", Summary: "Records that wait before the job is held back."},
	{Key: "sink.fail-on-error", Aliases: []string{"sink.producer.fail-on-error"}, Kind: option.Bool, Default: "false", Summary: "Fail on a refused record instead of sending it again."},
	accepted("sink.requests.max-inflight", option.Int, "50", "sink.producer.collection-max-count"),
	accepted("sink.flush-buffer.size", option.Int, "5242880"),
	accepted("sink.flush-buffer.timeout", option.Millis, "5000", "sink.producer.record-max-buffered-time"),
	accepted("sink.http-client.max-concurrency", option.Int, "10000"), accepted("sink.http-client.read-timeout", option.Millis, "360000"),
	accepted("sink.http-client.protocol.version", option.String, "HTTP2"),
	{Key: "sink.producer.", Prefix: true, Summary: "Options of the Kinesis Producer Library; accepted for Flink's sake."},
}

// stream is the stream that a table means, and the service it is at.
type stream struct {
	*awsclient.Settings
	table, name, arn string
}

func newStream(env *connectors.Env, t *connectors.Table) (*stream, error) {
	o := t.Options
	s := &stream{table: t.Path, name: o.String("stream"), arn: o.String("stream.arn")}
	switch {
	case s.name == "" && s.arn == "":
		return nil, &option.Error{Key: "stream", Msg: `option "stream" is required (or "stream.arn")`}
	case s.name != "" && s.arn != "":
		return nil, option.Errorf("stream.arn", "options \"stream\" and \"stream.arn\" name the stream twice; give one")
	}
	if s.arn != "" {
		// arn:aws:kinesis:us-east-1:123456789012:stream/clicks
		parts := strings.Split(s.arn, ":")
		if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kinesis" || !strings.HasPrefix(parts[5], "stream/") {
			return nil, option.Errorf("stream.arn", "%q is not the ARN of a stream, such as arn:aws:kinesis:us-east-1:123456789012:stream/clicks", s.arn)
		}
		s.name = strings.TrimPrefix(parts[5], "stream/")
	}
	var err error
	s.Settings, err = awsclient.New(o, env.KinesisEndpoint)
	return s, err
}
