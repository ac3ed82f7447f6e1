package kinesis_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/local"
)

// A job that was away for longer than the stream keeps records is told what it has missed, when the records are dropped that
// it has not read, and only then: not when the stream keeps them for longer, not when there were none to read.
func TestExpiredPosition(t *testing.T) {
	jump := map[string]string{"scan.expired-position": "jump"}
	for name, c := range map[string]struct {
		away    time.Duration
		keep    int32 // hours; 0 is 24
		quiet   time.Duration
		pushed  bool
		options map[string]string
		want    string // of the error
		warned  bool
	}{
		"away for 23 hours":                {away: 23 * time.Hour},
		"away for 25 hours":                {away: 25 * time.Hour, want: "shard shardId-000000000000 of stream clicks has been read up to 2023-08-22T13:4", warned: false},
		"jump":                             {away: 25 * time.Hour, options: jump, warned: true},
		"kept for 48 hours":                {away: 25 * time.Hour, keep: 48},
		"kept for 48 hours, away for 49":   {away: 49 * time.Hour, keep: 48, want: "keeps records for 48 hours"},
		"nothing came for 40 hours":        {away: time.Hour, quiet: 40 * time.Hour},
		"nothing came, and then away":      {away: 25 * time.Hour, quiet: 40 * time.Hour, want: "has been read up to 2023-08-24T04:4"},
		"pushed, away for 25 hours":        {away: 25 * time.Hour, pushed: true, want: "'scan.expired-position' = 'jump'"},
		"from LATEST, before any record":   {away: 25 * time.Hour, options: map[string]string{"scan.stream.initpos": "LATEST"}, want: "has been read up to 2023-08-22T13:4"},
		"jump, from LATEST, before any":    {away: 25 * time.Hour, options: map[string]string{"scan.stream.initpos": "LATEST", "scan.expired-position": "jump"}, warned: true},
		"from the beginning, before any":   {away: 0, options: map[string]string{"scan.stream.initpos": "TRIM_HORIZON"}},
		"at a time that has passed before": {away: 0, options: map[string]string{"scan.stream.initpos": "AT_TIMESTAMP", "scan.stream.initpos-timestamp": "1600000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := connectortest.NewEnv()
			w := newWorld(t, func(o *local.Options) { o.Clock = env.Clock })
			w.bind(env)
			var log connectortest.Buffer
			env.Log = slog.New(slog.NewTextHandler(&log, nil))
			w.stream("clicks", 1)
			if c.keep > 0 {
				if _, err := w.client.IncreaseStreamRetentionPeriod(t.Context(), &awskinesis.IncreaseStreamRetentionPeriodInput{StreamName: aws.String("clicks"), RetentionPeriodHours: &c.keep}); err != nil {
					t.Fatal(err)
				}
			}
			env.Run(t, func() {
				options := map[string]string{"stream": "clicks", "source.reader.empty-records-fetch-interval": "1 h"}
				for k, v := range c.options {
					options[k] = v
				}
				first := 5
				if options["scan.stream.initpos"] != "" {
					first = 0
				}
				w.put("clicks", numbers(0, first)...)
				src := source(t, env, options, n)
				split := splits(t, src)[0]
				r := open(t, env, src, split, n).until(first)
				if err := sleep(env, c.quiet); err != nil {
					t.Fatal(err)
				}
				split.Position = r.reader.Position()
				r.close()
				if err := sleep(env, c.away); err != nil {
					t.Fatal(err)
				}
				w.put("clicks", numbers(5, 8)...)
				if c.pushed {
					options = pushing("scan.expired-position", "fail")
				}
				src = source(t, env, options, n)
				src.(connectors.Restorer).Restored([]connectors.Split{split}, nil)
				splits(t, src)
				r = open(t, env, src, split, n).until(3)
				defer r.close()
				told := (*connectors.Explained)(nil)
				switch {
				case c.want == "":
					if diff := cmp.Diff(ints(5, 8), r.rows); r.err != nil || diff != "" {
						t.Errorf("error %v, rows %s", r.err, diff)
					}
				case len(r.rows) > 0 || !errors.As(r.err, &told) || !told.Final || !strings.Contains(told.Msg, c.want):
					t.Errorf("error %v and %d rows, want one that ends the job with %q", r.err, len(r.rows), c.want)
				}
				if counted := r.reader.(connectors.RequestCounter).Requests().Expired; (counted == 1) != c.warned {
					t.Errorf("%d counted", counted)
				}
				if warned := strings.Contains(log.String(), "older than the stream keeps records"); warned != c.warned {
					t.Errorf("log: %s", log.String())
				}
			})
		})
	}
}

// A shard that AWS has forgotten, after its last record has expired, is a loss of its own when it had not been read up to then.
func TestExpiredShard(t *testing.T) {
	for name, c := range map[string]struct {
		seen time.Time
		how  string
		want string
	}{
		"read long before":           {connectortest.Start.Add(-49 * time.Hour), "fail", "keeps records for 48 hours"},
		"jump":                       {connectortest.Start.Add(-49 * time.Hour), "jump", ""},
		"read until it was the last": {connectortest.Start.Add(-47 * time.Hour), "fail", ""},
	} {
		t.Run(name, func(t *testing.T) {
			env := reshardedEnv(resharded(t, family()[1:]...))
			env.Run(t, func() {
				src := source(t, env, map[string]string{"stream": "clicks", "scan.expired-position": c.how}, n)
				old := connectors.Split{ID: "parent", Position: fmt.Appendf(nil, `{"sequence":"2","seen":%d}`, c.seen.UnixMilli())}
				src.(connectors.Restorer).Restored([]connectors.Split{old}, nil)
				for _, s := range append(splits(t, src), old) {
					r := open(t, env, src, s, n)
					defer r.close()
					if s.ID != "parent" {
						continue
					}
					r.until(1)
					switch {
					case c.want == "":
						if r.status != connectors.Ended || r.err != nil {
							t.Errorf("status %v, error %v", r.status, r.err)
						}
					case r.err == nil || !strings.Contains(r.err.Error(), c.want):
						t.Errorf("status %v, error %v, want %q", r.status, r.err, c.want)
					}
				}
			})
		})
	}
}
