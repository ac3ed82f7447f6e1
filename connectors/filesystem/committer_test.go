package filesystem

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// marked returns the folders below dir that have a success file.
func marked(t *testing.T, dir string) (folders []string) {
	t.Helper()
	for path := range tree(t, dir) {
		if filepath.Base(path) == "_SUCCESS" {
			folders = append(folders, filepath.Dir(path))
		}
	}
	slices.Sort(folders)
	return folders
}

func expectMarked(t *testing.T, when, dir string, want ...string) {
	t.Helper()
	if got := marked(t, dir); !slices.Equal(got, want) {
		t.Errorf("%s: marked are %q, want %q", when, got, want)
	}
}

// settle waits until what commits have asked for is done.
func (w *writing) settle() {
	for w.syncer.backlog() > 0 {
		w.waiter.Wait(context.Background(), time.Time{})
	}
}

// A partition is complete some time after its first rows, at a checkpoint, also if the job has been restored meanwhile;
// rows that come later make it so again; and the end completes all.
func TestCommitByProcessTime(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	s := openSink(t, env, dir, json.Spec, []string{"text"}, "sink.partition-commit.policy.kind", "success-file", "sink.partition-commit.delay", "10 min")
	pass := func(d time.Duration) { must(t, clock.Sleep(t.Context(), env.Clock, d)) }
	env.Run(t, func() {
		w := s.start(t, 0, 1)
		must(t, w.Write(batch(types.Insert, []any{int32(1), "a"})))
		publish(t, w, 1)
		pass(6 * time.Minute)
		must(t, w.Write(batch(types.Insert, []any{int32(2), "a"}, []any{int32(3), "b"})))
		publish(t, w, 2)
		pass(4 * time.Minute)
		publish(t, w, 3)
		w.settle()
		expectMarked(t, "after 10 minutes", dir)
		state := prepare(t, w, 4)
		w.syncer.worker.Stop()
		s = openSink(t, env, dir, json.Spec, []string{"text"}, "sink.partition-commit.policy.kind", "success-file", "sink.partition-commit.delay", "10 min")
		w = s.start(t, 0, 1, state)
		pass(time.Second)
		publish(t, w, 5)
		w.settle()
		expectMarked(t, "after 10 minutes and a second", dir, "text=a")
		must(t, w.Write(batch(types.Insert, []any{int32(4), "c"})))
		publish(t, w, 6)
		pass(6 * time.Minute)
		publish(t, w, 7)
		w.settle()
		expectMarked(t, "after 16 minutes", dir, "text=a", "text=b")
		w.Watermark(math.MaxInt64)
		publish(t, w, math.MaxInt64)
		expectMarked(t, "at the end", dir, "text=a", "text=b", "text=c")
		must(t, w.Close())
	})
}

// By partition time the lowest watermark at the barriers counts, once all writers have committed.
func TestCommitByPartitionTime(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	s := openSink(t, env, dir, json.Spec, []string{"text"}, "sink.partition-commit.policy.kind", "success-file",
		"sink.partition-commit.trigger", "partition-time", "sink.partition-commit.delay", "1 h",
		"partition.time-extractor.timestamp-pattern", "$text:00:00", "sink.partition-commit.watermark-time-zone", "Europe/Berlin")
	at := func(hour, minute int) int64 { // in Berlin's summer, as a watermark
		return time.Date(2023, 8, 22, hour-2, minute, 0, 0, time.UTC).UnixMilli()
	}
	env.Run(t, func() {
		a, b := s.start(t, 0, 2), s.start(t, 1, 2)
		must(t, a.Write(batch(types.Insert, []any{int32(1), "2023-08-22 13"})))
		must(t, b.Write(batch(types.Insert, []any{int32(2), "2023-08-22 13"}, []any{int32(3), "2023-08-22 14"})))
		a.Watermark(at(14, 30))
		b.Watermark(at(14, 0))
		commit := func(id int64) {
			prepare(t, a, id)
			prepare(t, b, id)
			must(t, a.Commit(id))
			a.settle()
			must(t, b.Commit(id))
			b.settle()
		}
		commit(1)
		expectMarked(t, "when one watermark is at the end of the hour", dir)
		b.Watermark(at(14, 0) + 1)
		must(t, a.Barrier(2))
		must(t, b.Barrier(2))
		a.Watermark(at(16, 0)) // behind the barrier
		b.Watermark(at(16, 0))
		a.prepared(t, 2)
		b.prepared(t, 2)
		must(t, a.Commit(2))
		a.settle()
		expectMarked(t, "when one writer has committed", dir)
		must(t, b.Commit(2))
		b.settle()
		const hour13, hour14 = "text=2023-08-22 13", "text=2023-08-22 14"
		expectMarked(t, "when both have passed the end of the hour", dir, hour13)
		commit(3)
		expectMarked(t, "two hours later", dir, hour13, hour14)
		// A job that is stopped, not ended, leaves partitions open.
		must(t, a.Write(batch(types.Insert, []any{int32(4), "2023-08-22 20"})))
		commit(math.MaxInt64)
		expectMarked(t, "stopped", dir, hour13, hour14)
		must(t, a.Close())
		must(t, b.Close())
	})
}

// A partition whose name is no time fails the job, in a way that helps.
func TestNoPartitionTime(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	s := openSink(t, env, dir, json.Spec, []string{"text"}, "sink.partition-commit.policy.kind", "success-file", "sink.partition-commit.trigger", "partition-time")
	w := s.start(t, 0, 1)
	must(t, w.Write(batch(types.Insert, []any{int32(1), "tuesday"})))
	prepare(t, w, 1)
	err := w.Commit(1)
	for _, part := range []string{"partition text=tuesday", `"tuesday" is not a time such as 2023-08-22`, "partition.time-extractor.timestamp-pattern"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %q", err, part)
		}
	}
	must(t, w.Close())
}

func TestPartitionTimes(t *testing.T) {
	for _, c := range []struct{ pattern, format, folder, want string }{
		{"", "", "dt=2023-08-22", "2023-08-22T00:00:00Z"},
		{"", "", "dt=2023-8-2 3%3A4%3A5.25/hour=1", "2023-08-02T03:04:05Z"},
		{"", "", "dt=2023-08-22 24%3A00%3A00", "2023-08-23T00:00:00Z"},
		{"", "", "dt=2023-08-22 13", ""},
		{"", "", "dt=2023-08-22x", ""},
		{"", "", "dt=__DEFAULT_PARTITION__", ""},
		{"$dt $hour:00:00", "", "dt=2023-08-22/hour=13", "2023-08-22T13:00:00Z"},
		{"$dt $hour:$h:00", "", "dt=2023-08-22/hour=13/h=30", "2023-08-22T13:30:00Z"},
		{"$dt", "yyyyMMdd", "dt=20230822", "2023-08-22T00:00:00Z"},
		{"$dt$hour", "yyyyMMddHH", "dt=20230822/hour=07", "2023-08-22T07:00:00Z"},
		{"$dt", "uuuu/MM/dd'T'HH''mm", "dt=2023%2F08%2F22T13'46", "2023-08-22T13:46:00Z"},
		{"$dt", "yy-M", "dt=23-11", "2023-11-01T00:00:00Z"},
		{"$dt", "yyyyMMdd", "dt=2023822", ""},
		{"$dt", "HH:mm", "dt=13:46", ""},
	} {
		var partitions []string
		for part := range strings.SplitSeq(c.folder, "/") {
			key, _, _ := strings.Cut(part, "=")
			partitions = append(partitions, key)
		}
		format, err := newTimeFormat(c.format)
		must(t, err)
		slices.SortFunc(partitions, func(a, b string) int { return len(b) - len(a) })
		p := &partitionTime{keys: partitions, pattern: c.pattern, format: format, zone: time.UTC}
		at, err := p.of(c.folder)
		if got := at.Format(time.RFC3339); c.want != "" && (err != nil || got != c.want) || c.want == "" && err == nil {
			t.Errorf("%s by %q, %q: %s, %v, want %s", c.folder, c.pattern, c.format, got, err, c.want)
		}
	}
}

// What can't be done is refused at its option before anything runs.
func TestPartitionCommitRefusals(t *testing.T) {
	for key, values := range map[string][]string{
		"sink.partition-commit.policy.kind":             {"metastore", "metastore,success-file", "custom"},
		"sink.partition-commit.policy.class":            {"org.example.Policy"},
		"sink.partition-commit.policy.class.parameters": {"a;b"},
		"sink.partition-commit.success-file.name":       {"a/b"},
		"sink.partition-commit.watermark-time-zone":     {"Middle/Earth"},
		"partition.time-extractor.kind":                 {"custom"},
		"partition.time-extractor.class":                {"org.example.Extractor"},
		"partition.time-extractor.timestamp-pattern":    {"$dt"},
		"partition.time-extractor.timestamp-formatter":  {"EEE", "yyy", "yyyy'", "[yyyy]", "SSS"},
		"compaction.file-size":                          {"1 mb"},
		"auto-compaction":                               {"true"},
		"sink.shuffle-by-partition.enable":              {"true"},
	} {
		for _, value := range values {
			raw := options("path", "x", "sink.partition-commit.policy.kind", "success-file", "sink.partition-commit.trigger", "partition-time")
			raw[key] = value
			table := connectortest.Table(t, Spec, json.Spec, raw, idText...)
			table.PartitionKeys = []string{"text"}
			_, err := newSink(&connectortest.NewEnv().Env, table)
			var refusal *option.Error
			if !errors.As(err, &refusal) || refusal.Key != key {
				t.Errorf("%s = %s: %v", key, value, err)
			}
		}
	}
}
