package kinesis_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format/raw"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/connectors/kinesis/internal/kpl"
	"github.com/weirsql/weir/types"
)

// zipped is text as the standard library compresses it.
func zipped(text string) string {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // which it is
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// zstandard is {"n":7}, as the command zstd (1.5.4) writes it: echo -n '{"n":7}' | zstd -c | xxd -p.
func zstandard(t testing.TB) string {
	b, err := hex.DecodeString("28b52ffd04583900007b226e223a377d95144714")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Records are compressed each by itself, also within an aggregated one; keys are not. Who reads the table finds what was written.
func TestCompression(t *testing.T) {
	text := col("text", types.StringType)
	for _, aggregation := range []string{"false", "true"} {
		for kind, magic := range map[string]string{"GZIP": "\x1f\x8b\x08", "zstd": "\x28\xb5\x2f\xfd"} {
			t.Run(kind+" aggregated "+aggregation, func(t *testing.T) {
				w := newWorld(t)
				w.stream("clicks", 1)
				env := w.env()
				options := map[string]string{"stream": "clicks", "sink.compression": kind, "sink.aggregation": aggregation, "sink.partitioner": "fixed"}
				env.Run(t, func() {
					x := write(t, env, sink(t, env, options, nil, text), text)
					defer x.close()
					var want [][]any
					b := connectortest.NewBatch(x.columns)
					for i := range 30 {
						want = append(want, []any{strings.Repeat(fmt.Sprint("row ", i, " "), 50+i)})
						b.Cols[0].AppendValue(want[i][0])
						b.AppendKind(types.Insert)
					}
					x.err = x.writer.Write(b)
					if x.flush(); x.err != nil {
						t.Fatal(x.err)
					}
					var d kpl.Decoder
					for _, r := range w.get("clicks") {
						users, packed := d.Decode(nil, r.Data)
						if packed != (aggregation == "true") || aws.ToString(r.PartitionKey) != "0" {
							t.Errorf("a record with key %q, packed: %t", aws.ToString(r.PartitionKey), packed)
						}
						if !packed {
							users = []kpl.Record{{Data: kpl.Span{To: len(r.Data)}}}
						}
						for _, u := range users {
							data := r.Data[u.Data.From:u.Data.To]
							if !strings.HasPrefix(string(data), magic) || len(data) > 100 {
								t.Errorf("record %q", data)
							}
							if kind == "GZIP" { // as any other reads it
								z, err := gzip.NewReader(bytes.NewReader(data))
								if err != nil {
									t.Fatal(err)
								}
								if plain, err := io.ReadAll(z); err != nil || !strings.HasPrefix(string(plain), `{"text":"row `) {
									t.Errorf("unpacked: %q %v", plain, err)
								}
							}
						}
					}
					src := source(t, env, map[string]string{"stream": "clicks"}, text)
					r := open(t, env, src, splits(t, src)[0], text).until(30)
					defer r.close()
					if diff := cmp.Diff(want, r.rows); diff != "" || r.err != nil {
						t.Errorf("read: %v %s", r.err, diff)
					}
				})
			})
		}
	}
}

// What counts is the compressed size; and what is set aside, and named, is the row as it was.
func TestCompressedSize(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	text := col("text", types.StringType)
	env.Run(t, func() {
		x := write(t, env, sink(t, env, map[string]string{"stream": "clicks", "sink.compression": "ZSTD"}, nil, text), text)
		defer x.close()
		x.skip = true
		random := make([]byte, 3<<20) // which doesn't shrink to a third
		seed := uint32(1)
		for i := range random {
			seed = seed*1664525 + 1013904223
			random[i] = ' ' + byte(seed>>24)%90
		}
		x.row(strings.Repeat("x", 5<<20)).row(string(random)).flush()
		if x.err != nil || len(w.get("clicks")) != 1 {
			t.Errorf("5 MiB that compress: %v, %d records", x.err, len(w.get("clicks")))
		}
		if len(x.bad) != 1 || !strings.Contains(x.bad[0], `it begins "{\"text\":\"`) || strings.HasPrefix(x.bad[0], "1") {
			t.Errorf("set aside: %.300q", x.bad)
		}
	})
}

// Records of both kinds and plain ones may be mixed, whoever wrote them. One that only begins as if it were compressed, and one
// that would fill the memory, are bad records.
func TestReadCompressed(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	env := w.env()
	bomb := zipped(strings.Repeat(" ", 64<<20+1))
	w.put("clicks", `{"n":1}`, zipped(`{"n":2}`), zstandard(t), zipped(`{"n":3}`)[:20], "\x28\xb5\x2f\xfd\x04", bomb, zipped(`{"n":8}`), aggregate(zipped(`{"n":9}`), `{"n":10}`))
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		var bad []string
		waiter := env.Clock.NewWaiter()
		r, err := src.Open(t.Context(), splits(t, src)[0], connectors.ReaderContext{Columns: []connectors.Column{n}, Wake: waiter.Wake,
			BadRecord: func(_ []byte, _ string, err error) error {
				bad = append(bad, err.Error())
				return nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		x := &reading{t: t, env: env, reader: r, waiter: waiter, columns: []connectors.Column{n}}
		defer x.close()
		x.until(6)
		if diff := cmp.Diff([][]any{{int32(1)}, {int32(2)}, {int32(7)}, {int32(8)}, {int32(9)}, {int32(10)}}, x.rows); diff != "" || x.err != nil {
			t.Errorf("%v %s", x.err, diff)
		}
		if len(bad) != 3 || !strings.HasPrefix(bad[0], "the record begins as gzip and isn't") || !strings.HasPrefix(bad[1], "the record begins as zstd and isn't") ||
			bad[2] != "the record is compressed and has more than 64 MiB" {
			t.Errorf("bad records: %q", bad)
		}
	})

	// As they are with NONE, and with the format raw, whose records are themselves the value.
	for _, c := range []struct {
		options map[string]string
		want    string
	}{
		{map[string]string{}, zipped("x")},
		{map[string]string{"scan.compression": "AUTO"}, "x"},
		{map[string]string{"scan.compression": "NONE"}, zipped("x")},
	} {
		w.clear("clicks", 1)
		w.put("clicks", zipped("x"))
		env := w.env()
		env.Run(t, func() {
			b := col("b", types.BytesType)
			c.options["stream"], c.options["scan.stream.initpos"] = "clicks", "TRIM_HORIZON"
			src, err := kinesis.Spec.NewSource(&env.Env, connectortest.Table(t, kinesis.Spec, raw.Spec, c.options, b))
			if err != nil {
				t.Fatal(err)
			}
			r := open(t, env, src, splits(t, src)[0], b).until(1)
			defer r.close()
			if got := fmt.Sprintf("%s", r.rows[0][0]); got != c.want {
				t.Errorf("%v: %q, want %q", c.options, got, c.want)
			}
		})
	}
}
