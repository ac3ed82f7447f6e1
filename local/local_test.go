package local_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/local"
)

func client(endpoint string) *kinesis.Client {
	return kinesis.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	}, func(o *kinesis.Options) {
		o.BaseEndpoint = aws.String(endpoint)
		o.RetryMaxAttempts = 1
	})
}

func TestSecondServerIsToldWhoHasTheDirectory(t *testing.T) {
	dir := t.TempDir()
	first, err := local.Start(context.Background(), local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, link} {
		_, err = local.Start(context.Background(), local.Options{Dir: d})
		var inUse *local.InUseError
		if !errors.As(err, &inUse) || inUse.Holder.PID != os.Getpid() || inUse.Holder.KinesisEndpoint != first.KinesisEndpoint() ||
			!strings.Contains(err.Error(), fmt.Sprintf("in use by process %d", os.Getpid())) {
			t.Errorf("second server on %s: %v", d, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	again, err := local.Start(context.Background(), local.Options{Dir: dir})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestJoin(t *testing.T) {
	dir := t.TempDir()
	if _, ok := local.Join(dir); ok {
		t.Error("joined nobody")
	}
	s, err := local.Start(context.Background(), local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	info, ok := local.Join(dir)
	if !ok || *info != s.Info() || info.PID != os.Getpid() {
		t.Errorf("joined %+v, want %+v", info, s.Info())
	}
	// What a killed server leaves counts for nothing, even when somebody else has its port by now.
	left, err := os.ReadFile(filepath.Join(dir, "server.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "server.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("server.json after Close: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "server.json"), left, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, ok := local.Join(dir); ok {
		t.Error("joined a dead server")
	}
	other, err := local.Start(context.Background(), local.Options{Addr: strings.TrimPrefix(info.KinesisEndpoint, "http://")})
	if err != nil {
		t.Skip("the port is taken by now")
	}
	defer other.Close()
	if _, ok := local.Join(dir); ok {
		t.Error("joined another server on the dead one's port")
	}
}

func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	for _, o := range []local.Options{{Dir: dir, Addr: l.Addr().String()}, {Dir: dir, SNSAddr: l.Addr().String()}} {
		if _, err := local.Start(context.Background(), o); err == nil || !strings.Contains(err.Error(), "is another server running?") {
			t.Errorf("got %v", err)
		}
	}
	s, err := local.Start(context.Background(), local.Options{Dir: dir})
	if err != nil {
		t.Fatalf("the failed starts kept the directory: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestContextEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	dir := t.TempDir()
	s, err := local.Start(ctx, local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s, err = local.Start(context.Background(), local.Options{Dir: dir})
	if err != nil {
		t.Fatalf("Close came back before the directory was free: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Close neither loses an answer under way nor waits for idle connections, or for requests that never end.
func TestCloseWithConnections(t *testing.T) {
	asked := make(chan struct{})
	s, err := local.Start(context.Background(), local.Options{Intercept: func(action string, _ []byte) *local.Fault {
		if action != "DescribeLimits" {
			return nil
		}
		close(asked)
		return &local.Fault{Wait: func(ctx context.Context) { <-ctx.Done() }}
	}})
	if err != nil {
		t.Fatal(err)
	}
	unused, err := net.Dial("tcp", strings.TrimPrefix(s.KinesisEndpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	c := client(s.KinesisEndpoint())
	if _, err := c.ListStreams(t.Context(), &kinesis.ListStreamsInput{}); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := c.DescribeLimits(t.Context(), &kinesis.DescribeLimitsInput{})
		failed <- err
	}()
	<-asked
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("a request that never ends was answered")
	}
	if _, err := http.Get(s.KinesisEndpoint()); err == nil {
		t.Error("still listening")
	}
}
