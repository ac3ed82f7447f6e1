package filesystem

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/connectors/format/csv"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

func col(name string, t types.Type) connectors.Column {
	return connectors.Column{Name: name, Type: t}
}

func options(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// put writes files: name, contents, name, contents, …
func put(t testing.TB, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func testSource(t testing.TB, table *connectors.Table) *source {
	t.Helper()
	s, err := newSource(nil, table)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*source)
}

// lines returns n records; every ninth is longer than the buffers that the tests read with.
func lines(from, n int, form string) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		text := "x"
		if i%9 == 4 {
			text = strings.Repeat("long ", 30)
		}
		fmt.Fprintf(&b, form, i, text)
	}
	return b.String()
}

const jsonLine = "{\"id\":%d,\"text\":\"%s\"}\n"

var idText = []connectors.Column{col("id", types.IntType), col("text", types.StringType)}

func gzipped(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// TestSource runs the suite over each format, whole and cut into small ranges, plain and compressed, with buffers of 64
// bytes that most records don't fit.
func TestSource(t *testing.T) {
	changelog := "{\"op\":\"+U\",\"data\":{\"id\":%d,\"text\":\"%s\"}}\n"
	for _, c := range []struct {
		name    string
		format  *format.Spec
		files   []string
		bad     int
		columns []connectors.Column
		options []string
	}{
		{name: "json", format: json.Spec, files: []string{
			"a.jsonl", lines(0, 40, jsonLine), "b/c.json", lines(40, 20, jsonLine), "d", strings.TrimSuffix(lines(60, 40, jsonLine), "\n"),
			"empty", "", "_SUCCESS", "no", ".hidden/x", "no",
		}},
		{name: "bad json", format: json.Spec, bad: 3, files: []string{
			"a", lines(0, 30, jsonLine) + "{\"id\":\n" + lines(30, 30, jsonLine) + "nonsense\n", "b", lines(60, 40, jsonLine) + "{\"id\":\"x\"}",
		}},
		{name: "csv", format: csv.Spec, bad: 1, files: []string{"a", lines(0, 60, "%d,\"%s\nnext\"\n") + "x,y\n", "b", lines(60, 40, "%d,%s\r\n")}},
		{name: "changelog-json", format: changelogjson.Spec, files: []string{"a", lines(0, 100, changelog)}},
		{name: "gzip", format: json.Spec, files: []string{"a.gz", gzipped(t, lines(0, 50, jsonLine)), "b.json.gz", gzipped(t, lines(50, 50, jsonLine))}},
		{name: "zstd", format: json.Spec, files: []string{"a.zst", zstandard(t, lines(0, 50, jsonLine)), "b", lines(50, 50, jsonLine)}},
		{name: "metadata", format: json.Spec, files: []string{"a", lines(0, 100, jsonLine)}, columns: []connectors.Column{
			{Name: "name", Type: types.StringType.WithNotNull(true), MetadataKey: "file.name"}, idText[1], idText[0],
			{Name: "size", Type: types.BigIntType.WithNotNull(true), MetadataKey: "file.size"},
			{Name: "changed", Type: types.TimestampLTZType(3).WithNotNull(true), MetadataKey: "file.modification-time"},
		}},
	} {
		for _, split := range []int64{splitSize, 333} {
			t.Run(fmt.Sprintf("%s by %d", c.name, split), func(t *testing.T) {
				dir := t.TempDir()
				put(t, dir, c.files...)
				columns := c.columns
				if columns == nil {
					columns = idText
				}
				connectortest.Source(t, connectortest.SourceCase{
					Columns: columns, Rows: 100, Bad: c.bad,
					New: func(t *testing.T, env *connectortest.Env) connectors.Source {
						s := testSource(t, connectortest.Table(t, Spec, c.format, options(append(c.options, "path", dir)...), columns...))
						s.splitSize, s.chunkSize = split, 64
						return s
					},
				})
			})
		}
	}
}

// readAll reads all splits in their order.
func readAll(t *testing.T, s connectors.Source, columns []connectors.Column) [][]any {
	t.Helper()
	splits, err := s.Splits(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	for _, split := range splits {
		rows = append(rows, readSplit(t, s, split, columns)...)
	}
	return rows
}

func readSplit(t *testing.T, s connectors.Source, split connectors.Split, columns []connectors.Column) (rows [][]any) {
	t.Helper()
	r, err := s.Open(context.Background(), split, connectors.ReaderContext{Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := connectortest.NewBatch(columns)
	for status := connectors.Ready; status != connectors.Ended; {
		if status, err = r.Poll(out, 10); err != nil {
			t.Fatal(err)
		}
	}
	for i := range out.N {
		rows = append(rows, connectortest.Row(out, i))
	}
	return rows
}

// However a file is cut into ranges, each record belongs to just one of them, also where a range begins or ends with a
// record, and where one record is longer than several ranges.
func TestRanges(t *testing.T) {
	for _, text := range []string{
		"{\"id\":1}\n{\"id\":2}\n\n{\"id\":3,\"text\":\"" + strings.Repeat("y", 50) + "\"}\r\n{\"id\":4}",
		"{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n",
	} {
		dir := t.TempDir()
		put(t, dir, "f", text)
		for size := int64(1); size <= int64(len(text))+1; size++ {
			s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir+"/f"), idText...))
			s.splitSize, s.chunkSize = size, 5
			var ids []any
			for _, row := range readAll(t, s, idText) {
				ids = append(ids, row[1])
			}
			if diff := cmp.Diff([]any{int32(1), int32(2), int32(3), int32(4)}, ids); diff != "" {
				t.Fatalf("in ranges of %d bytes: %s", size, diff)
			}
		}
	}
}

// A file that has grown keeps the splits it had.
func TestSplitsOfGrowingFile(t *testing.T) {
	dir := t.TempDir()
	names := func() (ids []string) {
		s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir), idText...))
		s.splitSize = 100
		splits, err := s.Splits(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, split := range splits {
			ids = append(ids, split.ID)
		}
		return ids
	}
	put(t, dir, "b", strings.Repeat("x", 250), "a@7", "{}")
	base := filepath.Base(dir)
	before := []string{base + "/a@7@0", base + "/b@0", base + "/b@1", base + "/b@2"}
	if diff := cmp.Diff(before, names()); diff != "" {
		t.Error(diff)
	}
	put(t, dir, "b", strings.Repeat("x", 301))
	if diff := cmp.Diff(append(before, base+"/b@3"), names()); diff != "" {
		t.Error(diff)
	}
}

// Partition columns come from the names of folders, escaped or not.
func TestPartitions(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "day=2023-08-22/kind=a b%2Fc/x", `{"id":1,"day":"1999-01-01"}`, "day=2023-08-23/kind=__DEFAULT_PARTITION__/x", `{"id":2}`)
	columns := []connectors.Column{col("kind", types.StringType), col("id", types.IntType), col("day", types.DateType)}
	table := connectortest.Table(t, Spec, json.Spec, options("path", dir), columns...)
	table.PartitionKeys = []string{"day", "kind"}
	want := [][]any{{"+I", "a b/c", int32(1), int32(19591)}, {"+I", nil, int32(2), int32(19592)}}
	if diff := cmp.Diff(want, readAll(t, testSource(t, table), columns)); diff != "" {
		t.Error(diff)
	}
	put(t, dir, "day=2023-08-24/y", `{"id":3}`)
	if _, err := testSource(t, table).Splits(context.Background()); err == nil || !strings.Contains(err.Error(), `partitioned by "kind"`) {
		t.Errorf("a file outside of the partitions: %v", err)
	}
	put(t, dir, "day=yesterday/kind=x/y", `{"id":3}`)
	if err := os.Remove(filepath.Join(dir, "day=2023-08-24/y")); err != nil {
		t.Fatal(err)
	}
	_, err := testSource(t, table).Splits(context.Background())
	if err == nil || !strings.Contains(err.Error(), `partition day: expected DATE as yyyy-MM-dd, found "yesterday"`) {
		t.Errorf("a folder that is no date: %v", err)
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a b/one.json", `{"id":1}`, "a b/two.csv", `2,x`)
	t.Chdir(dir)
	for _, path := range []string{"a b/one.json", "./a b/one.json", dir + "/a b/one.json", "file://" + dir + "/a%20b/one.json",
		"file:" + dir + "/a%20b/one.json"} {
		rows := readAll(t, testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", path), idText...)), idText)
		if len(rows) != 1 {
			t.Errorf("%s: %d rows", path, len(rows))
		}
	}
	s := testSource(t, connectortest.Table(t, Spec, json.Spec,
		options("path", "a b", "source.path.regex-pattern", ".*/[a-z]+\\.json"), idText...))
	if splits, err := s.Splits(context.Background()); err != nil || len(splits) != 1 {
		t.Errorf("by pattern: %v, %v", splits, err)
	}
	s = testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", "nowhere"), idText...))
	if _, err := s.Splits(context.Background()); err == nil || !strings.Contains(err.Error(), "path nowhere does not exist (looked for "+dir) {
		t.Errorf("a path that doesn't exist: %v", err)
	}
}

// A table that is monitored has no end, and finds files as they come, each once by its ID.
func TestMonitoring(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir, "source.monitor-interval", "5 s"), idText...))
	if s.Bounded() || s.DiscoveryInterval() != 5*time.Second {
		t.Errorf("bounded %v, interval %v", s.Bounded(), s.DiscoveryInterval())
	}
	for n := range 3 {
		splits, err := s.Splits(context.Background())
		if err != nil || len(splits) != n {
			t.Fatalf("%d files: %v, %v", n, splits, err)
		}
		put(t, dir, fmt.Sprintf("f%d", n), "{}")
	}
}

func TestErrorsOfFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "f", "{\"id\":1}\n{\"id\":\"x\"}\n{\"id\":2,\"text\":\""+strings.Repeat("y", 5000)+"\"}\n", "g.gz", "no gzip")
	s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir, "source.max-record-size", "1000"), idText...))
	r, err := s.Open(context.Background(), connectors.Split{ID: filepath.Base(dir) + "/f@0"}, connectors.ReaderContext{Columns: idText,
		BadRecord: func(raw []byte, where string, err error) error {
			if string(raw) != `{"id":"x"}` || where != "file "+dir+"/f, line 2, byte 9" {
				t.Errorf("bad record %s at %s", raw, where)
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := connectortest.NewBatch(idText)
	_, err = r.Poll(out, 10)
	want := "read " + dir + "/f: the record at byte 20 is longer than 1000 bytes; if it is one record, raise the option source.max-record-size"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	for _, split := range []connectors.Split{
		{ID: "x/g.gz@*"}, {ID: "x/none@0"}, {ID: "x"}, {ID: filepath.Base(dir) + "/g.gz@*"},
		{ID: filepath.Base(dir) + "/f@0", Position: []byte("{")},
	} {
		if _, err := s.Open(context.Background(), split, connectors.ReaderContext{Columns: idText}); err == nil {
			t.Errorf("opened %s at %s", split.ID, split.Position)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		format     *format.Spec
		key, value string
	}{
		{json.Spec, "path", "s3://bucket/x"}, {json.Spec, "changelog-mode", "I,UA"}, {json.Spec, "changelog-mode", "all"},
		{json.Spec, "source.path.regex-pattern", "["}, {json.Spec, "source.monitor-interval", "0 s"},
		{csv.Spec, "csv.field-delimiter", "ab"},
	} {
		raw := options("path", "x")
		raw[c.key] = c.value
		table := connectortest.Table(t, Spec, c.format, raw, idText...)
		_, err := newSource(&connectortest.NewEnv().Env, table)
		var refusal *option.Error
		if !errors.As(err, &refusal) || refusal.Key != c.key {
			t.Errorf("%s = %s: %v", c.key, c.value, err)
		}
	}
}

// The kinds that a table carries are the format's, or fewer if it says so.
func TestModes(t *testing.T) {
	for _, c := range []struct {
		format         *format.Spec
		mode           string
		key            []string
		source, accept types.ChangelogMode
	}{
		{json.Spec, "", nil, types.AppendOnly, types.AppendOnly},
		{json.Spec, "I", []string{"id"}, types.AppendOnly, types.AppendOnly},
		{changelogjson.Spec, "", nil, types.Retract, types.Retract},
		{changelogjson.Spec, "", []string{"id"}, types.Retract, types.Upsert},
		{changelogjson.Spec, "I,UB,UA,D", []string{"id"}, types.Retract, types.Retract},
		{changelogjson.Spec, "I,UA,D", nil, types.Upsert, types.Upsert},
		{changelogjson.Spec, "I", nil, types.AppendOnly, types.AppendOnly},
	} {
		raw := options("path", "x")
		if c.mode != "" {
			raw["changelog-mode"] = c.mode
		}
		table := connectortest.Table(t, Spec, c.format, raw, idText...)
		table.PrimaryKey = c.key
		sink, err := newSink(&connectortest.NewEnv().Env, table)
		if err != nil {
			t.Fatal(err)
		}
		if s := testSource(t, table); s.Mode() != c.source || sink.Accepts() != c.accept {
			t.Errorf("%s %q: source %s, sink %s", c.format.Name, c.mode, s.Mode(), sink.Accepts())
		}
	}
}

// Memory doesn't grow with the file: twice the records cost no more allocations.
func TestReadAllocations(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "small", strings.Repeat(`{"id":1,"text":"abc"}`+"\n", 20_000), "large", strings.Repeat(`{"id":1,"text":"abc"}`+"\n", 100_000))
	s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir), idText...))
	out := connectortest.NewBatch(idText)
	count := func(name string) float64 {
		return testing.AllocsPerRun(3, func() {
			r, err := s.Open(context.Background(), connectors.Split{ID: filepath.Base(dir) + "/" + name + "@0"}, connectors.ReaderContext{Columns: idText})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for status := connectors.Ready; status != connectors.Ended; {
				out.Reset()
				if status, err = r.Poll(out, 4096); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if small, large := count("small"), count("large"); large > small+5 {
		t.Errorf("%v allocations for 20,000 records, %v for 100,000", small, large)
	}
}
