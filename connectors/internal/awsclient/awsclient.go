// Package awsclient configures AWS clients for connectors: region, endpoint and credentials by the options that Flink's
// AWS connectors have, the embedded server when weir runs with --local, and what an error from AWS means for the job.
package awsclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/option"
)

// Options are the keys that all AWS connectors share.
var Options = []option.Option{
	{Key: "aws.region", Kind: option.String, Summary: "The region, such as us-east-1."},
	{Key: "aws.endpoint", Kind: option.String, Summary: "The service's address; by default the region's, or the embedded server's with --local."},
	{Key: "aws.trust.all.certificates", Kind: option.Enum, Values: []string{"false"}, Default: "false", Summary: "Only false is supported."},
	{Key: "aws.http.protocol.version", Kind: option.Enum, Values: []string{"HTTP2", "HTTP1_1"}, Default: "HTTP2", Summary: "Accepted for Flink's sake; the protocol is negotiated."},
	{Key: "aws.http-client.max-concurrency", Kind: option.Int, Default: "10000", Summary: "Accepted for Flink's sake; a shard has one request at a time."},
	{Key: "aws.http-client.read-timeout", Kind: option.Millis, Default: "360000", Summary: "How long a response may take."},
	{Key: "aws.credentials.provider", Kind: option.Enum, Default: "AUTO",
		Values:  []string{"AUTO", "BASIC", "ENV_VAR", "SYS_PROP", "PROFILE", "ASSUME_ROLE", "WEB_IDENTITY_TOKEN"},
		Summary: "Where credentials come from; AUTO is the SDK's chain, BASIC the two keys below."},
	{Key: "aws.credentials.basic.accesskeyid", Aliases: []string{"aws.credentials.provider.basic.accesskeyid"}, Kind: option.String, Secret: true, Summary: "The access key of BASIC."},
	{Key: "aws.credentials.basic.secretkey", Aliases: []string{"aws.credentials.provider.basic.secretkey"}, Kind: option.String, Secret: true, Summary: "The secret key of BASIC."},
	{Key: "aws.credentials.profile.path", Aliases: []string{"aws.credentials.provider.profile.path"}, Kind: option.String, Summary: "The file of PROFILE."},
	{Key: "aws.credentials.profile.name", Aliases: []string{"aws.credentials.provider.profile.name"}, Kind: option.String, Summary: "The profile of PROFILE."},
	{Key: "aws.credentials.role.arn", Aliases: []string{"aws.credentials.provider.role.arn"}, Kind: option.String, Summary: "The role of ASSUME_ROLE and WEB_IDENTITY_TOKEN."},
	{Key: "aws.credentials.role.sessionName", Aliases: []string{"aws.credentials.provider.role.sessionName"}, Kind: option.String, Default: "weir", Summary: "The name of the session with that role."},
	{Key: "aws.credentials.role.externalId", Aliases: []string{"aws.credentials.provider.role.externalId"}, Kind: option.String, Secret: true, Summary: "The external ID of ASSUME_ROLE."},
	{Key: "aws.credentials.role.stsEndpoint", Aliases: []string{"aws.credentials.provider.role.stsEndpoint"}, Kind: option.String, Summary: "The address of STS."},
	{Key: "aws.credentials.webIdentityToken.file", Aliases: []string{"aws.credentials.provider.webIdentityToken.file"}, Kind: option.String, Summary: "The token file of WEB_IDENTITY_TOKEN."},
}

// Settings say which service a table means.
type Settings struct {
	Region   string
	Endpoint string // "" is AWS's for the region
	Local    bool   // the embedded server of --local
	options  option.Values
}

// New reads a table's options. local is the embedded server's address, or "".
func New(o option.Values, local string) (*Settings, error) {
	s := &Settings{Region: o.String("aws.region"), Endpoint: o.String("aws.endpoint"), options: o}
	if s.Endpoint == "" && local != "" {
		s.Endpoint, s.Local = local, true
	}
	if s.Region == "" && s.Endpoint != "" {
		s.Region = "us-east-1"
	}
	if o.Given("aws.credentials.basic.accesskeyid") != o.Given("aws.credentials.basic.secretkey") {
		return nil, option.Errorf("aws.credentials.basic.accesskeyid", "aws.credentials.basic.accesskeyid and aws.credentials.basic.secretkey go together")
	}
	return s, nil
}

// Where names the service for messages.
func (s *Settings) Where() string {
	region := s.Region
	if region == "" {
		region = "(default)"
	}
	if s.Endpoint == "" {
		return "region " + region
	}
	return "region " + region + ", endpoint " + s.Endpoint
}

// Config makes the SDK's configuration. Its clients don't retry: connectors do, by the job's clock.
func (s *Settings) Config(ctx context.Context) (aws.Config, error) {
	o := s.options
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(o.Duration("aws.http-client.read-timeout"))),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithLogger(logging.Nop{}), // what goes wrong comes back as an error
	}
	if s.Region != "" {
		load = append(load, config.WithRegion(s.Region))
	}
	provider := o.Enum("aws.credentials.provider")
	switch {
	case s.Local:
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	case provider == "BASIC" || o.Given("aws.credentials.basic.accesskeyid"):
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			o.String("aws.credentials.basic.accesskeyid"), o.String("aws.credentials.basic.secretkey"), "")))
	case provider == "PROFILE":
		if name := o.String("aws.credentials.profile.name"); name != "" {
			load = append(load, config.WithSharedConfigProfile(name))
		}
		if path := o.String("aws.credentials.profile.path"); path != "" {
			load = append(load, config.WithSharedCredentialsFiles([]string{path}), config.WithSharedConfigFiles([]string{path}))
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, fmt.Errorf("configure AWS: %w", err)
	}
	cfg.HTTPClient = WholeBody{cfg.HTTPClient} // only now: the SDK adds a custom certificate bundle to its own client
	if provider == "ASSUME_ROLE" || provider == "WEB_IDENTITY_TOKEN" {
		client := sts.NewFromConfig(cfg, func(so *sts.Options) {
			if e := o.String("aws.credentials.role.stsEndpoint"); e != "" {
				so.BaseEndpoint = aws.String(e)
			}
		})
		role, session := o.String("aws.credentials.role.arn"), o.String("aws.credentials.role.sessionName")
		var p aws.CredentialsProvider = stscreds.NewAssumeRoleProvider(client, role, func(ro *stscreds.AssumeRoleOptions) {
			ro.RoleSessionName = session
			if id := o.String("aws.credentials.role.externalId"); id != "" {
				ro.ExternalID = aws.String(id)
			}
		})
		if provider == "WEB_IDENTITY_TOKEN" {
			p = stscreds.NewWebIdentityRoleProvider(client, role, stscreds.IdentityTokenFile(o.String("aws.credentials.webIdentityToken.file")),
				func(wo *stscreds.WebIdentityRoleOptions) { wo.RoleSessionName = session })
		}
		cfg.Credentials = aws.NewCredentialsCache(p)
	}
	return cfg, nil
}

// WholeBody reads a response to its end before the SDK sees it. Against a server on the same machine the SDK closes the
// request's body as soon as the response's headers are there; net/http's write loop takes that for a failure and closes the
// connection under a long response that is still being read. The SDK then retries, silently and with backoff: a call that
// takes 15 ms takes 100 to 450.
type WholeBody struct{ Client aws.HTTPClient }

// Do implements aws.HTTPClient.
func (w WholeBody) Do(r *http.Request) (*http.Response, error) {
	resp, err := w.Client.Do(r)
	if err != nil || resp.Body == nil {
		return resp, err
	}
	var body bytes.Buffer
	if resp.ContentLength > 0 {
		body.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	_, err = body.ReadFrom(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	resp.Body = io.NopCloser(&body)
	return resp, nil
}

// Code is the error code that AWS gave, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Transient reports whether a request may work when it is sent again: throttling, trouble inside AWS, broken connections.
func Transient(err error) bool {
	switch Code(err) {
	case "ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException", "Throttling", "Throttled",
		"KMSThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "InternalFailure", "InternalError",
		"InternalServiceError", "InternalFailureException", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
		"RequestTimeoutException", "ExpiredTokenException", "ExpiredToken":
		return true
	}
	var status interface{ HTTPStatusCode() int }
	if errors.As(err, &status) && status.HTTPStatusCode() >= 500 {
		return true
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

// Explain adds to a final error what the user can do about it.
func (s *Settings) Explain(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "get credentials") || strings.Contains(text, "failed to refresh cached credentials") || strings.Contains(text, "no EC2 IMDS role found"):
		return &connectors.Explained{Msg: "no AWS credentials: looked in the environment (AWS_ACCESS_KEY_ID), the shared files (~/.aws), a web identity token, and the container's or instance's role; --local needs none", Err: err}
	case Code(err) == "UnrecognizedClientException" || Code(err) == "InvalidSignatureException" || Code(err) == "InvalidClientTokenId":
		return fmt.Errorf("AWS doesn't accept the credentials (%s): %w", s.Where(), err)
	case Code(err) == "AccessDeniedException" || Code(err) == "AuthorizationError":
		return fmt.Errorf("AWS denies access (%s): %w", s.Where(), err)
	case strings.Contains(text, "Invalid Configuration: Missing Region") || strings.Contains(text, "an AWS region is required"):
		return &connectors.Explained{Msg: "no AWS region: set 'aws.region' in the table, or AWS_REGION", Err: err}
	}
	return err
}

// Backoff gives growing pauses with jitter.
type Backoff struct {
	Min, Max time.Duration
	next     time.Duration
	random   func() float64
}

// NewBackoff returns pauses from lo to hi; random gives numbers in [0, 1).
func NewBackoff(lo, hi time.Duration, random func() float64) *Backoff {
	return &Backoff{Min: lo, Max: hi, next: lo, random: random}
}

// Next is the next pause.
func (b *Backoff) Next() time.Duration {
	d := b.next
	b.next = min(2*b.next, b.Max)
	return d/2 + time.Duration(b.random()*float64(d/2))
}

// Reset begins anew after a success.
func (b *Backoff) Reset() { b.next = b.Min }
