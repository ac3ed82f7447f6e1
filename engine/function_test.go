package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// span is an aggregate's state with everything that a state may be made of.
type span struct {
	low, high int64
	seen      bool
	names     []string
	counts    map[string]int32
	last      time.Time
}

func (s *span) accumulate(x int64, name string) error {
	if name == "refused" {
		return errors.New("a name that is refused")
	}
	if name == "panics" {
		panic("a name that panics")
	}
	if !s.seen || x < s.low {
		s.low = x
	}
	if !s.seen || x > s.high {
		s.high = x
	}
	s.seen = true
	if s.counts == nil {
		s.counts = map[string]int32{}
	}
	if s.counts[name]++; s.counts[name] == 1 {
		s.names = append(s.names, name)
	}
	s.last = time.UnixMilli(x).UTC()
	return nil
}

func (s *span) merge(from *span) error {
	for _, name := range from.names {
		for range from.counts[name] {
			if err := s.accumulate(from.low, name); err != nil {
				return err
			}
		}
	}
	return s.accumulate(from.high, from.names[0])
}

func (s *span) result() (string, error) {
	slices.Sort(s.names)
	return fmt.Sprintf("%d..%d of %s", s.low, s.high, strings.Join(s.names, "+")), nil
}

// total is an aggregate that can take rows back.
type total struct{ Sum, N int64 }

func (t *total) accumulate(x int64) error { t.Sum += x; t.N++; return nil }
func (t *total) retract(x int64) error    { t.Sum -= x; t.N--; return nil }
func (t *total) merge(from *total) error  { t.Sum += from.Sum; t.N += from.N; return nil }
func (t *total) result() (udf.Null[int64], error) {
	return udf.Null[int64]{V: t.Sum, Valid: t.N > 0}, nil
}

// wordOf is a row of a table function.
type wordOf struct {
	Word string
	At   int `sql:"place"`
}

// natives are functions in Go of every form.
func natives() []udf.Spec {
	return []udf.Spec{
		udf.Scalar("mask_phone", func(phone string) string {
			return strings.Repeat("•", max(0, len(phone)-3)) + phone[max(0, len(phone)-3):]
		},
			udf.Params("phone"), udf.Summary("Hides all but the last three characters of a phone number."),
			udf.Example{SQL: "MASK_PHONE('+43 660 123')", Result: "••••••••123"}),
		udf.Scalar0("FORTY_TWO", func() int8 { return 42 }),
		udf.Scalar2("REPEAT_TEXT", func(s string, n int32) string { return strings.Repeat(s, int(n)) }),
		udf.Scalar3("CLAMP", func(x, low, high float64) float64 { return min(max(x, low), high) }, udf.Params("x", "low", "high")),
		udf.Scalar4("JOINED", func(a bool, b int16, c float32, d string) string { return fmt.Sprint(a, b, c, d) }),
		udf.ScalarN("LONGEST", func(s ...string) string {
			return slices.MaxFunc(s, func(a, b string) int { return len(a) - len(b) })
		}),
		udf.Scalar("NULL_TEXT", func(s udf.Null[string]) string {
			if !s.Valid {
				return "nothing"
			}
			return "some " + s.V
		}),
		udf.Scalar2("HIDE", func(x int, limit udf.Null[int]) udf.Null[int] {
			return udf.Null[int]{V: x, Valid: !limit.Valid || x < limit.V}
		}),
		udf.Partial("HEX_VALUE", func(s string) (int64, error) { return strconv.ParseInt(s, 16, 64) }),
		udf.Partial2("HALF", func(x, by int64) (int64, bool) {
			if by == 0 {
				return 0, false
			}
			return x / by, true
		}),
		udf.Scalar2("DIVIDED", func(x, by int64) int64 { return x / by }),
		udf.PartialN("FIRST_EVEN", func(xs ...int64) (int64, bool) {
			i := slices.IndexFunc(xs, func(x int64) bool { return x%2 == 0 })
			return xs[max(i, 0)], i >= 0
		}),
		udf.Scalar("NEXT_DAY", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }),
		udf.Scalar("NEXT_DATE", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }, udf.Returns(types.DateType)),
		udf.Scalar("NEXT_MICRO", func(t time.Time) time.Time { return t.Add(time.Microsecond) }, udf.Returns(types.TimestampType(6))),
		udf.Scalar("SHOW_TIME", func(t time.Time) string { return t.Format(time.RFC3339Nano) }),
		udf.Scalar("TWICE_AS_LONG", func(d time.Duration) time.Duration { return 2 * d }),
		udf.Scalar("PRICE", func(d udf.Decimal) udf.Decimal { return udf.Decimal{Unscaled: d.Unscaled, Scale: d.Scale + 1} },
			udf.Returns(types.DecimalType(6, 2))),
		udf.Scalar("SHOW_DECIMAL", udf.Decimal.String),
		udf.Scalar("REVERSED", func(b []byte) []byte { c := slices.Clone(b); slices.Reverse(c); return c }),
		udf.Text("QUOTED", func(dst []byte, s string) []byte { return strconv.AppendQuote(dst, s) }),
		udf.Text2("INDENTED", func(dst []byte, s string, n int) []byte { return fmt.Appendf(dst, "%*s", n+len(s), s) }),
		udf.Column("SQUARE", func(a, r []float64) error {
			for i, x := range a {
				r[i] = x * x
			}
			return nil
		}),
		udf.Column2("TEXT_PLUS", func(a []string, b []int64, r []string) error {
			for i := range a {
				if b[i] < 0 {
					return &udf.RowError{Row: i, Err: errors.New("a negative number")}
				}
				r[i] = a[i] + strconv.FormatInt(b[i], 10)
			}
			return nil
		}),
		udf.Aggregate2("SPAN", udf.AggregateFuncs2[span, int64, string, string]{
			Accumulate: (*span).accumulate, Merge: (*span).merge, Result: (*span).result,
		}),
		udf.Table("WORDS_OF", func(text string, emit func(wordOf)) error {
			for i, w := range strings.Fields(text) {
				if w == "refused" {
					return errors.New("a word that is refused")
				}
				emit(wordOf{w, i + 1})
			}
			return nil
		}),
		udf.Table2("COUNT_TO", func(from, to int64, emit func(int64)) error {
			for n := from; n <= to; n++ {
				emit(n)
			}
			return nil
		}),
		udf.Scalar2("LEADING_BYTES", func(s string, n int) string { return s[:n] }),
		udf.Text2("LEADING_TEXT", func(dst []byte, s string, n int) []byte { return append(dst, s[:n]...) }),
		udf.Table2("START_OF", func(s string, n int, emit func(string)) error {
			emit(s[:n])
			return nil
		}),
		udf.Aggregate("TOTAL", udf.AggregateFuncs[total, int64, udf.Null[int64]]{
			Accumulate: (*total).accumulate, Retract: (*total).retract, Merge: (*total).merge, Result: (*total).result,
		}),
	}
}

// What functions in Go give, called from SQL. The expected values are Go's own.
func TestNativeScalars(t *testing.T) {
	s := open(t, engine.Options{Functions: natives(), Settings: map[string]string{"table.local-time-zone": "Europe/Vienna"}})
	for _, c := range []struct{ expr, want string }{
		{"MASK_PHONE(phone)", `"••••••••123" null "•012"`},
		{"mask_phone(CAST(phone AS VARCHAR(11)))", `"••••••••123" null "•012"`},
		{"FORTY_TWO()", `42 42 42`},
		{"REPEAT_TEXT(phone, 2)", `"+43 660 123+43 660 123" null "00120012"`},
		{"CLAMP(n, 1, 2.5)", `1.0 2.5 null`},
		{"CLAMP(x => n, low => 1, high => 2)", `1.0 2.0 null`},
		{"CLAMP(n, high => 2, low => 1)", `1.0 2.0 null`},
		{"JOINED(n > 0, CAST(2 AS SMALLINT), CAST(1.5 AS FLOAT), 'd')", `"false 2 1.5d" "true 2 1.5d" null`},
		{"LONGEST(phone, 'abc')", `"+43 660 123" null "0012"`},
		{"NULL_TEXT(phone)", `"some +43 660 123" "nothing" "some 0012"`},
		{"HIDE(n, 5)", `-7 null null`},
		{"HIDE(n, CAST(NULL AS INT))", `-7 30 null`},
		{"HEX_VALUE('fF')", `255 255 255`},
		{"HALF(n, n + 7)", `null 0 null`},
		{"FIRST_EVEN(n, 3, 4)", `4 30 null`},
		{"NEXT_DAY(ts)", `"2024-02-29 23:59:59.123" "1970-01-01 00:00:00.000" null`},
		{"NEXT_DAY(CAST(ts AS DATE))", `"2024-02-29 00:00:00.000" "1970-01-01 00:00:00.000" null`},
		{"NEXT_DATE(ts)", `"2024-02-29" "1970-01-01" null`},
		{"NEXT_MICRO(ts)", `"2024-02-28 23:59:59.123001" "1969-12-31 00:00:00.000001" null`},
		{"SHOW_TIME(ts)", `"2024-02-28T23:59:59.123Z" "1969-12-31T00:00:00Z" null`},
		{"SHOW_TIME(CAST(ts AS TIMESTAMP_LTZ(3)))", `"2024-02-28T23:59:59.123+01:00" "1969-12-31T00:00:00+01:00" null`},
		{"ts + TWICE_AS_LONG(INTERVAL '1' HOUR)", `"2024-02-29 01:59:59.123" "1969-12-31 02:00:00.000" null`},
		{"PRICE(12.345)", `1.23 1.23 1.23`},
		{"PRICE(n * 1000000)", `null null null`},
		{"SHOW_DECIMAL(CAST(n AS DECIMAL(10, 2)))", `"-7.00" "30.00" null`},
		{"CAST(REVERSED(CAST(phone AS BYTES)) AS STRING)", `"321 066 34+" null "2100"`},
		{"QUOTED(phone)", `"\"+43 660 123\"" null "\"0012\""`},
		{"INDENTED(phone, 2)", `"  +43 660 123" null "  0012"`},
		{"LEADING_BYTES('a€', 3)", "\"a\ufffd\ufffd\" \"a\ufffd\ufffd\" \"a\ufffd\ufffd\""}, // cut in the middle of a character
		{"LEADING_TEXT('a€', 3)", "\"a\ufffd\ufffd\" \"a\ufffd\ufffd\" \"a\ufffd\ufffd\""},
		{"SQUARE(n)", `49.0 900.0 null`},
		{"TEXT_PLUS(phone, 1)", `"+43 660 1231" null "00121"`},
		{"CASE WHEN n = 30 THEN 0 ELSE DIVIDED(210, n - 30) END", `-5 0 null`}, // isn't called where it would panic
	} {
		got, err := s.Collect(t.Context(), `SELECT `+c.expr+` AS r FROM (VALUES
			('+43 660 123', -7, TIMESTAMP '2024-02-28 23:59:59.123'), (NULL, 30, TIMESTAMP '1969-12-31 00:00:00'), ('0012', NULL, NULL)) AS t (phone, n, ts);`)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		for i := range got {
			got[i] = strings.TrimSuffix(strings.TrimPrefix(got[i], `{"op":"+I","data":{"r":`), "}}")
		}
		if strings.Join(got, " ") != strings.TrimSpace(c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.expr, strings.Join(got, " "), c.want)
		}
	}
}

// A function keeps what it was given, and it is still the same batches later.
func TestNativeKeepsStrings(t *testing.T) {
	kept := map[string]string{}
	s := open(t, engine.Options{MaxRows: 2, Settings: map[string]string{"parallelism.default": "1"}, Functions: []udf.Spec{
		udf.Scalar("KEEP", func(s string) int {
			kept[s] = s
			return len(kept)
		}, udf.NonDeterministic()),
	}})
	if _, err := s.Collect(t.Context(), `CREATE TEMPORARY TABLE t (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '20', 'fields.n.kind' = 'sequence', 'fields.n.start' = '100', 'fields.n.end' = '119');
		SELECT KEEP('row ' || CAST(n AS STRING)) FROM t;`); err != nil {
		t.Fatal(err)
	}
	for n := 100; n < 120; n++ {
		if key := fmt.Sprintf("row %d", n); kept[key] != key {
			t.Errorf("%q is kept as %q", key, kept[key])
		}
	}
}

// A call that doesn't fit is refused with its place and the function's signature.
func TestNativeMismatch(t *testing.T) {
	s := open(t, engine.Options{Functions: natives()})
	for _, c := range []struct{ sql, want string }{
		{"SELECT MASK_PHONE(5);", `
query:1:19: error: MASK_PHONE takes STRING here, found INT [invalid-call]
  1 | SELECT MASK_PHONE(5);
    |                   ^
  hint: usage: MASK_PHONE(phone STRING)
`},
		{"SELECT REPEAT_TEXT('a', CAST(1 AS BIGINT));", `
query:1:25: error: REPEAT_TEXT takes INT here, found BIGINT [invalid-call]
  1 | SELECT REPEAT_TEXT('a', CAST(1 AS BIGINT));
    |                         ^^^^^^^^^^^^^^^^^
  hint: usage: REPEAT_TEXT(STRING, INT)
`},
		{"SELECT CLAMP(1, 2);", `
query:1:8: error: CLAMP takes 3 arguments, found 2 [invalid-call]
  1 | SELECT CLAMP(1, 2);
    |        ^^^^^^^^^^^
  hint: usage: CLAMP(x DOUBLE, low DOUBLE, high DOUBLE)
`},
		{"SELECT CLAMP(low => 1, step => 2, high => 3);", `
query:1:24: error: CLAMP has no argument named "step" [invalid-call]
  1 | SELECT CLAMP(low => 1, step => 2, high => 3);
    |                        ^^^^^^^^^
  hint: usage: CLAMP(x DOUBLE, low DOUBLE, high DOUBLE)
`},
		{"SELECT CLAMP(low => 1, high => 3);", `
query:1:8: error: CLAMP lacks argument "x" [invalid-call]
  1 | SELECT CLAMP(low => 1, high => 3);
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: usage: CLAMP(x DOUBLE, low DOUBLE, high DOUBLE)
`},
		{"SELECT CLAMP(5, lo => 1, high => 3);", `
query:1:17: error: CLAMP has no argument named "lo" [invalid-call]
  1 | SELECT CLAMP(5, lo => 1, high => 3);
    |                 ^^^^^^^
  hint: did you mean "low"?
`},
		{"SELECT CLAMP(5, 1, x => 3);", `
query:1:20: error: argument "x" is given twice [invalid-call]
  1 | SELECT CLAMP(5, 1, x => 3);
    |                    ^^^^^^
  hint: usage: CLAMP(x DOUBLE, low DOUBLE, high DOUBLE)
`},
		{"SELECT LONGEST();", `
query:1:8: error: LONGEST takes 1 or more arguments, found 0 [invalid-call]
  1 | SELECT LONGEST();
    |        ^^^^^^^^^
  hint: usage: LONGEST(STRING, …)
`},
		{"SELECT SPAN(a, b) FROM (SELECT COUNT(*) AS a, b FROM (VALUES ('x')) AS t (b) GROUP BY b) AS u GROUP BY b;", `
query:1:8: error: SPAN can't take rows back, and Calc emits changes (I,UB,UA) [unsupported]
  1 | SELECT SPAN(a, b) FROM (SELECT COUNT(*) AS a, b FROM (VALUES ('x')) AS t (b) GROUP BY b) AS u GROUP BY b;
    |        ^^^^^^^^^^
  hint: give the function a Retract, or aggregate rows that are only added
`},
		{"SELECT SPAN(n, 'x') OVER (ORDER BY p ROWS 2 PRECEDING) FROM (SELECT 1 AS n, PROCTIME() AS p) AS t;", `
query:1:8: error: SPAN can't take back the rows that leave the frame [unsupported]
  1 | SELECT SPAN(n, 'x') OVER (ORDER BY p ROWS 2 PRECEDING) FROM (SELECT 1 AS n, PROCTIME() AS p) AS t;
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: give the function a Retract, or let the frame begin with UNBOUNDED PRECEDING
`},
	} {
		_, err := s.Collect(t.Context(), c.sql)
		if err == nil || err.Error() != c.want[1:] {
			t.Errorf("%s\n got %v\nwant %s", c.sql, err, c.want[1:])
		}
	}
}

func TestNativeTables(t *testing.T) {
	s := open(t, engine.Options{Functions: natives(), Settings: map[string]string{"parallelism.default": "1"}})
	for _, c := range []struct{ sql, want string }{
		{"SELECT s, word, place FROM (VALUES ('to be'), (NULL), (''), ('or')) AS t (s), LATERAL TABLE(WORDS_OF(s))",
			`{"s":"to be","word":"to","place":1} {"s":"to be","word":"be","place":2} {"s":"or","word":"or","place":1}`},
		{"SELECT n, w FROM (VALUES ('a'), (NULL)) AS t (s) LEFT JOIN LATERAL TABLE(WORDS_OF(s)) AS x (w, n) ON TRUE",
			`{"n":1,"w":"a"} {"n":null,"w":null}`},
		{"SELECT start_of FROM (VALUES ('a€')) AS t (s), LATERAL TABLE(START_OF(s, 3))", "{\"start_of\":\"a\ufffd\ufffd\"}"},
		{"SELECT a, count_to FROM (VALUES (2), (5)) AS t (a), LATERAL TABLE(COUNT_TO(a, 3))",
			`{"a":2,"count_to":2} {"a":2,"count_to":3}`},
	} {
		got, err := s.Collect(t.Context(), c.sql+";")
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		for i := range got {
			got[i] = strings.TrimSuffix(strings.TrimPrefix(got[i], `{"op":"+I","data":`), "}")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, strings.Join(got, " "), c.want)
		}
	}
}

func TestNativeAggregates(t *testing.T) {
	for _, rows := range []int{1, 1000} {
		s := open(t, engine.Options{Functions: natives(), MaxRows: rows, Settings: map[string]string{"parallelism.default": "1"}})
		for _, c := range []struct {
			sql  string
			want []string
		}{
			{`SELECT SPAN(n, name) AS r, TOTAL(n) AS s, TOTAL(DISTINCT n) AS d, TOTAL(n) FILTER (WHERE n > 100) AS f FROM t`,
				[]string{`{"op":"+I","data":{"r":"1..3 of a+b","s":13,"d":11,"f":null}}`}},
			{`SELECT TOTAL(c) AS r FROM (SELECT name, COUNT(*) AS c FROM t GROUP BY name) AS u`, // takes rows back
				[]string{`{"op":"+I","data":{"r":6}}`}},
			{`SELECT window_end AS e, SPAN(n, name) AS r FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end`,
				[]string{
					`{"op":"+I","data":{"e":"2024-01-01 00:00:05.000","r":"1..2 of a+b"}}`,
					`{"op":"+I","data":{"e":"2024-01-01 00:00:10.000","r":"1..2 of a+b"}}`,
					`{"op":"+I","data":{"e":"2024-01-01 00:00:15.000","r":"3..3 of a"}}`,
					`{"op":"+I","data":{"e":"2024-01-01 00:00:20.000","r":"2..3 of a"}}`,
					`{"op":"+I","data":{"e":"2024-01-01 00:00:25.000","r":"2..2 of a"}}`,
				}},
			{`SELECT n, TOTAL(n) OVER (ORDER BY ts ROWS 1 PRECEDING) AS r FROM (SELECT n, ts FROM t WHERE n < 5) AS u`, // and here
				[]string{
					`{"op":"+I","data":{"n":1,"r":1}}`,
					`{"op":"+I","data":{"n":2,"r":3}}`,
					`{"op":"+I","data":{"n":3,"r":5}}`,
					`{"op":"+I","data":{"n":2,"r":5}}`,
				}},
			{`SELECT SESSION_END(ts, INTERVAL '4' SECOND) AS e, SPAN(n, name) AS r FROM t GROUP BY SESSION(ts, INTERVAL '4' SECOND)`,
				[]string{
					`{"op":"+I","data":{"e":"2024-01-01 00:00:08.000","r":"1..2 of a+b"}}`,
					`{"op":"+I","data":{"e":"2024-01-01 00:00:19.000","r":"2..3 of a"}}`,
				}},
		} {
			got, err := s.Collect(t.Context(), `CREATE TEMPORARY TABLE IF NOT EXISTS t (n BIGINT, name STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '10' SECOND)
				WITH ('connector' = 'filesystem', 'path' = 'testdata/spans.jsonl', 'format' = 'json');
				`+c.sql+";")
			if err != nil {
				t.Error(err)
				continue
			}
			if len(c.want) == 1 { // the last one of a row that changes
				got = []string{strings.Replace(got[len(got)-1], "+U", "+I", 1)}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, batches of %d\n got %s\nwant %s", c.sql, rows, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	}
}
