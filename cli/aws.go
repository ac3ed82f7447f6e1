package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/pflag"

	"github.com/weirsql/weir/connectors"
)

// awsFlags say which Kinesis and SNS the commands talk to that use them without SQL.
type awsFlags struct {
	environment
	endpoint, region string
}

func (a *awsFlags) flags(f *pflag.FlagSet) {
	a.dataFlags(f)
	a.localFlag(f)
	f.StringVar(&a.endpoint, "endpoint", "", "`URL` of the service")
	f.StringVar(&a.region, "region", "", "AWS region (default: that of the environment or profile)")
}

// kinesis makes a client: of the embedded server with --local, else by the SDK's default configuration.
func (a *awsFlags) kinesis(ctx context.Context) (*kinesis.Client, error) {
	endpoint, _, err := a.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	if endpoint != "" {
		return localKinesis(endpoint), nil
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	return kinesis.NewFromConfig(cfg, func(o *kinesis.Options) {
		if a.endpoint != "" {
			o.BaseEndpoint = aws.String(a.endpoint)
		}
	}), nil
}

// sns makes a client as kinesis does.
func (a *awsFlags) sns(ctx context.Context) (*sns.Client, error) {
	_, endpoint, err := a.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	if endpoint != "" {
		return localSNS(endpoint), nil
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	return sns.NewFromConfig(cfg, func(o *sns.Options) {
		if a.endpoint != "" {
			o.BaseEndpoint = aws.String(a.endpoint)
		}
	}), nil
}

// endpoints is the embedded server's with --local, which leaves --endpoint nothing to say.
func (a *awsFlags) endpoints(ctx context.Context) (kinesis, sns string, err error) {
	if a.local != "" && a.endpoint != "" {
		return "", "", usageErrorf("--local and --endpoint exclude each other")
	}
	return a.environment.endpoints(ctx)
}

func (a *awsFlags) config(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})} // what goes wrong comes back as an error
	if a.region != "" {
		options = append(options, config.WithRegion(a.region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("configure AWS: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, usageErrorf("no AWS region; give --region, or set AWS_REGION or a region in the profile; --local needs none")
	}
	return cfg, nil
}

// The embedded server takes any signature.
var localCredentials = credentials.NewStaticCredentialsProvider("local", "local", "")

const localRegion = "us-east-1"

func localKinesis(endpoint string) *kinesis.Client {
	return kinesis.New(kinesis.Options{Region: localRegion, BaseEndpoint: &endpoint, Credentials: localCredentials})
}

func localSNS(endpoint string) *sns.Client {
	return sns.New(sns.Options{Region: localRegion, BaseEndpoint: &endpoint, Credentials: localCredentials})
}

// ensureStream creates a stream of one shard unless it is there.
func ensureStream(ctx context.Context, client *kinesis.Client, name string) error {
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)})
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("create stream %s: %w", name, err)
	}
	return nil
}

// streamError is an error of a request about a stream.
type streamError struct {
	stream string
	err    error
}

func about(stream, what string, err error) error {
	return &streamError{stream, fmt.Errorf("%s %s: %w", what, stream, err)}
}

func (e *streamError) Error() string { return e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

// explain tells the commonest errors in the user's terms, with what to do about them.
func (a *awsFlags) explain(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); strings.Contains(text, "get credentials") || strings.Contains(text, "cached credentials") {
		return &connectors.Explained{Msg: "no AWS credentials: looked in the environment (AWS_ACCESS_KEY_ID), the shared files (~/.aws), a web identity token, and the container's or instance's role; --local needs none", Err: err}
	}
	var missing *types.ResourceNotFoundException
	var of *streamError
	if errors.As(err, &missing) && errors.As(err, &of) {
		create := "weir stream create " + of.stream
		if a.local != "" {
			create += " --local"
		}
		return &connectors.Explained{Msg: fmt.Sprintf("stream %q does not exist; create it with: %s", of.stream, create), Err: err}
	}
	return err
}
