package monitor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
)

// Tracer sends a span for each checkpoint and each restart to an OpenTelemetry collector. A nil Tracer does nothing.
type Tracer struct {
	clock    clock.Clock
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	waiter   clock.Waiter
	ended    chan struct{}

	mu     sync.Mutex
	jobs   func() []Job
	queue  []happened
	closed bool
}

// happened is an event that waits to become a span.
type happened struct {
	at      time.Time
	id, job string
	event   engine.Event
}

// maxQueue bounds the events that wait; they wait for microseconds.
const maxQueue = 1000

// NewTracer returns a tracer if the environment has OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or
// OTEL_TRACES_EXPORTER=otlp, else nil. An error names the variable that can't be used.
func NewTracer(version string, log *slog.Logger) (*Tracer, error) {
	target, err := traceTarget()
	if err != nil || target == nil {
		return nil, err
	}
	exporter, err := otlptrace.New(context.Background(), target)
	if err != nil {
		return nil, err
	}
	about, err := resource.New(context.Background(),
		resource.WithAttributes(attribute.String("service.name", "weir"), attribute.String("service.version", version)),
		resource.WithHost(), resource.WithProcessPID(), resource.WithTelemetrySDK(),
		resource.WithFromEnv()) // last, so that OTEL_SERVICE_NAME wins
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are lost", "error", err) }))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	t := &Tracer{
		clock: clock.Real{}, provider: provider, tracer: provider.Tracer("github.com/weirsql/weir", trace.WithInstrumentationVersion(version)),
		waiter: clock.Real{}.NewWaiter(), ended: make(chan struct{}),
	}
	t.clock.Go(t.run)
	return t, nil
}

// Watch tells where to find out more of a job than events say.
func (t *Tracer) Watch(jobs func() []Job) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.jobs = jobs
}

// OnEvent is an engine.Options.OnEvent. It doesn't block.
func (t *Tracer) OnEvent(j *engine.Job, e engine.Event) {
	t.mu.Lock()
	if len(t.queue) < maxQueue && !t.closed {
		t.queue = append(t.queue, happened{t.clock.Now(), j.ID, j.Name, e})
	}
	t.mu.Unlock()
	t.waiter.Wake()
}

// Close sends what is left, for as long as ctx allows. No event may come any more.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.waiter.Wake()
	<-t.ended
	return t.provider.Shutdown(ctx)
}

// run makes spans of events. The runtime must not be asked back from inside an event, so it is done here.
func (t *Tracer) run() {
	defer close(t.ended)
	for {
		t.mu.Lock()
		queue, closed, jobs := t.queue, t.closed, t.jobs
		t.queue = nil
		t.mu.Unlock()
		for _, h := range queue {
			t.span(h, jobs)
		}
		if len(queue) > 0 {
			continue
		}
		if closed {
			return
		}
		t.waiter.Wait(context.Background(), time.Time{})
	}
}

func (t *Tracer) span(h happened, jobs func() []Job) {
	e := h.event
	name, from, to := "", h.at.Add(-e.Took), h.at
	attributes := []attribute.KeyValue{attribute.String("weir.job.id", h.id), attribute.String("weir.job.name", h.job)}
	switch e.Kind {
	case engine.CheckpointCompleted, engine.CheckpointFailed:
		name = "checkpoint"
		c, known := checkpointOf(jobs, h.id, e.Checkpoint)
		if known {
			attributes = append(attributes,
				attribute.Float64("weir.checkpoint.pause_seconds", c.Pause.Seconds()), attribute.Bool("weir.checkpoint.savepoint", c.Savepoint))
		}
		attributes = append(attributes,
			attribute.Int64("weir.checkpoint.id", e.Checkpoint), attribute.Int64("weir.checkpoint.bytes", e.Bytes), attribute.String("weir.checkpoint.path", e.Path))
	case engine.RestartScheduled:
		name, from, to = "restart", h.at, h.at.Add(e.Took)
	default:
		return
	}
	_, span := t.tracer.Start(context.Background(), name, trace.WithNewRoot(), trace.WithTimestamp(from), trace.WithAttributes(attributes...))
	if e.Err != nil {
		span.RecordError(e.Err, trace.WithTimestamp(h.at))
		span.SetStatus(codes.Error, e.Err.Error())
	}
	span.End(trace.WithTimestamp(to))
}

// checkpointOf finds what a job remembers of a checkpoint.
func checkpointOf(jobs func() []Job, id string, checkpoint int64) (c metrics.Checkpoint, known bool) {
	if jobs == nil {
		return c, false
	}
	for _, j := range jobs() {
		info := j.Info()
		if info.ID != id {
			continue
		}
		for _, c := range info.Checkpoints.History {
			if c.ID == checkpoint {
				return c, true
			}
		}
	}
	return c, false
}
