package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/spf13/pflag"
)

// awsFlags say which Kinesis the stream commands talk to.
type awsFlags struct {
	environment
	endpoint, region string
}

func (a *awsFlags) flags(f *pflag.FlagSet) {
	a.dataFlags(f)
	a.localFlag(f)
	f.StringVar(&a.endpoint, "endpoint", "", "`URL` of a Kinesis endpoint")
	f.StringVar(&a.region, "region", "", "AWS region (default: that of the environment or profile)")
}

// client makes a Kinesis client: for the embedded server with --local, else by the SDK's default configuration.
func (a *awsFlags) client(ctx context.Context) (*kinesis.Client, error) {
	endpoint, _, err := a.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	if endpoint != "" {
		if a.endpoint != "" {
			return nil, usageErrorf("--local and --endpoint exclude each other")
		}
		return localClient(endpoint), nil
	}
	var options []func(*config.LoadOptions) error
	if a.region != "" {
		options = append(options, config.WithRegion(a.region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("configure AWS: %w", err)
	}
	return kinesis.NewFromConfig(cfg, func(o *kinesis.Options) {
		if a.endpoint != "" {
			o.BaseEndpoint = aws.String(a.endpoint)
		}
	}), nil
}

// localClient makes a client of an embedded server, which takes any signature.
func localClient(endpoint string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
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

// explainAWS adds what a user can do about the commonest errors.
func (a *awsFlags) explainAWS(err error, stream string) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		hint := "weir stream create " + stream
		if a.local != "" {
			hint += " --local"
		}
		return fmt.Errorf("stream %q does not exist; create it with: %s", stream, hint)
	}
	return err
}
