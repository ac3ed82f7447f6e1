package monitor

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/runtime/metrics"
)

// collectorServer is an OTLP/HTTP receiver. It is too busy for the first request.
type collectorServer struct {
	*httptest.Server
	mu       sync.Mutex
	busy     bool
	requests []*http.Request
	spans    []*tracepb.Span
	resource map[string]string
}

func newCollector(t *testing.T) *collectorServer {
	c := &collectorServer{busy: true, resource: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.requests = append(c.requests, r)
		if c.busy {
			c.busy = false
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(z)
		var data tracepb.TracesData
		if err = errors.Join(err, proto.Unmarshal(text, &data)); err != nil {
			t.Error(err)
		}
		for _, rs := range data.ResourceSpans {
			for _, a := range rs.Resource.Attributes {
				c.resource[a.Key] = a.Value.GetStringValue()
			}
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func withoutOTel(t *testing.T) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
}

func attributeText(s *tracepb.Span) string {
	var parts []string
	for _, a := range s.Attributes {
		parts = append(parts, fmt.Sprintf("%s=%s", a.Key, strings.ReplaceAll(a.Value.String(), "  ", " ")))
	}
	return strings.Join(parts, " ")
}

// A checkpoint and a restart become spans with their times, at a collector that the environment names.
func TestTraces(t *testing.T) {
	c := newCollector(t)
	withoutOTel(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=a%20b")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_SERVICE_NAME", "clicks")
	tracer, err := NewTracer("v1.2.3", slog.New(slog.DiscardHandler))
	if err != nil || tracer == nil {
		t.Fatalf("no tracer: %v", err)
	}
	tracer.Watch(func() []Job { return []Job{&fakeJob{info: windowJob()}} })
	job := &engine.Job{ID: windowJob().ID, Name: "insert-into_alerts"}
	began := time.Now()
	tracer.OnEvent(job, engine.Event{Kind: engine.CheckpointCompleted, Checkpoint: 2, Bytes: 123_456, Path: "/data/chk-2", Took: 120 * time.Millisecond})
	tracer.OnEvent(job, engine.Event{Kind: engine.CheckpointFailed, Checkpoint: 3, Took: time.Second, Err: errors.New("disk full")})
	tracer.OnEvent(job, engine.Event{Kind: engine.RestartScheduled, Took: 3 * time.Second, Err: errors.New("reset by peer")})
	tracer.OnEvent(job, engine.Event{Kind: engine.Ended})
	if err := tracer.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) != 2 || c.requests[1].URL.Path != "/v1/traces" || c.requests[1].Header.Get("X-Token") != "a b" ||
		c.requests[1].Header.Get("Content-Type") != "application/x-protobuf" {
		t.Fatalf("requests: %+v", c.requests)
	}
	if c.resource["service.name"] != "clicks" || c.resource["service.version"] != "v1.2.3" {
		t.Errorf("resource: %v", c.resource)
	}
	if len(c.spans) != 3 {
		t.Fatalf("%d spans: %v", len(c.spans), c.spans)
	}
	for i, want := range []struct {
		name       string
		took       time.Duration
		status     string
		attributes []string
	}{
		{"checkpoint", 120 * time.Millisecond, "", []string{"weir.job.id=string_value:\"0123", "weir.checkpoint.id=int_value:2", "weir.checkpoint.bytes=int_value:123456",
			"weir.checkpoint.pause_seconds=double_value:0.004", `weir.checkpoint.path=string_value:"/data/chk-2"`}},
		{"checkpoint", time.Second, "disk full", []string{"weir.checkpoint.id=int_value:3"}},
		{"restart", 3 * time.Second, "reset by peer", []string{`weir.job.name=string_value:"insert-into_alerts"`}},
	} {
		s := c.spans[i]
		took := time.Duration(s.EndTimeUnixNano - s.StartTimeUnixNano)
		if s.Name != want.name || took != want.took || s.GetStatus().GetMessage() != want.status {
			t.Errorf("span %d: %s took %v, status %q; want %+v", i, s.Name, took, s.GetStatus().GetMessage(), want)
		}
		for _, a := range want.attributes {
			if got := attributeText(s); !strings.Contains(got, a) {
				t.Errorf("span %d has no %s: %s", i, a, got)
			}
		}
	}
	if at := time.Unix(0, int64(c.spans[2].StartTimeUnixNano)); at.Before(began) || at.After(time.Now()) {
		t.Errorf("the restart is at %v, it was after %v", at, began)
	}
}

// A job's checkpoints come from the engine to the collector.
func TestEngineTraces(t *testing.T) {
	c := newCollector(t)
	c.busy = false
	withoutOTel(t)
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.URL+"/here")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip")
	tracer, err := NewTracer("v1.2.3", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.New(engine.Options{DataDir: t.TempDir(), OnEvent: tracer.OnEvent})
	if err != nil {
		t.Fatal(err)
	}
	tracer.Watch(Session(s))
	info := runJob(t, s, `CREATE TABLE b (n INT) WITH ('connector' = 'blackhole'); INSERT INTO b VALUES (1), (2), (3);`)
	if err := errors.Join(s.Close(), tracer.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
	if info.State != "FINISHED" || len(info.Operators) == 0 {
		t.Errorf("the job: %+v", info)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spans) == 0 || c.spans[0].Name != "checkpoint" || !strings.Contains(attributeText(c.spans[0]), info.ID) || c.requests[0].URL.Path != "/here" {
		t.Errorf("job %s: spans %v", info.ID, c.spans)
	}
}

// Traces are off unless they are asked for, and a variable that can't be used is named.
func TestTraceVariables(t *testing.T) {
	for _, c := range []struct {
		set  string // NAME=value …
		want string // the target, or the error
	}{
		{"", "off"},
		{"OTEL_TRACES_EXPORTER=none OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "off"},
		{"OTEL_SDK_DISABLED=true OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "off"},
		{"OTEL_TRACES_EXPORTER=otlp", "http://localhost:4318/v1/traces"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=https://c/base/", "https://c/base/v1/traces"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://d/x", "http://d/x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=c:4317", "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317: must be a URL such as http://localhost:4318"},
		{"OTEL_TRACES_EXPORTER=zipkin", "OTEL_TRACES_EXPORTER=zipkin: only otlp and none are supported"},
		{"OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc: only http/protobuf is supported"},
		{"OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=1s", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=1s: must be a number of milliseconds"},
		{"OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_HEADERS=secret", "OTEL_EXPORTER_OTLP_HEADERS: must be key=value pairs with commas between them"},
	} {
		t.Run(c.set, func(t *testing.T) {
			withoutOTel(t)
			for _, pair := range strings.Fields(c.set) {
				name, value, _ := strings.Cut(pair, "=")
				t.Setenv(name, value)
			}
			got := "off"
			o, err := traceTarget()
			switch {
			case err != nil:
				got = err.Error()
			case o != nil:
				got = o.url
			}
			if got != c.want {
				t.Errorf("have %s\nwant %s", got, c.want)
			}
		})
	}
}

// runJob runs statements up to the end of the job that the last one starts.
func runJob(t *testing.T, s *engine.Session, sql string) metrics.Job {
	t.Helper()
	file := diag.NewFile("test.sql", sql)
	script, err := s.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, stmt := range script.Stmts {
		r, err := s.Execute(ctx, file, stmt)
		if err != nil {
			t.Fatal(err)
		}
		if r.Job != nil {
			if err := r.Job.Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	jobs := Session(s)()
	return jobs[len(jobs)-1].Info()
}
