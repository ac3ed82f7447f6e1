package json

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/types"
)

var shapeFields = []types.Field{
	col("s", types.StringType), col("at", types.TimestampType(3)), col("n", types.BigIntType), col("i", types.IntType),
	col("d", types.DoubleType), col("m", types.DecimalType(10, 2)), col("b", types.BooleanType),
}

// shapeLine is a record with a value of each kind that a shape knows, and members that nobody asks for.
func shapeLine(i int) string {
	return fmt.Sprintf(`{"s":"%s","x":"skipped %d","at":"2023-08-22 13:%02d:30.%03d", "n":%d,"y":-1.%d,"i":-%d,"d":%d.5,"m":%d.25,"z":null,"b":%t}`,
		strings.Repeat("t", i%20), i, i/50%60, i%1000, i*1_000_003, i, i, i, i, i%3 == 0)
}

// decodeLines decodes data in pieces of at most max rows and size bytes, as a reader does, and returns the rows and the
// bad records among them.
func decodeLines(t *testing.T, d *Decoder, data []byte, max, size int) (got [][]any, bad []string) {
	t.Helper()
	out := types.NewBatch(types.NewSchema(shapeFields...))
	end := min(size, len(data))
	for at := 0; at < len(data); {
		out.Reset()
		n, err := d.DecodeLines(data[at:end], end == len(data), out, max)
		got = append(got, rows(out)...)
		at += n
		if err != nil {
			bad = append(bad, fmt.Sprintf("%d: %v", at, err))
		} else if n == 0 {
			if end == len(data) {
				t.Fatalf("no progress at byte %d of %d", at, len(data))
			}
			end = min(end+size, len(data))
		}
	}
	return got, bad
}

// withoutShape is a decoder that never learns a shape.
func withoutShape(t *testing.T, options map[string]string) *Decoder {
	d, _ := newDecoder(t, options, shapeFields...)
	d.shape.rest = math.MaxInt
	return d
}

// Records decode the same with a shape and without, whatever stands among those that have it, and wherever batches and
// reads end.
func TestShape(t *testing.T) {
	odd := []string{
		`{"s":null,"at":null,"n":null,"i":null,"d":null,"m":null,"b":null}`,
		`{"s":"grüße","x":"日本語","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true}`,
		`{"s":"a\"b\\\u00e9 and more","x":"\n","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true}`,
		`{"s":"a\x","x":"","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true}`,
		"{\"s\":\"\xff\",\"x\":\"\",\"at\":\"2023-08-22 13:46:30.123\", \"n\":1,\"y\":-1.0,\"i\":-1,\"d\":1.5,\"m\":1.25,\"z\":null,\"b\":true}",
		"{\"s\":\"tab\there\",\"x\":\"\t\",\"at\":\"2023-08-22 13:46:30.123\", \"n\":1,\"y\":-1.0,\"i\":-1,\"d\":1.5,\"m\":1.25,\"z\":null,\"b\":true}",
		`{"s":"open`, `{"s":"","x":"open`, ``, `  `, `[1]`, `{}`,
		`{"s":"a","x":"b","at":"1969-12-31 23:59:59.999", "n":9223372036854775807,"y":-1e5,"i":-2147483648,"d":1e-7,"m":0.005,"z":null,"b":false}`,
		`{"s":"a","x":"b","at":"2023-08-22 13:46:30", "n":9223372036854775808,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true}`,
		`{"s":"a","x":"b","at":"yesterday", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true}`,
		`{"s":"a","x":"b","at":"2023-08-22 13:46:30.123", "n":1,"y":-01,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true}`,
		`{"s":"a","x":"b","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-3000000000,"d":1.5,"m":1.25,"z":null,"b":true}`,
		`{"s":"a","x":"b","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":maybe}`,
		`{"s":"a","x":"b","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true} x`,
		`{"s":"a","x":"b","at":"2023-08-22 13:46:30.123", "n":1,"y":-1.0,"i":-1,"d":1.5,"m":1.25,"z":null,"b":true,"s":"twice"}`,
		`{"b":true,"s":"another order"}`,
	}
	var lines bytes.Buffer
	for i := range 200 {
		lines.WriteString(shapeLine(i))
		lines.WriteString("\n")
		if i%7 == 6 {
			lines.WriteString(odd[i/7%len(odd)])
			lines.WriteString([]string{"\n", "\r\n"}[i%2])
		}
	}
	lines.WriteString(shapeLine(1))
	for _, options := range []map[string]string{nil, {"json.ignore-parse-errors": "true"}} {
		for _, max := range []int{1, 3, 1000} {
			for _, size := range []int{64, 1000, 1 << 20} {
				d, _ := newDecoder(t, options, shapeFields...)
				got, bad := decodeLines(t, d, lines.Bytes(), max, size)
				want, wantBad := decodeLines(t, withoutShape(t, options), lines.Bytes(), max, size)
				if diff := cmp.Diff(want, got, equal...); diff != "" {
					t.Errorf("%d rows, %d bytes: %s", max, size, diff)
				}
				if diff := cmp.Diff(wantBad, bad); diff != "" {
					t.Errorf("%d rows, %d bytes: %s", max, size, diff)
				}
				if max > 1 && size > 1000 && len(d.shape.parts) != 8+1 {
					t.Errorf("%d rows, %d bytes: the shape has %d parts", max, size, len(d.shape.parts))
				}
			}
		}
	}
}

// A shape that most records don't have is given up, and another one learned when its time has come.
func TestShapeChanges(t *testing.T) {
	d, _ := newDecoder(t, nil, shapeFields...)
	first := []byte(shapeLine(1) + "\n")
	decodeLines(t, d, bytes.Repeat(first, 10), 100, 1<<20)
	if len(d.shape.parts) == 0 {
		t.Fatal("nothing learned")
	}
	second := []byte(`{"b":true,"m":1.0,"d":1.0,"i":1,"n":1,"at":"2023-08-22 13:46:30.123","s":"x"}` + "\n")
	decodeLines(t, d, bytes.Repeat(second, 100), 1000, 1<<20)
	if len(d.shape.parts) != 0 {
		t.Fatal("the old shape is still tried")
	}
	decodeLines(t, d, bytes.Repeat(second, 2000), 1000, 1<<20)
	if n := len(d.shape.parts); n != len(shapeFields) {
		t.Fatalf("the new shape has %d parts", n)
	}
}

// FuzzShape changes lines of which most have one shape.
func FuzzShape(f *testing.F) {
	line := shapeLine(7)
	f.Add([]byte(line), 0, []byte("x"), false)
	f.Add([]byte(`{"s":"a"}`), 6, []byte(`\u00e9`), true)
	f.Add([]byte(line), 12, []byte("\n"), true)
	f.Add([]byte(line), 40, []byte("ü"), false)
	f.Fuzz(func(t *testing.T, line []byte, at int, change []byte, ignore bool) {
		var options map[string]string
		if ignore {
			options = map[string]string{"json.ignore-parse-errors": "true"}
		}
		lines := bytes.Repeat(append(line, '\n'), 3)
		if len(line) > 0 {
			at = max(at, -at, 0) % len(line)
		} else {
			at = 0
		}
		changed := append(append(append([]byte{}, line[:at]...), change...), line[at:]...)
		lines = append(append(lines, changed...), '\n')
		lines = append(append(lines, line...), '\n')
		if at < len(line) {
			copy(changed[at:], change)
			lines = append(append(lines, changed...), '\n')
		}
		d, _ := newDecoder(t, options, shapeFields...)
		got, bad := decodeLines(t, d, lines, 100, 1<<20)
		want, wantBad := decodeLines(t, withoutShape(t, options), lines, 100, 1<<20)
		if diff := cmp.Diff(want, got, equal...); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(wantBad, bad); diff != "" {
			t.Error(diff)
		}
	})
}
