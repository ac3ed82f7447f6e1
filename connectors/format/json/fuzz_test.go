package json

import (
	"bytes"
	stdjson "encoding/json"
	"math"
	"reflect"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
)

// FuzzDecode holds the decoder against encoding/json: both take and refuse the same records, and of those taken the
// values agree. Each record is decoded by a fresh decoder, by one that has learned other shapes, and as a line.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"s":"a","n":1,"d":1.5,"b":true,"r":{"n":2,"s":"x"},"l":[1,2]}`,
		`{"n":123456789012345678901,"s":"\ud83d\ude00\u00e9\n","x":[{"s":[]},null,-1.5e-3]}`,
		`{"s":{"a":[1, 2]},"l":[],"r":{},"n":"7","s":"again"} `,
		`{"d":1e400,"b":"TRUE","n":-0,"s":12}`, `[]`, `{"s":"\x"}`, `{"s":"a","s":01}`, "{\"s\":\"\xff\"}", `{"s":`,
		`{"l":[1,[2]],"r":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var value map[string]any
		plain := bytes.Map(func(r rune) rune { // our strings may hold control characters, theirs may not
			if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
				return -1
			}
			return r
		}, record)
		if !bytes.Equal(plain, record) {
			t.Skip()
		}
		dec := stdjson.NewDecoder(bytes.NewReader(record))
		dec.UseNumber()
		valid := stdjson.Valid(record) && utf8.Valid(record) && dec.Decode(&value) == nil && value != nil

		fields := []types.Field{
			col("s", types.StringType), col("n", types.BigIntType), col("d", types.DoubleType), col("b", types.BooleanType),
			col("r", types.RowType(col("n", types.BigIntType), col("s", types.StringType))),
			col("l", types.ArrayType(types.BigIntType)),
		}
		d, out := newDecoder(t, map[string]string{"json.ignore-parse-errors": "true"}, fields...)
		if err := d.Decode(record, out); err != nil {
			t.Fatal(err)
		}
		if !valid {
			// The library refuses tabs and the like within strings.
			if out.N > 0 && !bytes.ContainsAny(record, "\t\n\r") {
				t.Fatalf("decoded %q, which is not JSON: %v", record, rows(out))
			}
			return
		}
		if out.N != 1 {
			t.Fatalf("%q is JSON, but was not decoded", record)
		}
		first := rows(out)
		for i, f := range fields {
			check(t, record, f.Name, value[f.Name], first[0][i])
		}

		// Again, with other shapes before, and as a line.
		others := []string{`{"n":1,"s":"q"}`, `{"s":"a","n":1,"d":1.5}`, string(record), `{}`, string(record)}
		for i, text := range others {
			if i%2 == 1 && bytes.ContainsAny(record, "\n\r") {
				continue
			}
			out.Reset()
			if i%2 == 1 {
				if _, err := d.DecodeLines(append([]byte(text), '\n'), false, out, 9); err != nil {
					t.Fatal(err)
				}
				out.Reset()
				text = string(record) + "\n{\"n\":5}\n"
				if _, err := d.DecodeLines([]byte(text), false, out, 1); err != nil {
					t.Fatal(err)
				}
			} else if err := d.Decode(record, out); err != nil {
				t.Fatal(err)
			}
			if again := rows(out); len(again) != 1 || !same(first[0], again[0]) {
				t.Fatalf("%q: first %v, then %v", record, first, again)
			}
		}
	})
}

func same(a, b any) bool {
	if x, ok := a.(float64); ok && math.IsNaN(x) {
		y, ok := b.(float64)
		return ok && math.IsNaN(y)
	}
	if x, ok := a.([]any); ok {
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// check compares a column's value with the library's where its meaning is beyond doubt.
func check(t *testing.T, record []byte, name string, want, got any) {
	switch want := want.(type) {
	case nil:
		if got != nil {
			t.Fatalf("%q: %s is %v, want NULL", record, name, got)
		}
	case string:
		if name == "s" && got != want && !bytes.Contains(record, []byte(`\u`)) { // halves of surrogate pairs differ
			t.Fatalf("%q: %s is %q, want %q", record, name, got, want)
		}
	case stdjson.Number:
		switch name {
		case "s":
			if got != string(want) {
				t.Fatalf("%q: s is %q, want %q", record, got, want)
			}
		case "n":
			if n, err := want.Int64(); err == nil && got != n {
				t.Fatalf("%q: n is %v, want %d", record, got, n)
			}
		case "d":
			if x, err := strconv.ParseFloat(string(want), 64); err == nil && got != x {
				t.Fatalf("%q: d is %v, want %v", record, got, x)
			}
		}
	case bool:
		if name == "b" && got != want {
			t.Fatalf("%q: b is %v, want %v", record, got, want)
		}
	case []any:
		if list, ok := got.([]any); name == "l" && (!ok || len(list) != len(want)) {
			t.Fatalf("%q: l is %v, want %v", record, got, want)
		}
	case map[string]any:
		if row, ok := got.([]any); name == "r" {
			if !ok {
				t.Fatalf("%q: r is %v", record, got)
			}
			check(t, record, "n", want["n"], row[0])
			check(t, record, "s", want["s"], row[1])
		}
	}
}
