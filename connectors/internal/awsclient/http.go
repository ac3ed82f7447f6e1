package awsclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// shared are the clients of this process. Tables that ask for the same have one together: a client of each table's own would
// leave its idle connections behind, each with two goroutines and a file, whenever a job ends or is started again.
var shared struct {
	sync.Mutex
	clients []sharedClient
}

type sharedClient struct {
	httpSettings
	roots  *x509.CertPool // nil: the machine's
	client aws.HTTPClient
}

// httpSettings are what the options of a table say of its client.
type httpSettings struct {
	trustAll       bool
	http1          bool
	maxConcurrency int
	timeout        time.Duration
}

// httpClient returns the client that a table's calls go through. base is the SDK's, with the certificates that the
// environment may name; nil is a fresh one.
func (s *Settings) httpClient(base aws.HTTPClient) aws.HTTPClient {
	return sharedHTTPClient(base, s.http)
}

// HTTPClient returns a client for calls that no table makes. base is the SDK's, whose certificates it takes over, or
// someone's own.
func HTTPClient(base aws.HTTPClient) aws.HTTPClient {
	return sharedHTTPClient(base, httpSettings{maxConcurrency: 256, timeout: time.Minute})
}

func sharedHTTPClient(base aws.HTTPClient, settings httpSettings) aws.HTTPClient {
	client, ok := base.(*awshttp.BuildableClient)
	if base != nil && !ok {
		return wholeBody{base} // someone's own, by AWS_* settings that this package doesn't know
	}
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	var roots *x509.CertPool
	if c := client.GetTransport().TLSClientConfig; c != nil {
		roots = c.RootCAs
	}
	shared.Lock()
	defer shared.Unlock()
	for _, c := range shared.clients {
		if c.httpSettings == settings && c.roots.Equal(roots) {
			return c.client
		}
	}
	c := sharedClient{settings, roots, settings.client(client)}
	shared.clients = append(shared.clients, c)
	return c.client
}

func (s httpSettings) client(base *awshttp.BuildableClient) aws.HTTPClient {
	return wholeBody{base.WithTimeout(s.timeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxConnsPerHost = s.maxConcurrency
		// Every shard is read over a connection of its own; the default of 10 would close and reopen them all the time.
		t.MaxIdleConnsPerHost = min(s.maxConcurrency, 256)
		t.MaxIdleConns = 0
		// Bodies are text in base64 either way, but what gzip saves on the wire it costs in CPU tenfold.
		t.DisableCompression = true
		if s.http1 {
			t.ForceAttemptHTTP2 = false
			t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}
		if s.trustAll {
			if t.TLSClientConfig == nil {
				t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			t.TLSClientConfig.InsecureSkipVerify = true
		}
	})}
}

// wholeBody reads the whole response before Do returns.
//
// The SDK closes the request's body as soon as it has the response's headers. If net/http's write loop hasn't yet noted the
// end of the request, which happens with a server on the same machine that answers at once, it takes the close for a
// failed write and closes the connection, from which the rest of the response is still being read: "use of closed network
// connection", although the status is 200. Responses of a megabyte failed now and then, and the SDK's silent retries made
// a call take 100–450 ms instead of 15. When the body is complete before the SDK sees the headers, nothing is left to
// break. GetRecords answers with 10 MiB at most, and all of it is needed at once anyway. Streams (WithStream) are the exception.
type wholeBody struct{ client aws.HTTPClient }

// Do implements aws.HTTPClient.
func (w wholeBody) Do(req *http.Request) (*http.Response, error) {
	resp, err := w.client.Do(req)
	if err != nil || resp.StatusCode == http.StatusOK && req.Context().Value(streamKey{}) != nil {
		return resp, err
	}
	buf, _ := req.Context().Value(bodyKey{}).(*bytes.Buffer)
	if buf == nil {
		buf = &bytes.Buffer{}
	}
	buf.Reset()
	if n := resp.ContentLength; n > 0 && n < 64<<20 {
		buf.Grow(int(n) + bytes.MinRead) // ReadFrom wants that much room to see the end
	}
	_, err = buf.ReadFrom(resp.Body)
	if e := resp.Body.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(buf.Bytes()))
	return resp, nil
}

type (
	bodyKey   struct{}
	streamKey struct{}
)

// WithStream leaves the body of a successful response to a call with this context on the wire: an event stream has no end
// that could be waited for.
func WithStream(ctx context.Context) context.Context {
	return context.WithValue(ctx, streamKey{}, true)
}

// WithBody makes the response to a call with this context be read into buf, which can be used again and again. The buffer
// holds the body when a middleware of the SDK's Deserialize step sees the response.
func WithBody(ctx context.Context, buf *bytes.Buffer) context.Context {
	return context.WithValue(ctx, bodyKey{}, buf)
}
