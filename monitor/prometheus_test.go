package monitor

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/weirsql/weir/runtime/metrics"
)

func scrape(t *testing.T, m *Monitor) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(Read).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET /metrics: %d %v\n%s", w.Code, err, text)
	}
	return string(text)
}

// What Prometheus gets of a running job.
func TestMetrics(t *testing.T) {
	m, _ := watch(t, &fakeJob{info: windowJob()})
	got := scrape(t, m)
	const job = `job_id="0123456789abcdef0123456789abcdef",job_name="insert-into_alerts"`
	for _, want := range []string{
		`weir_build_info{version="v1.2.3"} 1`,
		`weir_job_state{` + job + `,state="RUNNING"} 1`,
		`weir_job_state{` + job + `,state="FAILED"} 0`,
		`weir_job_restarts_total{` + job + `} 1`,
		`weir_checkpoints_failed_total{` + job + `} 1`,
		`weir_checkpoint_duration_seconds{` + job + `} 0.12`, // not that of the failed one
		`weir_checkpoint_pause_seconds{` + job + `} 0.004`,
		`weir_checkpoint_size_bytes{` + job + `} 123456`,
		`weir_operator_records_in_total{` + job + `,operator_id="window-1",operator_name="WindowAggregate",subtask="1"} 19990`,
		`weir_operator_busy_seconds_total{` + job + `,operator_id="window-1",operator_name="WindowAggregate",subtask="0"} 9.5`,
		`weir_operator_backpressured_seconds_total{` + job + `,operator_id="scan-1",operator_name="Scan",subtask="0"} 7`,
		`weir_operator_watermark_lag_seconds{` + job + `,operator_id="window-1",operator_name="WindowAggregate",subtask="1"} 6`,
		`weir_operator_late_records_total{` + job + `,operator_id="window-1",operator_name="WindowAggregate",subtask="0"} 3`,
		`weir_operator_spilled_bytes{` + job + `,operator_id="window-1",operator_name="WindowAggregate",subtask="1"} 1024`,
		`weir_operator_bytes_out_total{` + job + `,operator_id="sink-1",operator_name="Sink",subtask="0"} 64000`,
		`weir_sink_records_total{` + job + `,operator_id="sink-1",operator_name="Sink",subtask="0"} 790`,
		`weir_sink_throttled_total{` + job + `,operator_id="sink-1",operator_name="Sink",subtask="0"} 3`,
		`weir_sink_oldest_unsent_seconds{` + job + `,operator_id="sink-1",operator_name="Sink",subtask="0"} 1.2`,
		`weir_split_lag_seconds{` + job + `,operator_id="scan-1",operator_name="Scan",split="shard-0",subtask="0"} 1.5`,
		`weir_split_throttled_total{` + job + `,operator_id="scan-1",operator_name="Scan",split="shard-0",subtask="0"} 7`,
		`weir_split_retries_total{` + job + `,operator_id="scan-1",operator_name="Scan",split="shard-0",subtask="0"} 9`,
		`weir_split_expired_positions_total{` + job + `,operator_id="scan-1",operator_name="Scan",split="shard-0",subtask="0"} 1`,
		"go_goroutines ",
		"process_resident_memory_bytes ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	for _, unwanted := range []string{
		`split="shard-1"`, // has ended
		`weir_operator_watermark_lag_seconds{` + job + `,operator_id="sink-1"`, // has no watermark
		`weir_sink_records_total{` + job + `,operator_id="scan-1"`,             // sends nothing
	} {
		if strings.Contains(got, unwanted) {
			t.Errorf("not expected: %s", unwanted)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// Every described metric is shown, and promtool has nothing to say about any.
func TestMetricNames(t *testing.T) {
	m, _ := watch(t, &fakeJob{info: windowJob()})
	text := scrape(t, m)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, d := range Metrics() {
		kind := "gauge"
		if d.Counter {
			kind = "counter"
		}
		if !strings.Contains(text, "# TYPE "+d.Name+" "+kind+"\n") {
			t.Errorf("%s is described as a %s and isn't shown", d.Name, kind)
		}
	}
}

// A job that has ended is shown for a while and then no longer; a restored job with the same ID takes its place.
func TestEndedJobs(t *testing.T) {
	old, other := &fakeJob{info: windowJob()}, &fakeJob{info: windowJob()}
	old.change(func(j *metrics.Job) { j.State, j.Ended = "FAILED", start.Add(5*time.Second) })
	other.change(func(j *metrics.Job) { j.ID, j.State, j.Ended = "fedcba", "FINISHED", start.Add(5*time.Second) })
	m, clock := watch(t, old, other, &fakeJob{info: windowJob()})
	text := scrape(t, m)
	if !strings.Contains(text, `state="RUNNING"} 1`) || !strings.Contains(text, `job_id="fedcba"`) {
		t.Errorf("the running and the ended job should be shown:\n%s", text)
	}
	clock.set(start.Add(time.Hour))
	if text := scrape(t, m); strings.Contains(text, `job_id="fedcba"`) {
		t.Errorf("a job that has ended an hour ago is shown:\n%s", text)
	}
}
