package kinesis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// stream is the stream that a table stands for, and the way to it: what source and sink share.
type stream struct {
	name     string
	arn      string // "" when the table gives the name, or when the embedded server has the stream
	settings *awsclient.Settings
	env      *connectors.Env
	table    *connectors.Table

	mu     sync.Mutex
	client *kinesis.Client // once connected
}

// newStream checks what the options say of the stream. endpoint and trustAll are awsclient.Table's.
func newStream(env *connectors.Env, t *connectors.Table, endpoint string, trustAll bool) (*stream, error) {
	v := t.Options
	s := &stream{name: v.String("stream"), arn: v.String("stream.arn"), env: env, table: t}
	switch {
	case s.name == "" && s.arn == "":
		return nil, &option.Error{Key: "stream", Msg: `option "stream" or "stream.arn" is required`, Hint: "the stream's name, or its ARN"}
	case s.name != "" && s.arn != "":
		return nil, &option.Error{Key: "stream.arn", Msg: `options "stream" and "stream.arn" both name the stream; give one`}
	case s.arn != "":
		// arn:aws:kinesis:us-east-1:123456789012:stream/clicks
		parts := strings.Split(s.arn, ":")
		ok := len(parts) == 6 && parts[0] == "arn" && parts[2] == "kinesis" && parts[3] != ""
		if ok {
			s.name, ok = strings.CutPrefix(parts[5], "stream/")
		}
		if !ok || s.name == "" {
			return nil, option.Errorf("stream.arn", "option %q: %q is not the ARN of a stream, such as arn:aws:kinesis:us-east-1:123456789012:stream/clicks", "stream.arn", s.arn)
		}
	}
	var err error
	if s.settings, err = awsclient.Read(awsclient.Table{
		Path: t.Path, Service: "kinesis", Embedded: env.KinesisEndpoint, ARN: s.arn, Options: v, Decls: options, Endpoint: endpoint, TrustAll: trustAll,
	}); err != nil {
		return nil, err
	}
	if s.settings.Embedded {
		s.arn = "" // of an account that the embedded server doesn't have
	}
	return s, nil
}

// spelling is how the table names an option.
func (s *stream) spelling(key string) string {
	return awsclient.Spelling(s.table.Options, options, key)
}

// refuse is the error about an option of which only one value is supported.
func (s *stream) refuse(key, only string) error {
	key = s.spelling(key)
	return option.Errorf(key, "option %q: only %s is supported", key, only)
}

// between checks a number.
func (s *stream) between(key string, low, high int64) error {
	if n := s.table.Options.Int(key); n < low || n > high {
		key = s.spelling(key)
		return option.Errorf(key, "option %q must be between %d and %d", key, low, high)
	}
	return nil
}

// connect makes the client, at the first call. It may call the network, to get credentials.
func (s *stream) connect(ctx context.Context) (*kinesis.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		cfg, err := s.settings.Load(ctx)
		if err != nil {
			return nil, err
		}
		s.client = kinesis.NewFromConfig(cfg)
	}
	return s.client, nil
}

// given are the two ways to name the stream in a request.
func (s *stream) given() (name, arn *string) {
	if s.arn != "" {
		return nil, aws.String(s.arn)
	}
	return aws.String(s.name), nil
}

// explain words the error of a call that is given up, unless somebody has.
func (s *stream) explain(err error, doing string) error {
	if told := (*connectors.Explained)(nil); errors.As(err, &told) {
		return err
	}
	create := "weir stream create " + s.name
	if s.settings.Embedded {
		create += " --local"
	}
	return s.settings.Explain(err, doing+" stream "+s.name, fmt.Sprintf("stream %q does not exist in region %s (endpoint %s); create it with: %s",
		s.name, s.settings.Region, s.settings.Address(), create))
}

func (s *stream) retrier(name string, retried func()) *awsclient.Retrier {
	log := s.env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return awsclient.NewRetrier(s.env.Clock, log.With("stream", s.name), s.env.Seed, s.name+"/"+name, retried)
}

// columns are the physical columns of the table: what formats decode and encode.
func (s *stream) columns() []types.Field { return s.table.Physical() }
