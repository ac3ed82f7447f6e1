package filesystem

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/connectors/format/csv"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// tree returns the files below dir: path → contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		relative, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(relative)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func visible(files map[string]string) (lines []string) {
	for path, text := range files {
		if strings.HasPrefix(filepath.Base(path), ".") || strings.HasPrefix(filepath.Base(path), "_") {
			continue
		}
		for line := range strings.Lines(text) {
			if dir := filepath.Dir(path); dir != "." {
				line = dir + " " + line
			}
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func TestSink(t *testing.T) {
	for _, c := range []struct {
		name       string
		format     *format.Spec
		partitions []string
		options    []string
		want       func(n int) string
	}{
		{name: "json", format: json.Spec, want: func(n int) string { return fmt.Sprintf(`{"id":%d,"text":"row %d"}`, n, n%7) }},
		{name: "changelog", format: changelogjson.Spec,
			want: func(n int) string { return fmt.Sprintf(`{"op":"+I","data":{"id":%d,"text":"row %d"}}`, n, n%7) }},
		{name: "rolling", format: json.Spec, options: []string{"sink.rolling-policy.file-size", "10 kb"},
			want: func(n int) string { return fmt.Sprintf(`{"id":%d,"text":"row %d"}`, n, n%7) }},
		{name: "partitioned", format: csv.Spec, partitions: []string{"text"},
			want: func(n int) string { return fmt.Sprintf("text=row %d %d", n%7, n) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			connectortest.Sink(t, connectortest.SinkCase{
				Columns: idText, ExactlyOnce: true, Want: c.want,
				Row:   func(n int) []any { return []any{int32(n), fmt.Sprint("row ", n%7)} },
				Reset: func(t *testing.T) { os.RemoveAll(dir) },
				New: func(t *testing.T, env *connectortest.Env) connectors.Sink {
					table := connectortest.Table(t, Spec, c.format, options(append(c.options, "path", dir)...), idText...)
					table.PartitionKeys = c.partitions
					s, err := newSink(&env.Env, table)
					if err != nil {
						t.Fatal(err)
					}
					return s
				},
				Contents: func(t *testing.T, _ *connectortest.Env) []string { return visible(tree(t, dir)) },
				Clean: func(t *testing.T) {
					for path := range tree(t, dir) {
						if strings.HasPrefix(filepath.Base(path), ".") {
							t.Errorf("%s was left behind", path)
						}
					}
				},
			})
		})
	}
}

// writing is an open writer.
type writing struct {
	*writer
	waiter clock.Waiter
}

// openSink makes the sink of a table in dir.
func openSink(t testing.TB, env *connectortest.Env, dir string, f *format.Spec, partitions []string, pairs ...string) *sink {
	t.Helper()
	table := connectortest.Table(t, Spec, f, options(append(pairs, "path", dir)...), idText...)
	table.PartitionKeys = partitions
	s, err := newSink(&env.Env, table)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*sink)
}

// start starts a writer on a sink.
func (s *sink) start(t testing.TB, subtask, parallelism int, restored ...[]byte) *writing {
	t.Helper()
	waiter := s.clock.NewWaiter()
	w, err := s.NewWriter(context.Background(), connectors.WriterContext{
		JobID: "0123456789", Subtask: subtask, Parallelism: parallelism, Columns: idText, Restored: restored, Wake: waiter.Wake,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &writing{w.(*writer), waiter}
}

// openWriter starts a writer on a table in dir.
func openWriter(t testing.TB, env *connectortest.Env, dir string, f *format.Spec, partitions []string, pairs ...string) *writing {
	t.Helper()
	return openSink(t, env, dir, f, partitions, pairs...).start(t, 0, 1)
}

func batch(kind types.RowKind, rows ...[]any) *types.Batch {
	b := connectortest.NewBatch(idText)
	for _, row := range rows {
		for i, v := range row {
			b.Cols[i].AppendValue(v)
		}
		b.AppendKind(kind)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// prepared waits until a checkpoint is prepared, and returns what is to be restored from it.
func (w *writing) prepared(t testing.TB, checkpoint int64) []byte {
	t.Helper()
	for {
		state, done, err := w.Prepared(checkpoint)
		must(t, err)
		if done {
			return state
		}
		w.waiter.Wait(context.Background(), time.Time{})
	}
}

func prepare(t testing.TB, w *writing, checkpoint int64) []byte {
	t.Helper()
	must(t, w.Barrier(checkpoint))
	return w.prepared(t, checkpoint)
}

func publish(t testing.TB, w *writing, checkpoint int64) {
	t.Helper()
	prepare(t, w, checkpoint)
	must(t, w.Commit(checkpoint))
}

// Rows stay hidden until the checkpoint completes; then the names tell job, subtask and number. Kinds are kept.
func TestPartFiles(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	w := openWriter(t, env, dir, changelogjson.Spec, nil)
	must(t, w.Write(batch(types.Insert, []any{int32(1), "a"})))
	must(t, w.Write(batch(types.UpdateBefore, []any{int32(1), "a"})))
	if diff := cmp.Diff(map[string]string{".part-01234567-0-0.json.inprogress": ""}, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
	prepare(t, w, 1)
	text := `{"op":"+I","data":{"id":1,"text":"a"}}` + "\n" + `{"op":"-U","data":{"id":1,"text":"a"}}` + "\n"
	if diff := cmp.Diff(map[string]string{".part-01234567-0-0.json.inprogress": text}, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
	must(t, w.Commit(1))
	must(t, w.Write(batch(types.Delete, []any{int32(1), nil})))
	publish(t, w, 2)
	publish(t, w, 3) // nothing new, no file
	must(t, w.Close())
	want := map[string]string{"part-01234567-0-0.json": text,
		"part-01234567-0-1.json": `{"op":"-D","data":{"id":1,"text":null}}` + "\n"}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Folders are named as Hive names them, and a success file can mark those that rows were published in.
func TestPartitionFolders(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	w := openWriter(t, env, dir, json.Spec, []string{"text"}, "sink.partition-commit.policy.kind", "success-file")
	must(t, w.Write(batch(types.Insert, []any{int32(1), "a/b=c 50%"}, []any{int32(2), nil}, []any{int32(3), ""}, []any{int32(4), "ü"})))
	publish(t, w, 1)
	must(t, w.Close())
	want := map[string]string{
		"text=a%2Fb%3Dc 50%25/part-01234567-0-0.json": "{\"id\":1}\n", "text=a%2Fb%3Dc 50%25/_SUCCESS": "",
		"text=__DEFAULT_PARTITION__/part-01234567-0-1.json": "{\"id\":2}\n{\"id\":3}\n", "text=__DEFAULT_PARTITION__/_SUCCESS": "",
		"text=ü/part-01234567-0-2.json": "{\"id\":4}\n", "text=ü/_SUCCESS": "",
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
	// What was written reads back.
	table := connectortest.Table(t, Spec, json.Spec, options("path", dir), idText...)
	table.PartitionKeys = []string{"text"}
	rows := readAll(t, testSource(t, table), idText)
	if diff := cmp.Diff([][]any{{"+I", int32(2), nil}, {"+I", int32(3), nil}, {"+I", int32(1), "a/b=c 50%"}, {"+I", int32(4), "ü"}}, rows); diff != "" {
		t.Error(diff)
	}
}

// More partitions at once than files may be open.
func TestManyPartitions(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	w := openWriter(t, env, dir, json.Spec, []string{"text"})
	for range 2 {
		for n := range maxOpen + 5 {
			must(t, w.Write(batch(types.Insert, []any{int32(n), fmt.Sprint(n)})))
			if len(w.open) > maxOpen {
				t.Fatalf("%d files are open", len(w.open))
			}
		}
	}
	publish(t, w, 1)
	must(t, w.Close())
	if lines := visible(tree(t, dir)); len(lines) != 2*(maxOpen+5) {
		t.Errorf("%d rows", len(lines))
	}
}

// Part files end at their size, and at their age when it is looked at.
func TestRolling(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	w := openWriter(t, env, dir, json.Spec, nil, "sink.rolling-policy.file-size", "300 kb",
		"sink.rolling-policy.rollover-interval", "10 min", "sink.rolling-policy.check-interval", "1 min")
	long := strings.Repeat("x", 100_000)
	env.Run(t, func() {
		for n := range 10 {
			must(t, w.Write(batch(types.Insert, []any{int32(n), long})))
		}
		files := len(tree(t, dir))
		if files < 3 || files > 5 {
			t.Errorf("%d files for a megabyte", files)
		}
		sleeper := env.Clock.NewWaiter()
		sleeper.Wait(t.Context(), env.Clock.Now().Add(11*time.Minute))
		must(t, w.Write(batch(types.Insert, []any{int32(10), "old file"})))
		must(t, w.Write(batch(types.Insert, []any{int32(11), "new file"})))
		if n := len(tree(t, dir)) - files; n != 1 && n != 2 {
			t.Errorf("%d more files after eleven minutes", n)
		}
		publish(t, w, 1)
	})
	must(t, w.Close())
	if lines := visible(tree(t, dir)); len(lines) != 12 {
		t.Errorf("%d rows", len(lines))
	}
}

// A part file that is left alone ends when that is noticed, also if others are written.
func TestInactivity(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	w := openWriter(t, env, dir, json.Spec, []string{"text"}, "sink.rolling-policy.inactivity-interval", "2 min")
	env.Run(t, func() {
		must(t, w.Write(batch(types.Insert, []any{int32(0), "quiet"})))
		for n := range 3 {
			must(t, w.Write(batch(types.Insert, []any{int32(n), "busy"})))
			must(t, clock.Sleep(t.Context(), env.Clock, time.Minute))
		}
		must(t, w.Write(batch(types.Insert, []any{int32(3), "busy"})))
		must(t, w.Write(batch(types.Insert, []any{int32(1), "quiet"})))
		publish(t, w, 1)
	})
	must(t, w.Close())
	files := map[string]int{}
	for path, text := range tree(t, dir) {
		files[filepath.Dir(path)+" "+strings.ReplaceAll(text, "\n", "")]++
	}
	want := map[string]int{`text=quiet {"id":0}`: 1, `text=quiet {"id":1}`: 1, `text=busy {"id":0}{"id":1}{"id":2}{"id":3}`: 1}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
}

func TestNotAFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "")
	env := connectortest.NewEnv()
	s, err := newSink(&env.Env, connectortest.Table(t, Spec, json.Spec, options("path", dir+"/file"), idText...))
	must(t, err)
	if _, err := s.NewWriter(t.Context(), connectors.WriterContext{Parallelism: 1, Columns: idText}); err == nil || !strings.Contains(err.Error(), "must be a folder") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkWriteClicks(b *testing.B) {
	env := connectortest.NewEnv()
	s, err := newSink(&env.Env, connectortest.Table(b, Spec, json.Spec, options("path", b.TempDir()), clicks...))
	if err != nil {
		b.Fatal(err)
	}
	waiter := env.Clock.NewWaiter()
	w, err := s.NewWriter(b.Context(), connectors.WriterContext{JobID: "bench", Parallelism: 1, Columns: clicks, Wake: waiter.Wake})
	if err != nil {
		b.Fatal(err)
	}
	out := connectortest.NewBatch(clicks)
	for i := range 4096 {
		out.Cols[0].AppendString("Impression")
		out.Cols[1].AppendString("https://www.mysite.com")
		out.Cols[2].AppendValue(int64(1692711990123 + 17*i))
		out.AppendKind(types.Insert)
	}
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(out); err != nil {
			b.Fatal(err)
		}
		for w.Full() {
			waiter.Wait(context.Background(), time.Time{})
		}
		if rows += out.N; rows%(4096*64) == 0 { // a checkpoint
			if err := w.Barrier(int64(rows)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrec/s")
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
