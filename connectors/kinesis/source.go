package kinesis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// source reads a stream; its splits are the shards.
type source struct {
	*stream
	env     *connectors.Env
	table   *connectors.Table
	options option.Values
	start   position
	bounded bool

	client *kinesis.Client // made with the first request
	listed bool            // the shards that the job starts with are known
}

// position is where reading a shard goes on.
type position struct {
	// Type is TRIM_HORIZON, AT_TIMESTAMP or AFTER_SEQUENCE_NUMBER.
	Type      string  `json:"type"`
	Sequence  string  `json:"sequence,omitempty"`
	Timestamp float64 `json:"timestamp,omitempty"` // seconds since 1970
}

func (p position) json() []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and a finite number
	}
	return text
}

func newSource(env *connectors.Env, t *connectors.Table) (connectors.Source, error) {
	s, err := newStream(env, t)
	if err != nil {
		return nil, err
	}
	if t.Format.NewDecoder == nil {
		return nil, option.Errorf("format", "format %s can't be read", t.Format.Name)
	}
	src := &source{stream: s, env: env, table: t, options: t.Options, bounded: t.Options.Enum("scan.stream.end") == "LATEST"}
	src.start.Type = t.Options.Enum("scan.stream.initpos")
	stamp := t.Options.String("scan.stream.initpos-timestamp")
	if src.start.Type == "AT_TIMESTAMP" {
		if src.start.Timestamp, err = parseTimestamp(stamp); err != nil {
			return nil, option.Errorf("scan.stream.initpos-timestamp", "%v", err)
		}
	} else if stamp != "" {
		return nil, option.Errorf("scan.stream.initpos-timestamp", "a start timestamp needs 'scan.stream.initpos' = 'AT_TIMESTAMP'")
	}
	return src, nil
}

func parseTimestamp(text string) (float64, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 {
		return seconds, nil
	}
	at, err := time.Parse("2006-01-02T15:04:05.000Z07:00", text)
	if err != nil {
		return 0, fmt.Errorf("%q is neither seconds since 1970 nor a date such as 2023-08-22T13:46:30.000Z", text)
	}
	return float64(at.UnixMilli()) / 1000, nil
}

func (s *source) Mode() types.ChangelogMode {
	return s.table.Format.Mode
}
func (s *source) Bounded() bool { return s.bounded }

func (s *source) DiscoveryInterval() time.Duration {
	if s.bounded {
		return 0
	}
	return s.options.Duration("scan.shard.discovery.intervalmillis")
}

func (s *source) Describe() string {
	return "stream=" + s.name + ", start=" + s.start.Type
}

// connect makes the client.
func (s *source) connect(ctx context.Context) error {
	if s.client != nil {
		return nil
	}
	cfg, err := s.Config(ctx)
	if err != nil {
		return s.explain(err)
	}
	s.client = newClient(cfg, s.Settings)
	return nil
}

func newClient(cfg aws.Config, s *awsclient.Settings) *kinesis.Client {
	return kinesis.NewFromConfig(cfg, func(o *kinesis.Options) {
		if s.Endpoint != "" {
			o.BaseEndpoint = aws.String(s.Endpoint)
		}
	})
}

// Splits lists the shards. Those that are there when the job starts begin where the table says; LATEST is then pinned to
// that moment, so that nothing is lost between now and the first read. Shards found later begin at their beginning.
func (s *source) Splits(ctx context.Context) ([]connectors.Split, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	start := s.start
	switch {
	case s.listed:
		start = position{Type: "TRIM_HORIZON"}
	case start.Type == "LATEST":
		start = position{Type: "AT_TIMESTAMP", Timestamp: float64(s.env.Clock.Now().UnixMilli()) / 1000}
	}
	var splits []connectors.Split
	input := &kinesis.ListShardsInput{StreamName: aws.String(s.name)}
	if s.arn != "" {
		input = &kinesis.ListShardsInput{StreamARN: aws.String(s.arn)}
	}
	for {
		var page *kinesis.ListShardsOutput
		err := s.retry(ctx, "list the shards", func() (err error) {
			page, err = s.client.ListShards(ctx, input)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, shard := range page.Shards {
			splits = append(splits, connectors.Split{ID: aws.ToString(shard.ShardId), Position: start.json()})
		}
		if page.NextToken == nil {
			break
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken}
	}
	s.listed = true
	return splits, nil
}

// retries bounds how often a request of a start is repeated; requests of a running reader are repeated for ever.
const retries = 10

func (s *source) retry(ctx context.Context, what string, f func() error) error {
	pause := awsclient.NewBackoff(200*time.Millisecond, 5*time.Second, rand.Float64)
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !awsclient.Transient(err) || attempt == retries {
			return fmt.Errorf("%s of stream %s: %w", what, s.name, s.explain(err))
		}
		if err := clock.Sleep(ctx, s.env.Clock, pause.Next()); err != nil {
			return err
		}
	}
}

// explain says what a final error means for the user.
func (s *stream) explain(err error) error {
	if awsclient.Code(err) == "ResourceNotFoundException" {
		create := "weir stream create " + s.name
		if s.Local {
			create += " --local"
		}
		return &connectors.Explained{Msg: fmt.Sprintf("table %s: stream %q does not exist (%s); create it with: %s", s.table, s.name, s.Where(), create), Err: err}
	}
	return s.Explain(err)
}

// Open implements connectors.Source.
func (s *source) Open(ctx context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	r := &reader{source: s, shard: split.ID, rc: rc, waiter: s.env.Clock.NewWaiter(), done: make(chan struct{})}
	if err := json.Unmarshal(split.Position, &r.position); err != nil || r.position.Type == "" {
		return nil, errors.New("shard " + split.ID + ": the checkpoint's position can't be read: " + string(split.Position))
	}
	r.fetched = r.position
	if err := r.bind(); err != nil {
		return nil, err
	}
	ctx, r.cancel = context.WithCancel(ctx)
	s.env.Clock.Go(func() {
		defer close(r.done)
		r.fetch(ctx)
	})
	return r, nil
}

// decoder makes the decoder for the physical columns among rc's, which come in the table's order.
func (s *source) decoder(columns []connectors.Column) (format.Decoder, error) {
	physical := s.table.Physical()
	var needed []int
	for _, c := range columns {
		for i, p := range physical {
			if c.MetadataKey == "" && p.Name == c.Name {
				needed = append(needed, i)
			}
		}
	}
	return s.table.Format.NewDecoder(format.Config{Columns: physical, Needed: needed, Options: s.options})
}
