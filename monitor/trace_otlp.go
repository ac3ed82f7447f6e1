package monitor

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/weirsql/weir/runtime/clock"
)

// otlp posts spans to a collector by OTLP over HTTP, as protobuf. OpenTelemetry's own client for it, otlptracehttp, links
// gRPC and would make the program 15 MB larger; this one 1 MB. It implements otlptrace.Client.
//
// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
type otlp struct {
	url     string
	header  http.Header
	timeout time.Duration
	gzip    bool
	client  *http.Client
}

// traceEnv returns a variable of the exporter's; one for traces goes before the one for all signals.
func traceEnv(name string) (value, variable string) {
	for _, variable := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
		if value := strings.TrimSpace(os.Getenv(variable)); value != "" {
			return value, variable
		}
	}
	return "", ""
}

// traceTarget reads the standard variables. nil: no traces are wanted.
func traceTarget() (*otlp, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	endpoint, variable := traceEnv("ENDPOINT")
	switch exporter := strings.TrimSpace(os.Getenv("OTEL_TRACES_EXPORTER")); {
	case exporter == "none", exporter == "" && endpoint == "":
		return nil, nil
	case exporter != "" && exporter != "otlp":
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER=%s: only otlp and none are supported", exporter)
	case endpoint == "":
		endpoint = "http://localhost:4318"
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s=%s: must be a URL such as http://localhost:4318", variable, endpoint)
	}
	if variable != "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" { // that one is taken as it is
		u = u.JoinPath("v1", "traces")
	}
	o := &otlp{url: u.String(), header: http.Header{}, timeout: 10 * time.Second, client: &http.Client{}}
	if protocol, variable := traceEnv("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("%s=%s: only http/protobuf is supported", variable, protocol)
	}
	if text, variable := traceEnv("TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("%s=%s: must be a number of milliseconds", variable, text)
		}
		o.timeout = time.Duration(ms) * time.Millisecond
	}
	switch how, variable := traceEnv("COMPRESSION"); how {
	case "", "none":
	case "gzip":
		o.gzip = true
	default:
		return nil, fmt.Errorf("%s=%s: only gzip and none are supported", variable, how)
	}
	headers, variable := traceEnv("HEADERS")
	for pair := range strings.SplitSeq(headers, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil { // the value may be a secret
			return nil, fmt.Errorf("%s: must be key=value pairs with commas between them", variable)
		}
		o.header.Set(strings.TrimSpace(key), value)
	}
	if file, variable := traceEnv("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s has no certificates in PEM form", variable, file)
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
		o.client.Transport = transport
	}
	return o, nil
}

// Start implements otlptrace.Client.
func (o *otlp) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (o *otlp) Stop(context.Context) error {
	o.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. What the collector is too busy for is sent again until the time is up.
func (o *otlp) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// A TracesData is written as an ExportTraceServiceRequest is; the latter's package needs gRPC.
	text, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	if o.gzip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(text)
		z.Close()
		text = b.Bytes()
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	for pause := 250 * time.Millisecond; ; pause *= 2 {
		after, err := o.post(ctx, text)
		if err == nil || after < 0 {
			return err
		}
		if clock.Sleep(ctx, clock.Real{}, max(after, pause)) != nil {
			return err
		}
	}
}

// post sends a request once. With an error, after is how long the collector wants to be left alone, and negative if there
// is no use in trying again.
func (o *otlp) post(ctx context.Context, body []byte) (after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return -1, err
	}
	r.Header = o.header.Clone()
	r.Header.Set("Content-Type", "application/x-protobuf")
	if o.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := o.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("send traces: %w", err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody))
	if resp.StatusCode/100 == 2 {
		return 0, nil
	}
	err = fmt.Errorf("send traces to %s: %s", o.url, resp.Status)
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if s, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && s > 0 {
			after = time.Duration(s) * time.Second
		}
		return after, err
	}
	return -1, err
}
