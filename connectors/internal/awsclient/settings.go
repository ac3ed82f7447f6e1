package awsclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/weirsql/weir/connectors/option"
)

// Settings are the `aws.*` options of one table, checked.
type Settings struct {
	Region string
	// Endpoint is the URL to talk to; empty means AWS's own for the service and region.
	Endpoint string
	// Embedded says that the endpoint is the server that weir itself runs, which asks for no credentials and sets no limits.
	Embedded bool

	table       string // for messages
	service     string
	http        httpSettings
	credentials credentialSettings
}

// Table is what Read looks at.
type Table struct {
	Path     string // for messages
	Service  string // as in host names: kinesis
	Embedded string // the address of weir's own server, or ""
	ARN      string // what the table names its resource by, if it does
	Options  option.Values
	Decls    []option.Option
	// Endpoint and TrustAll are what older options say that stand for aws.endpoint and aws.trust.all.certificates.
	Endpoint string
	TrustAll bool
}

// Read checks the options of a table, without looking at anything outside but the environment: AWS_REGION and, where neither
// the table nor weir's own server says otherwise, AWS_ENDPOINT_URL.
func Read(t Table) (*Settings, error) {
	v := t.Options
	s := &Settings{
		table: t.Path, service: t.Service, Region: v.String("aws.region"), Endpoint: cmp.Or(t.Endpoint, v.String("aws.endpoint")),
		http: httpSettings{
			trustAll: t.TrustAll || v.Bool("aws.trust.all.certificates"), http1: v.Enum("aws.http.protocol.version") == "HTTP1_1",
			maxConcurrency: int(v.Int("aws.http-client.max-concurrency")), timeout: v.Duration("aws.http-client.read-timeout"),
		},
	}
	for key, bad := range map[string]bool{
		"aws.http-client.max-concurrency": s.http.maxConcurrency <= 0,
		"aws.http-client.read-timeout":    s.http.timeout <= 0,
	} {
		if bad {
			key = Spelling(v, t.Decls, key)
			return nil, option.Errorf(key, "option %q must be more than 0", key)
		}
	}
	if s.Endpoint != "" {
		u, err := url.Parse(s.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, option.Errorf("aws.endpoint", "option %q: %q is not a URL such as http://localhost:4567", "aws.endpoint", s.Endpoint)
		}
	}
	if t.ARN != "" {
		region := strings.Split(t.ARN, ":")[3]
		if s.Region != "" && s.Region != region {
			return nil, option.Errorf("aws.region", "option %q is %q, but %s is in region %s", "aws.region", s.Region, t.ARN, region)
		}
		s.Region = region
	}
	var err error
	if s.credentials, err = readCredentials(v, t.Decls); err != nil {
		return nil, err
	}
	if t.Embedded != "" && s.Endpoint == "" {
		s.Endpoint, s.Embedded = t.Embedded, true
	}
	if s.Endpoint == "" && !strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		s.Endpoint = cmp.Or(os.Getenv("AWS_ENDPOINT_URL_"+strings.ToUpper(t.Service)), os.Getenv("AWS_ENDPOINT_URL"))
	}
	if s.Region == "" {
		s.Region = cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	}
	if s.Region == "" && s.Endpoint != "" {
		s.Region = "us-east-1" // only to sign with: the endpoint decides
	}
	if s.Region == "" {
		return nil, &option.Error{Key: "aws.region", Msg: `option "aws.region" is required`,
			Hint: "the region that the resource is in, such as us-east-1; or run with --local to use the embedded server"}
	}
	return s, nil
}

// OnThisMachine reports whether the endpoint is a server on this machine: weir's own or another one, such as LocalStack.
func (s *Settings) OnThisMachine() bool {
	if s.Embedded {
		return true
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// Address is the endpoint as messages show it.
func (s *Settings) Address() string {
	if s.Endpoint != "" {
		return s.Endpoint
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(s.Region, "cn-") {
		suffix += ".cn"
	}
	return fmt.Sprintf("https://%s.%s.%s", s.service, s.Region, suffix)
}

// Load makes the SDK's configuration. It reads AWS's files and environment, and finds out whether there are credentials at
// all, which may take calls over the network; not so for the embedded server. Its errors need no Explain.
func (s *Settings) Load(ctx context.Context) (aws.Config, error) {
	var cfg aws.Config
	if s.Embedded {
		cfg.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
		cfg.HTTPClient = s.httpClient(nil)
	} else {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, s.credentials.loadOptions(s.Region)...); err != nil {
			if base := s.credentials.base(); errors.As(err, new(config.SharedConfigProfileNotExistError)) {
				return cfg, s.Explain(&credentialsError{base, s.credentials.looked(base), err}, "get credentials", "")
			}
			return cfg, fmt.Errorf("configure AWS: %w", err)
		}
		base := cfg.HTTPClient
		if err := s.credentials.resolve(ctx, &cfg); err != nil {
			return cfg, s.Explain(err, "get credentials", "")
		}
		cfg.HTTPClient = s.httpClient(base)
	}
	cfg.Region = s.Region
	if s.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(s.Endpoint)
	}
	// Retrier repeats calls, by the connector's clock and in sight of its metrics.
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg, nil
}
