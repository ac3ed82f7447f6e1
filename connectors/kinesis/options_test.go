package kinesis_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// table makes a table with these options ("key=value").
func table(t *testing.T, options ...string) *connectors.Table {
	t.Helper()
	raw := map[string]string{}
	for _, o := range options {
		k, v, _ := strings.Cut(o, "=")
		raw[k] = v
	}
	return connectortest.Table(t, kinesis.Spec, json.Spec, raw, n)
}

// What is refused, at which key as the user wrote it, and in what words.
func TestRefusedOptions(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	const arn = "stream.arn=arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	const consumerARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/c:1692711990"
	for _, c := range []struct{ side, options, key, msg string }{
		{"both", "aws.region=us-east-1", "stream", `"stream" or "stream.arn" is required`},
		{"both", "stream=clicks " + arn, "stream.arn", "both name the stream"},
		{"both", "stream.arn=arn:aws:sns:eu-west-1:123456789012:clicks", "stream.arn", "is not the ARN of a stream"},
		{"both", "stream=clicks", "aws.region", `"aws.region" is required`},
		{"both", arn + " aws.region=us-east-1", "aws.region", "is in region eu-west-1"},
		{"both", "stream=clicks aws.endpoint=localhost:4567", "aws.endpoint", "is not a URL"},
		{"both", arn + " aws.http-client.read-timeout=0", "aws.http-client.read-timeout", "more than 0"},
		{"both", arn + " sink.http-client.max-concurrency=0", "sink.http-client.max-concurrency", "more than 0"},
		{"both", arn + " aws.credentials.provider=CUSTOM", "aws.credentials.provider", "needs Java"},
		{"both", arn + " aws.credentials.provider=SYS_PROP", "aws.credentials.provider", "needs Java"},
		{"both", arn + " aws.credentials.provider=BASIC", "aws.credentials.provider", `needs the option "aws.credentials.basic.accesskeyid"`},
		{"both", arn + " aws.credentials.provider=ASSUME_ROLE", "aws.credentials.provider", `needs the option "aws.credentials.role.arn"`},
		{"source", arn + " scan.stream.recordpublisher=EFO", "scan.stream.recordpublisher", `needs the option "scan.stream.efo.consumername"`},
		{"source", arn + " source.reader.type=EFO source.efo.lifecycle=SELF_MANAGED", "source.reader.type", "EFO needs the option"},
		{"source", arn + " source.reader.type=EFO source.efo.consumer.name=c scan.stream.efo.consumerarn.clicks=" + consumerARN, "scan.stream.efo.consumerarn.clicks", "the job registers one"},
		{"source", arn + " source.reader.type=EFO source.efo.lifecycle=SELF_MANAGED source.efo.consumer.name=c scan.stream.efo.consumerarn.clicks=" + consumerARN,
			"source.efo.consumer.name", "both name the consumer"},
		{"source", arn + " scan.stream.recordpublisher=EFO scan.stream.efo.registration=NONE scan.stream.efo.consumerarn.views=" + consumerARN, "scan.stream.efo.consumerarn.views", "another stream"},
		{"source", arn + " scan.stream.recordpublisher=EFO scan.stream.efo.registration=NONE scan.stream.efo.consumerarn.clicks=mine", "scan.stream.efo.consumerarn.clicks", "is not the ARN of a consumer"},
		{"source", arn + " scan.shard.idle.interval=1000", "scan.shard.idle.interval", "only -1"},
		{"source", arn + " scan.watermark.lookahead.millis=1000", "scan.watermark.lookahead.millis", "only 0"},
		{"source", arn + " scan.shard-assigner=com.example.Mine", "scan.shard-assigner", "only default or uniform"},
		{"source", arn + " source.shard.get-records.max-record-count=10001", "source.shard.get-records.max-record-count", "between 1 and 10000"},
		{"source", arn + " scan.stream.initpos=AT_TIMESTAMP", "scan.stream.initpos", `needs the option "scan.stream.initpos-timestamp"`},
		{"source", arn + " source.init.timestamp=1", "source.init.timestamp", "= 'AT_TIMESTAMP'"},
		{"source", arn + " source.init.position=AT_TIMESTAMP source.init.timestamp=yesterday", "source.init.timestamp", "such as 2023-08-22T13:46:30.000Z"},
		{"source", arn + " source.init.position=AT_TIMESTAMP source.init.timestamp=99999999999", "source.init.timestamp", "in the future"},
		{"source", arn + " source.init.position=AT_TIMESTAMP source.init.timestamp=x source.init.timestamp.format=EEE", "source.init.timestamp.format", `"EEE" is not supported`},
		{"source", arn + " scan.stream.initpos=TRIM_HORIZON scan.stream.end=AT_TIMESTAMP", "scan.stream.end", `needs the option "scan.stream.end-timestamp"`},
		{"source", arn + " scan.stream.initpos=TRIM_HORIZON scan.stream.end-timestamp=1", "scan.stream.end-timestamp", "= 'AT_TIMESTAMP'"},
		{"source", arn + " scan.stream.end=LATEST", "scan.stream.end", "nothing lies between 'scan.stream.initpos' = 'LATEST' and"},
		{"source", arn + " source.init.position=LATEST scan.stream.end=AT_TIMESTAMP scan.stream.end-timestamp=1", "scan.stream.end", "nothing lies between 'source.init.position' = 'LATEST' and"},
		{"source", arn + " scan.stream.initpos=TRIM_HORIZON scan.stream.end=AT_TIMESTAMP scan.stream.end-timestamp=99999999999", "scan.stream.end-timestamp", "in the future"},
		{"source", arn + " scan.stream.initpos=AT_TIMESTAMP scan.stream.initpos-timestamp=2 scan.stream.end=AT_TIMESTAMP scan.stream.end-timestamp=2", "scan.stream.end-timestamp", "is not after the start"},
		{"sink", arn + " sink.partitioner=com.example.Mine", "sink.partitioner", "neither random nor fixed"},
		{"sink", arn + " sink.batch.max-size=501", "sink.batch.max-size", "between 1 and 500"},
		{"sink", arn + " sink.producer.collection-max-size=0", "sink.producer.collection-max-size", "between 1 and 500"},
		{"sink", arn + " sink.aggregation=true sink.aggregation.max-size=0", "sink.aggregation.max-size", "more than 0"},
		{"sink", arn + " sink.producer.kinesis-endpoint=h aws.endpoint=http://h", "sink.producer.kinesis-endpoint", "say the same"},
		{"sink", arn + " sink.producer.verify-certificate=true aws.trust.all.certificates=false", "sink.producer.verify-certificate", "say the same"},
	} {
		check := func(side string, err error) {
			var e *option.Error
			if !errors.As(err, &e) || e.Key != c.key || !strings.Contains(e.Msg, c.msg) {
				t.Errorf("%s with %s: error %v (key %v), want one at %s with %q", side, c.options, err, e, c.key, c.msg)
			}
		}
		env := connectortest.NewEnv()
		if c.side != "sink" {
			_, err := kinesis.Spec.NewSource(&env.Env, table(t, strings.Fields(c.options)...))
			check("source", err)
		}
		if c.side != "source" {
			_, err := kinesis.Spec.NewSink(&env.Env, table(t, strings.Fields(c.options)...))
			check("sink", err)
		}
	}
}

// PARTITIONED BY excludes a partitioner, and nested columns.
func TestPartitionedBy(t *testing.T) {
	env := connectortest.NewEnv()
	tab := table(t, "stream=s", "aws.region=r", "sink.partitioner=fixed")
	tab.PartitionKeys = []string{"n"}
	if _, err := kinesis.Spec.NewSink(&env.Env, tab); err == nil || !strings.Contains(err.Error(), "PARTITIONED BY") {
		t.Errorf("a partitioner beside PARTITIONED BY: %v", err)
	}
	tab = connectortest.Table(t, kinesis.Spec, json.Spec, map[string]string{"stream": "s", "aws.region": "r"}, col("a", types.ArrayType(types.IntType)))
	tab.PartitionKeys = []string{"a"}
	if _, err := kinesis.Spec.NewSink(&env.Env, tab); err == nil || !strings.Contains(err.Error(), `column "a" is ARRAY<INT>`) {
		t.Errorf("a nested key: %v", err)
	}
}

// Both vocabularies are known, and two spellings of one option are a conflict.
func TestVocabularies(t *testing.T) {
	suggest := func(string, []string) string { return "" }
	for _, pair := range [][2]string{
		{"scan.stream.initpos=LATEST", "source.init.position=LATEST"},
		{"scan.stream.recordpublisher=POLLING", "source.reader.type=POLLING"},
		{"scan.shard.discovery.intervalmillis=10000", "source.shard.discovery.interval=10 s"},
		{"scan.shard.getrecords.maxrecordcount=10", "source.shard.get-records.max-record-count=10"},
		{"scan.stream.efo.consumername=c", "source.efo.consumer.name=c"},
		{"scan.stream.efo.registration=NONE", "source.efo.lifecycle=SELF_MANAGED"},
		{"scan.shard.subscribetoshard.timeout=1", "source.efo.subscription.timeout=1"},
		{"scan.stream.deregisterstreamconsumer.timeout=1", "source.efo.deregister.timeout=1"},
		{"scan.stream.describestreamconsumer.maxretries=1", "source.efo.describe.retry-strategy.attempts.max=1"},
		{"sink.batch.max-size=10", "sink.producer.collection-max-size=10"},
		{"sink.requests.max-inflight=10", "sink.producer.collection-max-count=10"},
		{"sink.flush-buffer.timeout=10", "sink.producer.record-max-buffered-time=10"},
		{"aws.credentials.role.arn=x", "aws.credentials.provider.role.arn=x"},
	} {
		raw := map[string]string{}
		for i, o := range pair {
			k, v, _ := strings.Cut(o, "=")
			if _, errs := option.Check(map[string]string{k: v}, kinesis.Spec.Options, suggest); len(errs) > 0 {
				t.Errorf("%s: %v", o, errs[0])
			}
			if raw[k] = v; i == 0 {
				continue
			}
			if _, errs := option.Check(raw, kinesis.Spec.Options, suggest); len(errs) != 1 || !strings.Contains(errs[0].Msg, "mean the same") {
				t.Errorf("%v: %v", pair, errs)
			}
		}
	}
}

// A key that there isn't is refused, with the one that is meant; so are those of the prefixes that Flink doesn't look at.
func TestUnknownKeys(t *testing.T) {
	for key, near := range map[string]string{
		"sink.batch.maxsize": "sink.batch.max-size", "sink.partitoner": "sink.partitioner", "sink.fail-on-eror": "sink.fail-on-error",
		"aws.credentials.basic.accesskey": "aws.credentials.basic.accesskeyid", "scan.stream.initposition": "scan.stream.initpos", "sink.strictorder": "sink.strict-order",
	} {
		_, errs := option.Check(map[string]string{key: "x"}, kinesis.Spec.Options, diag.Suggest)
		if len(errs) != 1 || errs[0].Key != key || errs[0].Msg != fmt.Sprintf("unknown option %q", key) || errs[0].Hint != fmt.Sprintf("did you mean %q?", near) {
			t.Errorf("%s: %+v", key, errs)
		}
	}
}

// Making a source or a sink calls nothing and needs no credentials; without a region one is taken from where it can be.
func TestNoCall(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	env := connectortest.NewEnv()
	env.KinesisEndpoint = "http://127.0.0.1:1" // nobody listens
	for _, options := range []string{"stream=clicks", "stream.arn=arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"} {
		src, err := kinesis.Spec.NewSource(&env.Env, table(t, options))
		if err != nil {
			t.Fatal(err)
		}
		if got := src.Describe(); got != "stream=clicks, start=LATEST" {
			t.Errorf("source: %s", got)
		}
		if src.DiscoveryInterval() != 10*time.Second || src.Bounded() {
			t.Errorf("discovery every %v, bounded %v", src.DiscoveryInterval(), src.Bounded())
		}
		sink, err := kinesis.Spec.NewSink(&env.Env, table(t, options))
		if err != nil {
			t.Fatal(err)
		}
		if got := sink.Describe(); got != "stream=clicks, key=random" {
			t.Errorf("sink: %s", got)
		}
	}
}

// Settings of the producer library are ignored, with a warning that names them.
func TestProducerOptions(t *testing.T) {
	env := connectortest.NewEnv()
	var log connectortest.Buffer
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := kinesis.Spec.NewSink(&env.Env, table(t, "stream=s", "aws.region=r", "sink.producer.aggregation-enabled=true", "sink.producer.fail-on-error=true")); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Count(text, "WARN") != 1 || !strings.Contains(text, "sink.producer.aggregation-enabled") || !strings.Contains(text, "'sink.aggregation' = 'true' packs records") {
		t.Errorf("log: %s", text)
	}
}

// Without credentials the message says where they were looked for, and that --local needs none; keys are never shown.
func TestCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	w := newWorld(t)
	w.stream("clicks", 1)
	endpoint := "aws.endpoint=" + w.server.KinesisEndpoint()
	for options, want := range map[string]string{
		"":                                 "provider AUTO): looked in the environment (AWS_ACCESS_KEY_ID",
		"aws.credentials.provider=ENV_VAR": "provider ENV_VAR): looked in the environment (AWS_ACCESS_KEY_ID",
		"aws.credentials.provider=PROFILE aws.credentials.profile.path=/none":                         `provider PROFILE): looked in the profile "default" in /none`,
		"aws.credentials.basic.accesskeyid=AKIAVERYSECRET aws.credentials.basic.secretkey=verysecret": "",
	} {
		env := connectortest.NewEnv()
		src, err := kinesis.Spec.NewSource(&env.Env, table(t, append(strings.Fields(options), "stream=clicks", endpoint)...))
		if err != nil {
			t.Fatal(err)
		}
		_, err = src.Splits(t.Context())
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", options, err)
			}
			w.clear("clicks", 1)
			if _, err := w.client.DeleteStream(t.Context(), deletion("clicks")); err != nil {
				t.Fatal(err)
			}
			if _, err = src.Splits(t.Context()); err == nil || strings.Contains(strings.ToLower(err.Error()), "verysecret") {
				t.Errorf("%s: %v", options, err)
			}
			w.stream("clicks", 1)
			continue
		}
		var told *connectors.Explained
		if !errors.As(err, &told) || !strings.Contains(told.Msg, want) || !strings.Contains(told.Msg, "--local") {
			t.Errorf("%s: %v, want %q", options, err, want)
		}
	}
}
