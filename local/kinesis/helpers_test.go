package kinesis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/internal/testclient"
)

// start runs a server for the length of the test.
func start(t testing.TB, o local.Options) *local.Server {
	t.Helper()
	s, err := local.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is an unmodified AWS SDK client, as any program would make it.
func client(s *local.Server) *kinesis.Client {
	return kinesis.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	}, func(o *kinesis.Options) {
		o.BaseEndpoint = aws.String(s.KinesisEndpoint())
		o.RetryMaxAttempts = 1
		o.HTTPClient = testclient.HTTP{}
	})
}

// pushClient is a client over HTTP/2, as AWS has it for SubscribeToShard. Over HTTP/1.1 the SDK for Go now and then closes the
// connection under an answer (see the README).
func pushClient(t testing.TB, s *local.Server) *kinesis.Client {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &p}
	t.Cleanup(transport.CloseIdleConnections)
	return kinesis.New(client(s).Options(), func(o *kinesis.Options) { o.HTTPClient = &http.Client{Transport: transport} })
}

// created makes a stream.
func created(t testing.TB, c *kinesis.Client, name string, shards int32) {
	t.Helper()
	if _, err := c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
}

// post sends a raw JSON request and returns status and decoded answer.
func post(t testing.TB, s *local.Server, action, body string) (int, map[string]any) {
	t.Helper()
	resp := send(t, http.DefaultClient, s, action, "application/x-amz-json-1.1", []byte(body))
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatalf("%s: answer %q: %v", action, raw, err)
		}
	}
	return resp.StatusCode, out
}

func send(t testing.TB, c *http.Client, s *local.Server, action, contentType string, body []byte) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.KinesisEndpoint(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
	req.Header.Set("Content-Type", contentType)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// fakeClock stands still until a test moves it.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
