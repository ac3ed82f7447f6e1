package awsclient

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
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
		s := &Settings{maxConcurrency: 10, timeout: time.Minute}
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
	s := &Settings{maxConcurrency: 10, timeout: time.Minute}
	client := kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: s.httpClient(nil), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	_, err := client.ListStreams(context.Background(), &kinesis.ListStreamsInput{})
	if err == nil || Classify(err) != Transient {
		t.Errorf("error %v of class %d", err, Classify(err))
	}
}
