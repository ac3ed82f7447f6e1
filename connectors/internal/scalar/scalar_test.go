package scalar

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
)

// Java's Double.toString and Float.toString (JDK 19 and later, which print the shortest text).
func TestAppendFloat(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", -1.5: "-1.5", 100: "100.0", 1e7: "1.0E7", 9999999: "9999999.0", 12345678.5: "1.23456785E7",
		0.001: "0.001", 0.0001: "1.0E-4", 1.5e-10: "1.5E-10", -2e300: "-2.0E300",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := string(AppendFloat(nil, f, 64)); got != want {
			t.Errorf("%g is %s, want %s", f, got, want)
		}
	}
	if got := string(AppendFloat(nil, math.Copysign(0, -1), 64)); got != "-0.0" {
		t.Errorf("-0 is %s", got)
	}
	if got := string(AppendFloat(nil, float64(float32(33.333)), 32)); got != "33.333" {
		t.Errorf("a float is %s", got)
	}
}

func TestAppendDecimal(t *testing.T) {
	num := func(s string) decimal128.Num {
		n, err := decimal128.FromString(s, 38, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		n                           string
		scale                       int
		plain, stripped, scientific string
	}{
		{"0", 0, "0", "0", "0"},
		{"0", 2, "0.00", "0", "0"},
		{"120", 2, "1.20", "1.2", "1.2"},
		{"-5", 2, "-0.05", "-0.05", "-0.05"},
		{"10000", 2, "100.00", "100", "1E+2"},
		{"27", 9, "0.000000027", "0.000000027", "2.7E-8"},
		{"1", 6, "0.000001", "0.000001", "0.000001"},
		{"1", 7, "0.0000001", "0.0000001", "1E-7"},
		{"12345678901234567890123456789012345678", 10, "1234567890123456789012345678.9012345678",
			"1234567890123456789012345678.9012345678", "1234567890123456789012345678.9012345678"},
		{"-99999999999999999999999999999999999999", 0, "-99999999999999999999999999999999999999",
			"-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"},
		{"10000000000000000000", 0, "10000000000000000000", "10000000000000000000", "1E+19"},
		{"100000000000000000000000000000000000000", 38, "1.00000000000000000000000000000000000000", "1", "1"},
	} {
		var n decimal128.Num
		if c.n == "100000000000000000000000000000000000000" {
			n = num("10000000000000000000").Mul(num("10000000000000000000"))
		} else {
			n = num(c.n)
		}
		if got := string(AppendDecimal(nil, n, c.scale)); got != c.plain {
			t.Errorf("%s/%d: %s, want %s", c.n, c.scale, got, c.plain)
		}
		if got := string(AppendDecimalStripped(nil, n, c.scale, false)); got != c.stripped {
			t.Errorf("%s/%d stripped: %s, want %s", c.n, c.scale, got, c.stripped)
		}
		if got := string(AppendDecimalStripped(nil, n, c.scale, true)); got != c.scientific {
			t.Errorf("%s/%d scientific: %s, want %s", c.n, c.scale, got, c.scientific)
		}
	}
}

// Every text is read at a scale and printed again with all its digits.
func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		text             string
		precision, scale int
		want             string // "" is no number, "NULL" doesn't fit
	}{
		{"1.005", 10, 2, "1.01"}, {"1.00499999999999999999999999999", 10, 2, "1.00"}, {"-0.005", 10, 2, "-0.01"},
		{"0.0049", 10, 2, "0.00"}, {".5", 10, 0, "1"}, {"5.", 10, 1, "5.0"}, {"+7", 10, 0, "7"}, {"00012", 2, 0, "12"},
		{"99.995", 4, 2, "NULL"}, {"99.994999999999999999999", 4, 2, "99.99"}, {"100", 4, 2, "NULL"},
		{"12345678901234567890123456789012345678", 38, 0, "12345678901234567890123456789012345678"},
		{"99999999999999999999999999999999999999.5", 38, 0, "NULL"},
		{"99999999999999999999999999999999999999.4", 38, 0, "99999999999999999999999999999999999999"},
		{"1e37", 38, 0, "10000000000000000000000000000000000000"}, {"1e38", 38, 0, "NULL"}, {"1E-2", 5, 2, "0.01"},
		{"123456789012345678901e-20", 5, 2, "1.23"}, {"18446744073709551615", 20, 0, "18446744073709551615"},
		{"9999999999999999999.95", 38, 1, "10000000000000000000.0"}, {"0e99999", 5, 2, "0.00"},
		{"", 5, 2, ""}, {".", 5, 2, ""}, {"-", 5, 2, ""}, {"1e", 5, 2, ""}, {"1.2.3", 5, 2, ""}, {"1 ", 5, 2, ""}, {"1e99999999999", 5, 2, ""},
	} {
		n, fits, ok := Decimal([]byte(c.text), c.precision, c.scale)
		got := string(AppendDecimal(nil, n, c.scale))
		if !ok {
			got = ""
		} else if !fits {
			got = "NULL"
		}
		if got != c.want {
			t.Errorf("%q as DECIMAL(%d, %d): %q, want %q", c.text, c.precision, c.scale, got, c.want)
		}
	}
}

// The shortcut for a known minute reads the same as the long way, and nothing that the long way refuses.
func TestTimestampShortcut(t *testing.T) {
	for _, typ := range []types.Type{types.TimestampType(3), types.TimestampType(6), types.TimestampType(9), types.TimestampLTZType(3)} {
		warm, cold := NewTimestamps(typ, false), NewTimestamps(typ, false)
		suffix := ""
		if typ.Kind == types.TimestampLTZ {
			suffix = "Z"
		}
		hits := 0
		check := func(text string) {
			warm.Parse([]byte("2023-08-22 13:46:00" + suffix))
			quoted := append([]byte(text), `"   `...)
			ticks, next := warm.Quoted(quoted, 0)
			if next == 0 {
				return
			}
			hits++
			if want, ok := cold.Parse([]byte(text)); !ok || ticks != want || next != len(text)+1 {
				t.Fatalf("%s %q: %d behind %d, want %d %v", typ, text, ticks, next, want, ok)
			}
		}
		base := "2023-08-22 13:46:30.123" + suffix
		for i := range base {
			for c := range 256 {
				changed := []byte(base)
				changed[i] = byte(c)
				check(string(changed))
			}
		}
		if hits < 6+5*10 {
			t.Errorf("%s: %d hits", typ, hits)
		}
	}
}
