package awsclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
)

// What a failure is: by AWS's code if there is one, else by the status.
func TestClassify(t *testing.T) {
	answer := func(status int, code string) error {
		err := errors.New("unreadable")
		if code != "" {
			err = &smithy.GenericAPIError{Code: code}
		}
		return &smithy.OperationError{Err: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		}}
	}
	for _, c := range []struct {
		err  error
		want Class
	}{
		{answer(400, "ProvisionedThroughputExceededException"), Throttled},
		{answer(400, "LimitExceededException"), Throttled},
		{answer(400, "KMSThrottlingException"), Throttled},
		{answer(429, ""), Throttled},
		{answer(400, "ExpiredIteratorException"), Expired},
		{answer(400, "ExpiredTokenException"), Transient},
		{answer(400, "ResourceInUseException"), Transient},
		{answer(500, "InternalFailure"), Transient},
		{answer(503, ""), Transient},
		{answer(200, ""), Fatal},
		{answer(400, "ResourceNotFoundException"), Fatal},
		{answer(400, "AccessDeniedException"), Fatal},
		{answer(403, ""), Fatal},
		{&credentialsError{err: errors.New("none")}, Fatal},
		{fmt.Errorf("request: %w", &smithyhttp.RequestSendError{Err: errors.New("connection reset")}), Transient},
		{errors.New("something on the way"), Transient},
	} {
		if got := Classify(c.err); got != c.want {
			t.Errorf("%v: class %d, want %d", c.err, got, c.want)
		}
	}
}

// Transient failures are repeated so often and no more; a policy without repetitions fails at once; the end of the context
// ends the waiting.
func TestRetrier(t *testing.T) {
	down := &smithyhttp.RequestSendError{Err: errors.New("connection refused")}
	c := clock.NewVirtual(time.Unix(0, 0))
	c.Run(func() {
		retried := 0
		r := NewRetrier(c, slog.New(slog.DiscardHandler), 1, "test", func() { retried++ })
		for _, most := range []int{0, 1, 7} {
			calls := 0
			retried = 0
			err := r.Do(context.Background(), "Call", Policy{Max: most, Base: time.Second, Longest: time.Minute, Factor: 2}, func(context.Context) error {
				calls++
				return down
			})
			if calls != most+1 || retried != most || !errors.Is(err, down) {
				t.Errorf("with %d repetitions: %d calls, %d counted, error %v", most, calls, retried, err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		err := r.Do(ctx, "Call", DefaultPolicy, func(context.Context) error {
			cancel()
			return down
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the context has ended: %v", err)
		}
	})
}

func values(t *testing.T, raw map[string]string) option.Values {
	t.Helper()
	v, errs := option.Check(raw, Options(), func(string, []string) string { return "" })
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	return v
}

func read(t *testing.T, service string, raw map[string]string) *Settings {
	t.Helper()
	s, err := Read(Table{Path: "t", Service: service, Options: values(t, raw), Decls: Options()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Where credentials come from, by provider.
func TestProviders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "credentials")
	if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	for _, c := range []struct{ options, want string }{
		{"", "ENVIRONMENT"},
		{"provider=auto", "ENVIRONMENT"},
		{"provider=ENV_VAR", "ENVIRONMENT"},
		{"basic.accesskeyid=BASIC basic.secretkey=s", "BASIC"},
		{"provider=BASIC provider.basic.accesskeyid=BASIC provider.basic.secretkey=s", "BASIC"},
		{"provider=PROFILE profile.path=" + file, "FILE"},
		{"provider=PROFILE profile.name=other profile.path=" + file, "OTHER"},
	} {
		raw := map[string]string{"aws.region": "eu-west-1"}
		for _, o := range strings.Fields(c.options) {
			k, v, _ := strings.Cut(o, "=")
			raw["aws.credentials."+k] = v
		}
		cfg, err := read(t, "kinesis", raw).Load(context.Background())
		if err != nil {
			t.Errorf("%s: %v", c.options, err)
			continue
		}
		got, err := cfg.Credentials.Retrieve(context.Background())
		if err != nil || got.AccessKeyID != c.want || cfg.Region != "eu-west-1" {
			t.Errorf("%s: key %s in region %s, want %s; %v", c.options, got.AccessKeyID, cfg.Region, c.want, err)
		}
	}
}

// The address of messages is AWS's, by service and region.
func TestAddress(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":  "https://sns.eu-west-1.amazonaws.com",
		"cn-north-1": "https://sns.cn-north-1.amazonaws.com.cn",
	} {
		if got := read(t, "sns", map[string]string{"aws.region": region}).Address(); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

// The endpoint comes from the environment when neither the table nor weir's own server says otherwise.
func TestEndpoint(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://all")
	t.Setenv("AWS_ENDPOINT_URL_KINESIS", "http://streams")
	for service, want := range map[string]string{"kinesis": "http://streams", "sns": "http://all"} {
		if got := read(t, service, nil); got.Address() != want || got.Embedded {
			t.Errorf("%s: %s", service, got.Address())
		}
	}
	if got := read(t, "kinesis", map[string]string{"aws.endpoint": "http://table"}).Address(); got != "http://table" {
		t.Errorf("aws.endpoint: %s", got)
	}
	s, err := Read(Table{Service: "kinesis", Embedded: "http://own", Options: values(t, nil), Decls: Options()})
	if err != nil || s.Address() != "http://own" || !s.Embedded {
		t.Errorf("--local: %v, %v", s, err)
	}
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	if got := read(t, "sns", map[string]string{"aws.region": "eu-west-1"}).Address(); got != "https://sns.eu-west-1.amazonaws.com" {
		t.Errorf("ignored: %s", got)
	}
}

// The region comes from the environment when neither the table nor an ARN names it.
func TestRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "eu-north-1")
	if got := read(t, "sns", nil).Region; got != "eu-north-1" {
		t.Errorf("region %s", got)
	}
	t.Setenv("AWS_REGION", "eu-south-1")
	if got := read(t, "sns", nil).Region; got != "eu-south-1" {
		t.Errorf("region %s", got)
	}
}
