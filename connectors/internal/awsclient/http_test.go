package awsclient

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors/option"
)

// When Do returns the body is in memory: closing the request's body, which the SDK does then, and even the end of the
// server can't break it. wholeBody tells why that matters.
func TestWholeBody(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 400_000)
	for _, announced := range []bool{true, false} {
		sent := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if announced {
				w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			}
			if _, err := w.Write(content); err != nil {
				t.Error(err)
			}
			close(sent)
		}))
		s := &Settings{http: httpSettings{maxConcurrency: 10, timeout: time.Minute}}
		body := io.NopCloser(strings.NewReader("request"))
		req, err := http.NewRequest(http.MethodPost, server.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.httpClient(nil).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		<-sent // the handler has written everything, so everything has been read
		server.CloseClientConnections()
		server.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("length announced %v: %d bytes, error %v", announced, len(got), err)
		}
	}
}

// A response that breaks off is an error of Do, which is Transient, not a short body.
func TestBrokenBody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		if _, err := w.Write([]byte("short")); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	s := &Settings{http: httpSettings{maxConcurrency: 10, timeout: time.Minute}}
	client := kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: s.httpClient(nil), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	_, err := client.ListStreams(context.Background(), &kinesis.ListStreamsInput{})
	if err == nil || Classify(err) != Transient {
		t.Errorf("error %v of class %d", err, Classify(err))
	}
}

// Clients that are made the same way share their connections; those that trust other certificates don't.
func TestSharedConnections(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are refused
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	known := filepath.Join(t.TempDir(), "known.pem")
	if err := os.WriteFile(known, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(options map[string]string) error {
		options["aws.region"], options["aws.credentials.basic.accesskeyid"], options["aws.credentials.basic.secretkey"] = "us-east-1", "a", "b"
		v, errs := option.Check(options, Options(), func(string, []string) string { return "" })
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		s, err := Read(Table{Path: "t", Service: "kinesis", Options: v, Decls: Options()})
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodPost, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = cfg.HTTPClient.Do(req)
		return err
	}
	if err := call(map[string]string{}); err == nil {
		t.Error("an unknown certificate is trusted")
	}
	t.Setenv("AWS_CA_BUNDLE", known)
	connections.Store(0)
	for range 5 {
		if err := call(map[string]string{}); err != nil {
			t.Error(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for five calls", n)
	}
	t.Setenv("AWS_CA_BUNDLE", "")
	if err := call(map[string]string{}); err == nil {
		t.Error("a certificate is trusted that is no longer known")
	}
	if err := call(map[string]string{"aws.trust.all.certificates": "true"}); err != nil {
		t.Error(err)
	}
}
