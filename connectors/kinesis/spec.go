package kinesis

import (
	"slices"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `kinesis`. Its options go by the names of Flink 1.15 to 4.x of the connector and by those of 5.x and
// 6.x alike.
var Spec = &connectors.Spec{
	Name:    "kinesis",
	Aliases: []string{"kinesis-legacy"},
	Summary: "Streams of Amazon Kinesis Data Streams, or with --local of the embedded server.",
	Options: options,
	Metadata: []connectors.Metadata{
		{Key: "timestamp", Type: types.TimestampLTZType(3).WithNotNull(true), Summary: "When the stream received the record (ApproximateArrivalTimestamp)."},
		{Key: "sequence-number", Type: types.VarcharType(128).WithNotNull(true), Summary: "The record's number within its shard. User records of an aggregated record share its number."},
		{Key: "sub-sequence-number", Type: types.BigIntType.WithNotNull(true), Summary: "Which user record of an aggregated record it is, from 0; 0 of an ordinary record; weir's own."},
		{Key: "shard-id", Type: types.VarcharType(128).WithNotNull(true), Summary: "The shard that the record was read from."},
		{Key: "partition-key", Type: types.VarcharType(maxKeyChars).WithNotNull(true), Summary: "The key that decided on the shard; of an aggregated record that of the user record; weir's own."},
		{Key: "explicit-hash-key", Type: types.VarcharType(39), Summary: "The explicit hash key of the user record of an aggregated record; else NULL, for Kinesis doesn't tell; weir's own."},
	},
	Format:    true,
	NewSource: newSource,
	NewSink:   newSink,
}

var options = slices.Concat(streamOptions, awsclient.Options(), sourceOptions, sinkOptions, tuning)

var streamOptions = []option.Option{
	{Key: "stream", Kind: option.String, Summary: "The stream's name."},
	{Key: "stream.arn", Kind: option.String, Summary: "The stream's ARN, instead of its name; it may be in another account."},
}

var sourceOptions = []option.Option{
	{Key: "scan.stream.initpos", Aliases: []string{"source.init.position"}, Kind: option.Enum,
		Values: []string{"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP"}, Default: "LATEST",
		Summary: "Where a new job begins: with what comes from now on, with the oldest records, or at a time."},
	{Key: "scan.stream.initpos-timestamp", Aliases: []string{"source.init.timestamp"}, Kind: option.String,
		Summary: "The time of AT_TIMESTAMP: seconds since 1970, or a date in the format of the next option."},
	{Key: "scan.stream.initpos-timestamp-format", Aliases: []string{"source.init.timestamp.format"}, Kind: option.String,
		Default: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", Summary: "How that date is written, as a pattern of Java's SimpleDateFormat; without an offset it is UTC."},
	{Key: "scan.stream.end", Kind: option.Enum, Values: []string{"NONE", "LATEST", "AT_TIMESTAMP"}, Default: "NONE",
		Summary: "Where a job ends by itself: LATEST reads what is in the stream when the job starts, AT_TIMESTAMP what arrived before a time. Weir's own."},
	{Key: "scan.stream.end-timestamp", Kind: option.String,
		Summary: "That time, written as scan.stream.initpos-timestamp is. What arrived at it isn't read, so that another job may start there. Weir's own."},
	{Key: "scan.expired-position", Kind: option.Enum, Values: []string{"fail", "jump"}, Default: "fail",
		Summary: "What to do when a job was away for so long that the stream has dropped records that it has not read: fail, or jump to the oldest record there is, which is what Flink does. Weir's own."},
	{Key: "scan.stream.recordpublisher", Aliases: []string{"source.reader.type"}, Kind: option.Enum, Values: []string{"POLLING", "EFO"},
		Default: "POLLING", Summary: "How records come: POLLING asks for them; EFO (enhanced fan-out) has them pushed, to a consumer with 2 MiB per second and shard of its own. With --fast they are polled either way."},
	{Key: "scan.stream.efo.consumername", Aliases: []string{"source.efo.consumer.name"}, Kind: option.String,
		Summary: "The consumer of EFO. Each job, and each table of a job, needs one of its own."},
	{Key: "scan.stream.efo.registration", Aliases: []string{"source.efo.lifecycle"}, Kind: option.Enum,
		Values: []string{"LAZY", "EAGER", "JOB_MANAGED", "NONE", "SELF_MANAGED"}, Default: "LAZY",
		Summary: "Who registers the consumer. The first three, which are the same here: the job when it starts, unless it is there already, and removes it when it ends. NONE and SELF_MANAGED: somebody else."},
	{Key: "scan.stream.efo.consumerarn.", Kind: option.String, Prefix: true,
		Summary: "The ARN of a consumer that somebody else has registered; the stream's name follows. With NONE or SELF_MANAGED, instead of the consumer's name."},
	{Key: "scan.shard.subscribetoshard.timeout", Aliases: []string{"source.efo.subscription.timeout"}, Kind: option.Millis, Default: "60 s",
		Summary: "How long the answer to SubscribeToShard may take."},
	{Key: "scan.stream.deregisterstreamconsumer.timeout", Aliases: []string{"source.efo.deregister.timeout"}, Kind: option.Millis, Default: "10 s",
		Summary: "How long removing the consumer may hold up the end of a job."},
	{Key: "scan.shard.discovery.intervalmillis", Aliases: []string{"source.shard.discovery.interval"}, Kind: option.Millis, Default: "10 s",
		Summary: "How often to look for new shards."},
	{Key: "scan.shard.getrecords.maxrecordcount", Aliases: []string{"source.shard.get-records.max-record-count"}, Kind: option.Int, Default: "10000",
		Summary: "Records per request, at most."},
	{Key: "scan.shard.getrecords.intervalmillis", Kind: option.Millis, Default: "200 ms",
		Summary: "The time from one request to the next of a shard, of which AWS takes five in a second; all readers of a shard in this process take turns. If not set, a server on this machine, such as the embedded one, is asked at once while it has more, else after 20 ms."},
	{Key: "source.reader.empty-records-fetch-interval", Kind: option.Millis, Default: "200 ms",
		Summary: "The same after a request that brought nothing (250 ms in Flink). If not set, a server on this machine is asked again after 20 ms, and after up to 100 ms when nothing has come for a minute."},
	{Key: "scan.shard.adaptivereads", Kind: option.Bool, Default: "false",
		Summary: "Ask for as many records as a shard may give until the next request, 2 MiB/s, by the size of the last ones: smaller answers that come evenly. Without it, the next request waits until a large answer is paid for."},
	{Key: "scan.shard.idle.interval", Kind: option.Int, Default: "-1", Summary: "Only -1 is supported: use scan.watermark.idle-timeout."},
	{Key: "scan.watermark.lookahead.millis", Kind: option.Millis, Default: "0", Summary: "Only 0 is supported: use scan.watermark.alignment.group."},
	{Key: "scan.compression", Kind: option.Enum, Values: []string{"AUTO", "NONE"}, Summary: "AUTO unpacks records that begin as gzip or zstd do, NONE takes all as they are. If not set, NONE with the format raw, else AUTO."},
	{Key: "scan.shard-assigner", Aliases: []string{"source.shard-assigner"}, Kind: option.String, Default: "default",
		Summary: "default or uniform; shards are dealt out evenly either way."},
}

var sinkOptions = []option.Option{
	{Key: "sink.partitioner", Kind: option.String, Summary: "random keys or one fixed key per writer. With PARTITIONED BY, the columns' values are the key."},
	{Key: "sink.partitioner-field-delimiter", Kind: option.String, Default: "|", Summary: "What stands between the values of PARTITIONED BY in a key."},
	{Key: "sink.batch.max-size", Aliases: []string{"sink.producer.collection-max-size"}, Kind: option.Int, Default: "500",
		Summary: "Records per request, at most."},
	{Key: "sink.flush-buffer.size", Kind: option.Size, Default: "5242880", Summary: "Bytes per request, at most; no more than 10 MiB count."},
	{Key: "sink.requests.max-inflight", Aliases: []string{"sink.producer.collection-max-count"}, Kind: option.Int, Default: "1",
		Summary: "Requests of a subtask that are under way at a time (50 in Flink). With one, rows come to a shard in the order in which they are written. With more, each has the rows of other partition keys: those of a key stay in order, and AWS takes that many times 500 rows in the time of a call. Always one with sink.aggregation or a fixed key."},
	{Key: "sink.requests.max-buffered", Kind: option.Int, Default: "10000", Summary: "Records that wait to be sent before the job is held back."},
	{Key: "sink.strict-order", Kind: option.Bool, Summary: "Whether no record may be passed by a later one of its key when Kinesis refuses some records of a request, which are sent again: a request then has one record of each key. Slow where keys are few. If not set, true with PARTITIONED BY and a format that carries updates, else false."},
	{Key: "sink.aggregation", Kind: option.Bool, Default: "false", Summary: "Pack many small rows into one record, in the format of the Kinesis Producer Library, which the Client Library, Flink's older source and weir unpack. Rows of a key stay in order."},
	{Key: "sink.aggregation.max-size", Kind: option.Size, Default: "50 kb", Summary: "Bytes of such a record, at most; a larger row goes by itself."},
	{Key: "sink.compression", Kind: option.Enum, Values: []string{"NONE", "GZIP", "ZSTD"}, Default: "NONE", Summary: "Compress each row's record, also within an aggregated one. Weir's source unpacks them by itself."},
	{Key: "sink.fail-on-error", Aliases: []string{"sink.producer.fail-on-error"}, Kind: option.Bool, Default: "false",
		Summary: "Fail when a record is refused, instead of sending it again."},
	{Key: "sink.producer.kinesis-endpoint", Kind: option.String, Summary: "Old name of aws.endpoint, without https://."},
	{Key: "sink.producer.kinesis-port", Kind: option.Int, Summary: "The port of that endpoint."},
	{Key: "sink.producer.verify-certificate", Kind: option.Bool, Summary: "Old name of the opposite of aws.trust.all.certificates."},
	{Key: "sink.producer.", Kind: option.String, Prefix: true, Summary: "Settings of the Kinesis Producer Library, which plays no part here; they are ignored with a warning."},
}

// tuning are options that are taken for Flink's sake: what they tune is done in another way. And
// how calls are tried again.
var tuning = slices.Concat(
	[]option.Option{
		{Key: "sink.flush-buffer.timeout", Aliases: []string{"sink.producer.record-max-buffered-time"}, Kind: option.Millis, Default: "5000",
			Summary: "Taken for Flink's sake: what there is goes as soon as the last request is answered, so that no row waits for others."},
		ignored(option.Millis, "scan.watermark.sync.interval", "30000"),
		ignored(option.Int, "scan.watermark.sync.queue.capacity", "100"),
		{Key: "shard.consumer.error.recoverable", Kind: option.String, Prefix: true, Summary: taken},
	},
	retries("scan.list.shards", "10", "1000", "5000", "How often and how fast ListShards is tried again when a job starts"),
	retries("scan.shard.getrecords", "50", "300", "1000", "How often in a row and how fast GetRecords is tried again"),
	retries("scan.shard.getiterator", "50", "300", "1000", "How often in a row and how fast GetShardIterator is tried again"),
	retries("scan.stream.describe", "50", "2000", "5000", "How often and how fast it is asked again how long a stream keeps records"),
	describing(retries(describeFamily, "50", "2000", "5000", "How often and how fast it is looked whether a consumer is ACTIVE")),
	retries(registerFamily, "10", "500", "2000", "How often and how fast RegisterStreamConsumer is tried again", "timeout"),
	retries(deregisterFamily, "10", "500", "2000", "How often and how fast DeregisterStreamConsumer is tried again"),
	retries(subscribeFamily, "10", "1000", "2000", "How often in a row and how fast SubscribeToShard is tried again"),
)

// Families of retries around consumers.
const (
	describeFamily   = "scan.stream.describestreamconsumer"
	registerFamily   = "scan.stream.registerstreamconsumer"
	deregisterFamily = "scan.stream.deregisterstreamconsumer"
	subscribeFamily  = "scan.shard.subscribetoshard"
)

// describing adds the names that the newer connector has for the first three of a family.
func describing(decls []option.Option) []option.Option {
	for i, name := range []string{"attempts.max", "delay.min", "delay.max"} {
		decls[i].Aliases = []string{"source.efo.describe.retry-strategy." + name}
	}
	return decls
}

const taken = "Taken for Flink's sake; it plays no part here."

func ignored(kind option.Kind, key, def string, aliases ...string) option.Option {
	return option.Option{Key: key, Aliases: aliases, Kind: kind, Default: def, Summary: taken}
}

// retries declares the options of a family of retries: an awsclient.Policy.
func retries(family, most, base, longest, summary string, more ...string) []option.Option {
	if summary != taken {
		summary += "; throttling doesn't count."
	}
	decls := []option.Option{
		{Key: family + ".maxretries", Kind: option.Int, Default: most, Summary: summary},
		{Key: family + ".backoff.base", Kind: option.Millis, Default: base, Summary: summary},
		{Key: family + ".backoff.max", Kind: option.Millis, Default: longest, Summary: summary},
		{Key: family + ".backoff.expconst", Kind: option.Float, Default: "1.5", Summary: summary},
	}
	for _, m := range more {
		decls = append(decls, ignored(option.Millis, family+"."+m, "60 s"))
	}
	return decls
}

// policy reads a family of retries.
func policy(v option.Values, family string) awsclient.Policy {
	return awsclient.Policy{
		Max: int(v.Int(family + ".maxretries")), Base: v.Duration(family + ".backoff.base"),
		Longest: v.Duration(family + ".backoff.max"), Factor: v.Float(family + ".backoff.expconst"),
	}
}
