package kinesis_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
)

// flinkOption is an option of Flink's connector: those of a source, and those that source and sink share.
type flinkOption struct {
	// legacy is its name from 1.15 to 4.x of the connector, current that in 5.x and 6.x; "" if it has none.
	legacy, current string
	def             string // of Flink's, as the legacy name takes it
	ours            string // the default, where it is another
	value           string // to try
	refused         string // in what words NewSource refuses the value, at the key as it was written; "" if it takes it
	with            string // what else the value needs
}

// flinkOptions is what the documentation and the option classes of apache/flink-connector-aws say, up to 6.x.
func flinkOptions() []flinkOption {
	options := []flinkOption{
		{legacy: "aws.region", current: "aws.region", value: "eu-west-1"},
		{legacy: "aws.endpoint", current: "aws.endpoint", value: "http://localhost:4567"},
		{legacy: "aws.trust.all.certificates", current: "aws.trust.all.certificates", def: "false", value: "true"},
		{legacy: "aws.http.protocol.version", current: "aws.http.protocol.version", def: "HTTP2", value: "HTTP1_1"},
		{legacy: "scan.stream.efo.http-client.max-concurrency", current: "aws.http-client.max-concurrency", def: "10000", value: "100"},
		{legacy: "scan.stream.efo.http-client.read-timeout", current: "aws.http-client.read-timeout", def: "360000", value: "1000"},

		{legacy: "aws.credentials.provider", current: "aws.credentials.provider", value: "ENV_VAR"},
		{legacy: "aws.credentials.provider", current: "aws.credentials.provider", value: "SYS_PROP", refused: "SYS_PROP needs Java"},
		{legacy: "aws.credentials.provider", current: "aws.credentials.provider", value: "CUSTOM", refused: "CUSTOM needs Java"},
		{legacy: "aws.credentials.basic.accesskeyid", current: "aws.credentials.provider.basic.accesskeyid", value: "a"},
		{legacy: "aws.credentials.basic.secretkey", current: "aws.credentials.provider.basic.secretkey", value: "b"},
		{legacy: "aws.credentials.profile.path", current: "aws.credentials.provider.profile.path", value: "/none"},
		{legacy: "aws.credentials.profile.name", current: "aws.credentials.provider.profile.name", value: "p"},
		{legacy: "aws.credentials.role.arn", current: "aws.credentials.provider.role.arn", value: "arn:aws:iam::1:role/r"},
		{legacy: "aws.credentials.role.sessionName", current: "aws.credentials.provider.role.sessionName", value: "s"},
		{legacy: "aws.credentials.role.externalId", current: "aws.credentials.provider.role.externalId", value: "x"},
		{legacy: "aws.credentials.role.stsEndpoint", current: "aws.credentials.provider.role.stsEndpoint", value: "http://localhost:1"},
		{legacy: "aws.credentials.role.provider", current: "aws.credentials.provider.role.provider", ours: "AUTO", value: "BASIC"},
		{legacy: "aws.credentials.webIdentityToken.file", current: "aws.credentials.provider.webIdentityToken.file", value: "/none"},
		{legacy: "aws.credentials.custom.class", current: "aws.credentials.provider.custom.class", value: "com.example.Mine", refused: "a class of Java's"},

		{legacy: "scan.stream.initpos", current: "source.init.position", def: "LATEST", value: "TRIM_HORIZON"},
		{legacy: "scan.stream.initpos-timestamp", current: "source.init.timestamp", value: "1", with: "scan.stream.initpos=AT_TIMESTAMP"},
		{legacy: "scan.stream.initpos-timestamp-format", current: "source.init.timestamp.format", def: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", value: "yyyy"},
		{legacy: "scan.stream.recordpublisher", current: "source.reader.type", def: "POLLING", value: "EFO", with: "scan.stream.efo.consumername=c"},
		{legacy: "scan.stream.efo.consumername", current: "source.efo.consumer.name", value: "c"},
		{legacy: "scan.stream.efo.registration", current: "source.efo.lifecycle", def: "LAZY", value: "NONE"},
		{legacy: "scan.stream.efo.consumerarn.clicks", value: "arn:aws:kinesis:eu-west-1:1:stream/clicks/consumer/c:1"},
		{legacy: "scan.shard-assigner", current: "source.shard-assigner", def: "default", value: "uniform"},
		{legacy: "scan.shard-assigner", current: "source.shard-assigner", def: "default", value: "com.example.Mine", refused: "only default or uniform"},
		{legacy: "scan.shard.discovery.intervalmillis", current: "source.shard.discovery.interval", def: "10000", ours: "10 s", value: "1000"},
		{legacy: "scan.shard.getrecords.maxrecordcount", current: "source.shard.get-records.max-record-count", def: "10000", value: "100"},
		{legacy: "scan.shard.getrecords.intervalmillis", def: "200", ours: "200 ms", value: "1000"},
		{current: "source.reader.empty-records-fetch-interval", def: "250", ours: "200 ms", value: "1 s"}, // a record waits for less, within AWS's limit
		{legacy: "scan.shard.adaptivereads", def: "false", value: "true"},
		{legacy: "scan.shard.idle.interval", def: "-1", value: "1000", refused: "only -1"},
		{legacy: "scan.watermark.sync.interval", def: "30000", value: "1000"},
		{legacy: "scan.watermark.lookahead.millis", def: "0", value: "1000", refused: "only 0"},
		{legacy: "scan.watermark.sync.queue.capacity", def: "100", value: "10"},
		{legacy: "shard.consumer.error.recoverable[0].exception", value: "com.example.Mine"},
		{legacy: "scan.shard.subscribetoshard.timeout", current: "source.efo.subscription.timeout", def: "60000", ours: "60 s", value: "1000"},
		{legacy: "scan.stream.registerstreamconsumer.timeout", def: "60000", ours: "60 s", value: "1000"},
		{legacy: "scan.stream.deregisterstreamconsumer.timeout", current: "source.efo.deregister.timeout", def: "60000", ours: "10 s", value: "1000"}, // as in 5.x
	}
	// Of GetRecords and GetShardIterator Flink gives up after three attempts, and the job with it; 5.x makes 50.
	families := []struct{ family, most, ours, base, longest string }{
		{family: "scan.stream.describe", most: "50", base: "2000", longest: "5000"},
		{family: "scan.list.shards", most: "10", base: "1000", longest: "5000"},
		{family: "scan.stream.describestreamconsumer", most: "50", base: "2000", longest: "5000"},
		{family: "scan.stream.registerstreamconsumer", most: "10", base: "500", longest: "2000"},
		{family: "scan.stream.deregisterstreamconsumer", most: "10", base: "500", longest: "2000"},
		{family: "scan.shard.subscribetoshard", most: "10", base: "1000", longest: "2000"},
		{family: "scan.shard.getrecords", most: "3", ours: "50", base: "300", longest: "1000"},
		{family: "scan.shard.getiterator", most: "3", ours: "50", base: "300", longest: "1000"},
	}
	for _, f := range families {
		current := func(name string) string {
			if f.family != "scan.stream.describestreamconsumer" {
				return ""
			}
			return "source.efo.describe.retry-strategy." + name
		}
		options = append(options,
			flinkOption{legacy: f.family + ".maxretries", current: current("attempts.max"), def: f.most, ours: f.ours, value: "7"},
			flinkOption{legacy: f.family + ".backoff.base", current: current("delay.min"), def: f.base, value: "7"},
			flinkOption{legacy: f.family + ".backoff.max", current: current("delay.max"), def: f.longest, value: "7"},
			flinkOption{legacy: f.family + ".backoff.expconst", def: "1.5", value: "2"},
		)
	}
	return options
}

// Each option of Flink's is taken by each of its names, or refused by the name that was given; two names of one are a
// conflict that names both; a name that is off by a letter is refused with the right one; defaults are Flink's, or said here.
func TestEveryOption(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range flinkOptions() {
		var names []string
		for _, name := range []string{o.legacy, o.current} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		given := map[string]string{}
		for _, name := range names {
			i := slices.IndexFunc(kinesis.Spec.Options, func(d option.Option) bool {
				return d.Key == name || slices.Contains(d.Aliases, name) || d.Prefix && strings.HasPrefix(name, d.Key)
			})
			if i < 0 {
				t.Errorf("%s isn't declared", name)
				continue
			}
			d := kinesis.Spec.Options[i]
			if seen[d.Key] = true; d.Default != o.def && d.Default != o.ours {
				t.Errorf("%s: the default is %q, Flink's %q", name, d.Default, o.def)
			}
			env := connectortest.NewEnv()
			all := []string{"stream=clicks", name + "=" + o.value}
			if name != "aws.region" {
				all = append(all, "aws.region=us-east-1")
			}
			if o.with != "" {
				all = append(all, o.with)
			}
			_, err := kinesis.Spec.NewSource(&env.Env, table(t, all...))
			var e *option.Error
			switch {
			case o.refused == "" && err != nil:
				t.Errorf("%s = %s: %v", name, o.value, err)
			case o.refused != "" && (!errors.As(err, &e) || e.Key != name || !strings.Contains(e.Msg, o.refused)):
				t.Errorf("%s = %s: %v, want %q at that key", name, o.value, err, o.refused)
			}
			given[name] = o.value
			if d.Prefix {
				continue
			}
			typo := name[:len(name)-1] + "_"
			_, errs := option.Check(map[string]string{typo: o.value}, kinesis.Spec.Options, diag.Suggest)
			if len(errs) != 1 || errs[0].Key != typo || !strings.Contains(errs[0].Msg, "unknown option") || errs[0].Hint != `did you mean "`+name+`"?` {
				t.Errorf("%s: %v", typo, errs)
			}
		}
		if len(given) < 2 {
			continue
		}
		_, errs := option.Check(given, kinesis.Spec.Options, diag.Suggest)
		if len(errs) != 1 || !strings.Contains(errs[0].Msg, `"`+names[0]+`"`) || !strings.Contains(errs[0].Msg, `"`+names[1]+`"`) || !strings.Contains(errs[0].Msg, "mean the same") {
			t.Errorf("%v: %v", names, errs)
		}
	}
	own := []string{"stream", "stream.arn", "scan.stream.end", "scan.stream.end-timestamp", "scan.expired-position", "scan.compression"}
	for _, d := range kinesis.Spec.Options {
		if !seen[d.Key] && !strings.HasPrefix(d.Key, "sink.") && !slices.Contains(own, d.Key) {
			t.Errorf("%s is neither Flink's nor said to be weir's own", d.Key)
		}
	}
}
