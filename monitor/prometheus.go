package monitor

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weirsql/weir/runtime/metrics"
)

// endedFor is how long the metrics of a job that is over are still shown: long enough for the last counts to be scraped,
// not so long that a session with many short queries grows without end.
const endedFor = 5 * time.Minute

// Metric describes a metric that /metrics shows.
type Metric struct {
	Name, Help string
	Counter    bool // else a gauge
	Labels     []string
}

// metric is a Metric with the way to read it. A value that is not ok is left out.
type metric[T any] struct {
	Metric
	value func(v T, now time.Time) (value float64, ok bool)
}

// The labels of each level. Prometheus itself sets "job" and "instance".
var (
	jobLabels      = []string{"job_id", "job_name"}
	operatorLabels = []string{"job_id", "job_name", "operator_id", "operator_name", "subtask"}
	splitLabels    = []string{"job_id", "job_name", "operator_id", "operator_name", "subtask", "split"}
)

func counter[T any](name, help string, value func(T) int64) metric[T] {
	return metric[T]{Metric{Name: name, Help: help, Counter: true}, func(v T, _ time.Time) (float64, bool) { return float64(value(v)), true }}
}

func gauge[T any](name, help string, value func(T) int64) metric[T] {
	return metric[T]{Metric{Name: name, Help: help}, func(v T, _ time.Time) (float64, bool) { return float64(value(v)), true }}
}

// seconds is a metric of a duration.
func seconds[T any](name, help string, isCounter bool, value func(T) (time.Duration, bool)) metric[T] {
	return metric[T]{Metric{Name: name, Help: help, Counter: isCounter}, func(v T, _ time.Time) (float64, bool) {
		d, ok := value(v)
		return d.Seconds(), ok
	}}
}

func always[T any](value func(T) time.Duration) func(T) (time.Duration, bool) {
	return func(v T) (time.Duration, bool) { return value(v), true }
}

// timestamp is a gauge of a moment, in seconds since 1970.
func timestamp[T any](name, help string, value func(T) (time.Time, bool)) metric[T] {
	return metric[T]{Metric{Name: name, Help: help}, func(v T, _ time.Time) (float64, bool) {
		t, ok := value(v)
		return float64(t.UnixMilli()) / 1000, ok
	}}
}

var jobMetrics = []metric[*metrics.Job]{
	timestamp("weir_job_start_timestamp_seconds", "When the job was started.", func(j *metrics.Job) (time.Time, bool) { return j.Started, true }),
	counter("weir_job_restarts_total", "How often the job was started again after a failure.", func(j *metrics.Job) int64 { return j.Restarts }),
	counter("weir_checkpoints_completed_total", "Checkpoints that were completed.", func(j *metrics.Job) int64 { return j.Checkpoints.Completed }),
	counter("weir_checkpoints_failed_total", "Checkpoints that failed or took too long.", func(j *metrics.Job) int64 { return j.Checkpoints.Failed }),
	gauge("weir_checkpoints_in_progress", "1 while a checkpoint is being taken, else 0.", func(j *metrics.Job) int64 { return min(1, j.Checkpoints.InProgress) }),
	seconds("weir_checkpoint_duration_seconds", "Time from the trigger to the completion of the last completed checkpoint.", false, func(j *metrics.Job) (time.Duration, bool) {
		c, ok := LastCompleted(j)
		return c.Duration, ok
	}),
	seconds("weir_checkpoint_pause_seconds", "The longest time that a task took no records for the last completed checkpoint.", false, func(j *metrics.Job) (time.Duration, bool) {
		c, ok := LastCompleted(j)
		return c.Pause, ok
	}),
	{Metric{Name: "weir_checkpoint_size_bytes", Help: "What the last completed checkpoint wrote."}, func(j *metrics.Job, _ time.Time) (float64, bool) {
		c, ok := LastCompleted(j)
		return float64(c.Bytes), ok
	}},
	timestamp("weir_checkpoint_last_completed_timestamp_seconds", "When the last completed checkpoint was triggered.", func(j *metrics.Job) (time.Time, bool) {
		c, ok := LastCompleted(j)
		return c.Triggered, ok
	}),
}

// LastCompleted returns the newest checkpoint that was completed.
func LastCompleted(j *metrics.Job) (c metrics.Checkpoint, ok bool) {
	for _, c := range j.Checkpoints.History {
		if c.Failure == "" {
			return c, true
		}
	}
	return metrics.Checkpoint{}, false
}

var operatorMetrics = []metric[*metrics.Snapshot]{
	counter("weir_operator_records_in_total", "Records that the operator has taken.", func(s *metrics.Snapshot) int64 { return s.RecordsIn }),
	counter("weir_operator_records_out_total", "Records that the operator has emitted or written.", func(s *metrics.Snapshot) int64 { return s.RecordsOut }),
	counter("weir_operator_bytes_in_total", "Bytes that a scan has read.", func(s *metrics.Snapshot) int64 { return s.BytesIn }),
	counter("weir_operator_bytes_out_total", "Bytes that a sink has written.", func(s *metrics.Snapshot) int64 { return s.BytesOut }),
	counter("weir_operator_late_records_total", "Records that were behind the watermark and dropped.", func(s *metrics.Snapshot) int64 { return s.Late }),
	counter("weir_operator_failed_records_total", "Records that could not be decoded, and rows that were too large to be sent, whatever became of them.", func(s *metrics.Snapshot) int64 { return s.Failed }),
	counter("weir_operator_retries_total", "Requests that a connector has repeated.", func(s *metrics.Snapshot) int64 { return s.Retries }),
	seconds("weir_operator_busy_seconds_total", "Time that the operator's task has computed. Operators of a chain share a task.", true, always(func(s *metrics.Snapshot) time.Duration { return s.Busy })),
	seconds("weir_operator_backpressured_seconds_total", "Time that the operator's task has waited for room downstream.", true, always(func(s *metrics.Snapshot) time.Duration { return s.Backpressured })),
	seconds("weir_operator_idle_seconds_total", "Time that the operator's task has had nothing to do.", true, always(func(s *metrics.Snapshot) time.Duration { return s.Idle })),
	watermark("weir_operator_watermark_timestamp_seconds", "The watermark. Absent before the first one and after the end of the input.", func(s *metrics.Snapshot) *int64 { return s.Watermark }),
	lag("weir_operator_watermark_lag_seconds", "How far the watermark is behind the clock.", func(s *metrics.Snapshot) *int64 { return s.Watermark }),
	gauge("weir_operator_state_bytes", "State that is kept, in memory and spilled.", func(s *metrics.Snapshot) int64 { return s.StateBytes }),
	gauge("weir_operator_state_keys", "Keys that state is kept for.", func(s *metrics.Snapshot) int64 { return s.StateKeys }),
	counter("weir_operator_forgotten_keys_total", "Keys whose state was dropped because there were more than weir.over.max-keys allows.", func(s *metrics.Snapshot) int64 { return s.Forgotten }),
	sending("weir_sink_records_total", "Records that a service has acknowledged; several rows may make one.", true, func(s *metrics.Sending) float64 { return float64(s.Records) }),
	sending("weir_sink_requests_total", "Requests that a service has answered.", true, func(s *metrics.Sending) float64 { return float64(s.Requests) }),
	sending("weir_sink_throttled_total", "Requests, and single records of requests, that a service has refused because there were too many; they are sent again.", true, func(s *metrics.Sending) float64 { return float64(s.Throttled) }),
	sending("weir_sink_refused_total", "Requests, and single records of requests, that failed for another reason.", true, func(s *metrics.Sending) float64 { return float64(s.Refused) }),
	sending("weir_sink_requests_in_flight", "Requests that wait for their answer.", false, func(s *metrics.Sending) float64 { return float64(s.InFlight) }),
	sending("weir_sink_buffered_rows", "Rows that are not acknowledged.", false, func(s *metrics.Sending) float64 { return float64(s.BufferedRows) }),
	sending("weir_sink_buffered_bytes", "Bytes of their records.", false, func(s *metrics.Sending) float64 { return float64(s.BufferedBytes) }),
	sending("weir_sink_oldest_unsent_seconds", "For how long the oldest row that is not acknowledged has been waiting; 0 if there is none.", false, func(s *metrics.Sending) float64 { return s.OldestAge.Seconds() }),
	gauge("weir_operator_spilled_bytes", "State that is kept on disk because memory is short.", func(s *metrics.Snapshot) int64 { return s.Spilled }),
}

var splitMetrics = []metric[*metrics.Split]{
	counter("weir_split_records_total", "Records that were read from the split.", func(s *metrics.Split) int64 { return s.Records }),
	counter("weir_split_bytes_total", "Bytes that were read from the split.", func(s *metrics.Split) int64 { return s.Bytes }),
	seconds("weir_split_lag_seconds", "How far reading is behind the end of the split, as its source says; 0 if it doesn't.", false, always(func(s *metrics.Split) time.Duration { return s.Lag })),
	counter("weir_split_throttled_total", "Requests for the split's records that were refused because there were too many.", func(s *metrics.Split) int64 { return s.Throttled }),
	counter("weir_split_retries_total", "Requests for the split's records that were repeated.", func(s *metrics.Split) int64 { return s.Retries }),
	counter("weir_split_expired_positions_total", "How often reading began at a position of which the stream had dropped records that had not been read.", func(s *metrics.Split) int64 { return s.Expired }),
	watermark("weir_split_watermark_timestamp_seconds", "The split's own watermark.", func(s *metrics.Split) *int64 { return s.Watermark }),
	gauge("weir_split_idle", "1 if the split has brought nothing for so long that watermarks don't wait for it, else 0.", func(s *metrics.Split) int64 {
		if s.Idle {
			return 1
		}
		return 0
	}),
}

// sending is a metric of sinks that send rows to a service; it is absent for all other operators.
func sending(name, help string, isCounter bool, value func(*metrics.Sending) float64) metric[*metrics.Snapshot] {
	return metric[*metrics.Snapshot]{Metric{Name: name, Help: help, Counter: isCounter}, func(s *metrics.Snapshot, _ time.Time) (float64, bool) {
		if s.Sending == nil {
			return 0, false
		}
		return value(s.Sending), true
	}}
}

func watermark[T any](name, help string, value func(T) *int64) metric[T] {
	return timestamp(name, help, func(v T) (time.Time, bool) {
		w := value(v)
		if w == nil || *w == math.MinInt64 || *w == math.MaxInt64 {
			return time.Time{}, false
		}
		return time.UnixMilli(*w), true
	})
}

func lag[T any](name, help string, value func(T) *int64) metric[T] {
	return metric[T]{Metric{Name: name, Help: help}, func(v T, now time.Time) (float64, bool) {
		d, ok := Lag(value(v), now)
		return d.Seconds(), ok
	}}
}

// stateMetric and buildMetric have a label of their own.
var (
	stateMetric = Metric{Name: "weir_job_state", Help: "1 for the state that the job is in, 0 for the others.", Labels: append(jobLabels[:2:2], "state")}
	buildMetric = Metric{Name: "weir_build_info", Help: "Always 1; the label tells the version.", Labels: []string{"version"}}
)

var jobStates = []string{"RUNNING", "RESTARTING", "FINISHED", "FAILED", "CANCELED"}

// Metrics lists weir's own metrics in the order of the reference. The Go runtime's and the process's come beside them.
func Metrics() []Metric {
	all := []Metric{buildMetric, stateMetric}
	all = append(all, described(jobMetrics, jobLabels)...)
	all = append(all, described(operatorMetrics, operatorLabels)...)
	return append(all, described(splitMetrics, splitLabels)...)
}

func described[T any](list []metric[T], labels []string) []Metric {
	var all []Metric
	for _, m := range list {
		m.Labels = labels
		all = append(all, m.Metric)
	}
	return all
}

// newRegistry makes what /metrics shows. It is made when somebody asks for the first time.
func (m *Monitor) newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{
		m:         m,
		build:     describe(buildMetric),
		state:     describe(stateMetric),
		jobs:      describeAll(jobMetrics, jobLabels),
		operators: describeAll(operatorMetrics, operatorLabels),
		splits:    describeAll(splitMetrics, splitLabels),
	}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// prometheusHandler serves the metrics in Prometheus's text format.
func (m *Monitor) prometheusHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		promhttp.HandlerFor(m.registry(), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
	})
}

func describe(d Metric) *prometheus.Desc {
	return prometheus.NewDesc(d.Name, d.Help, d.Labels, nil)
}

func describeAll[T any](list []metric[T], labels []string) []*prometheus.Desc {
	var all []*prometheus.Desc
	for _, d := range described(list, labels) {
		all = append(all, describe(d))
	}
	return all
}

// collector reads the counters when Prometheus asks; nothing is kept between two scrapes.
type collector struct {
	m                       *Monitor
	build, state            *prometheus.Desc
	jobs, operators, splits []*prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.build
	to <- c.state
	for _, list := range [][]*prometheus.Desc{c.jobs, c.operators, c.splits} {
		for _, d := range list {
			to <- d
		}
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	now := c.m.opts.Clock.Now()
	to <- prometheus.MustNewConstMetric(c.build, prometheus.GaugeValue, 1, c.m.opts.Version)
	for _, w := range c.m.jobs() {
		j := &w.info
		if Ended(j) && !j.Ended.IsZero() && now.Sub(j.Ended) > endedFor {
			continue
		}
		for _, s := range jobStates {
			is := 0.0
			if s == j.State {
				is = 1
			}
			to <- prometheus.MustNewConstMetric(c.state, prometheus.GaugeValue, is, j.ID, j.Name, s)
		}
		collect(to, jobMetrics, c.jobs, j, now, j.ID, j.Name)
		for _, v := range j.Operators {
			for i := range v.Subtasks {
				s := &v.Subtasks[i]
				subtask := strconv.Itoa(s.Subtask)
				collect(to, operatorMetrics, c.operators, s, now, j.ID, j.Name, v.ID, v.Name, subtask)
				for k := range s.Splits {
					// Splits that have ended would only add up: a directory may have had thousands of files.
					if split := &s.Splits[k]; !split.Ended {
						collect(to, splitMetrics, c.splits, split, now, j.ID, j.Name, v.ID, v.Name, subtask, split.ID)
					}
				}
			}
		}
	}
}

func collect[T any](to chan<- prometheus.Metric, list []metric[T], descs []*prometheus.Desc, v T, now time.Time, labels ...string) {
	for i, m := range list {
		value, ok := m.value(v, now)
		if !ok {
			continue
		}
		kind := prometheus.GaugeValue
		if m.Counter {
			kind = prometheus.CounterValue
		}
		to <- prometheus.MustNewConstMetric(descs[i], kind, value, labels...)
	}
}
