package cli

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/monitor"
)

// monitoring lets others see what the jobs of this process do: Prometheus at --metrics, `weir job` by a socket in the data
// directory, an OpenTelemetry collector if the environment names one.
type monitoring struct {
	address string

	tracer   *monitor.Tracer
	traceErr error
	session  *engine.Session
	dataDir  string
	log      *slog.Logger

	once    sync.Once
	opening sync.WaitGroup

	mu      sync.Mutex
	monitor *monitor.Monitor // nil until the first job, unless --metrics is given
	servers []*monitor.Server
}

func (m *monitoring) monitoringFlags(f *pflag.FlagSet) {
	f.StringVar(&m.address, "metrics", "", "serve Prometheus metrics and the API on `[HOST]:PORT`; without a host on this machine only")
}

// trace makes a session tell the tracer of its jobs' events, if traces are wanted.
func (m *monitoring) trace(o *engine.Options) {
	m.log, m.dataDir = o.Log, o.DataDir
	if m.tracer, m.traceErr = monitor.NewTracer(version, o.Log); m.tracer != nil {
		o.OnEvent = m.tracer.OnEvent
	}
}

// watch begins to watch a session's jobs. Only --metrics is served at once: what nobody has asked for must not make the
// start slower.
func (m *monitoring) watch(s *engine.Session, out *screen) error {
	m.session = s
	if m.traceErr != nil {
		return usageErrorf("%w", m.traceErr)
	}
	m.tracer.Watch(monitor.Session(s))
	if m.address == "" {
		return nil
	}
	server, err := m.watcher().Listen(m.address)
	if err != nil {
		return usageErrorf("%w", err)
	}
	m.serving(server)
	out.say("weir: metrics at http://%s/metrics", server.Addr())
	return nil
}

// watcher returns the monitor, which it makes when it is first needed.
func (m *monitoring) watcher() *monitor.Monitor {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.monitor == nil {
		m.monitor = monitor.New(monitor.Options{Jobs: monitor.Session(m.session), Version: version})
	}
	return m.monitor
}

func (m *monitoring) serving(s *monitor.Server) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.servers = append(m.servers, s)
}

// jobStarted opens the socket for `weir job` when there is a first job to be found. The job doesn't wait for it.
func (m *monitoring) jobStarted() {
	m.once.Do(func() {
		m.opening.Go(func() {
			server, err := m.watcher().ListenSocket(m.dataDir)
			if err != nil { // the jobs are none the worse for it
				m.log.Info("weir job can't find this process", "error", err)
				return
			}
			m.serving(server)
		})
	})
}

// lastTraces is how long the end waits for a collector that doesn't answer.
const lastTraces = 3 * time.Second

// stopWatching ends all that, when the jobs are over.
func (m *monitoring) stopWatching() error {
	m.opening.Wait()
	var errs []error
	for _, s := range m.servers {
		errs = append(errs, s.Close())
	}
	if m.monitor != nil {
		m.monitor.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastTraces)
	defer cancel()
	if err := m.tracer.Close(ctx); err != nil {
		m.log.Warn("traces are lost", "error", err)
	}
	return errors.Join(errs...)
}
