package number

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// The expected values are what Flink 1.20.3 on Java 17 prints; oracle/testdata/casts.golden has them.
func TestAppendFloat64(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", 0.1: "0.1", 1.5: "1.5", 100: "100.0", 1234567: "1234567.0", 9999999: "9999999.0",
		10000000: "1.0E7", 12345678.9: "1.23456789E7", 0.001: "0.001", 0.0009: "9.0E-4", 1e-5: "1.0E-5", 1e21: "1.0E21",
		math.MaxFloat64: "1.7976931348623157E308", 4.9e-324: "4.9E-324", 2.2250738585072014e-308: "2.2250738585072014E-308",
		2.2e-322: "2.2E-322", 1.7e-310: "1.7E-310", 3.141592653589793: "3.141592653589793", 9007199254740993: "9.007199254740992E15",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity", -1e10: "-1.0E10",
	} {
		if got := string(AppendFloat64(nil, f)); got != want {
			t.Errorf("%g prints as %s, want %s", f, got, want)
		}
	}
	if got := string(AppendFloat64(nil, math.NaN())); got != "NaN" {
		t.Errorf("NaN prints as %s", got)
	}
	if got := string(AppendFloat64(nil, math.Copysign(0, -1))); got != "-0.0" {
		t.Errorf("negative zero prints as %s", got)
	}
}

// Of these, Java 17 prints one in more digits than needed: 1.17549435E-38.
func TestAppendFloat32(t *testing.T) {
	for f, want := range map[float32]string{
		0.1: "0.1", 1.1: "1.1", 16777216: "1.6777216E7", 1e7: "1.0E7", 9999999: "9999999.0", math.MaxFloat32: "3.4028235E38",
		1.4e-45: "1.4E-45", 2.8e-45: "2.8E-45", 1.3e-43: "1.3E-43", 1.17549435e-38: "1.1754944E-38", 0.001: "0.001", 1e-4: "1.0E-4", 1e10: "1.0E10",
	} {
		if got := string(AppendFloat32(nil, f)); got != want {
			t.Errorf("%g prints as %s, want %s", f, got, want)
		}
	}
}

func TestFloatTextReadsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		f := math.Float64frombits(r.Uint64())
		s := string(AppendFloat64(nil, f))
		if back, ok := ParseFloat(s, 64); !ok || back != f && f == f {
			t.Fatalf("%g prints as %s, which reads as %g, %v", f, s, back, ok)
		}
		g := math.Float32frombits(r.Uint32())
		s = string(AppendFloat32(nil, g))
		if back, ok := ParseFloat(s, 32); !ok || float32(back) != g && g == g {
			t.Fatalf("%g prints as %s, which reads as %g, %v", g, s, back, ok)
		}
	}
}

func TestParseFloat(t *testing.T) {
	for s, want := range map[string]float64{
		"1": 1, "+5": 5, " 12 ": 12, "\t12": 12, "007": 7, "1.": 1, ".5": 0.5, "1e3": 1000, "1.e5": 1e5, "1d": 1, "1f": 1, "1e5d": 1e5,
		"0x1p3": 8, "0x.8p1": 1, "0x1p3d": 8, "1e400": math.Inf(1), "-1e400": math.Inf(-1), "1e-400": 0, "Infinity": math.Inf(1),
		"+Infinity": math.Inf(1), "-Infinity": math.Inf(-1),
	} {
		if f, ok := ParseFloat(s, 64); !ok || f != want {
			t.Errorf("ParseFloat(%q) = %v, %v, want %v", s, f, ok, want)
		}
	}
	for _, s := range []string{
		"", " ", "-", ".", "abc", "1 2", "0x1F", "1_000", "12L", "true", "inf", "nan", "infinity", "Inf", "1e", "0x1", "0x1_0p3", "d", "-f", "--1", "1e+", "1-", "0x",
	} {
		if f, ok := ParseFloat(s, 64); ok {
			t.Errorf("ParseFloat(%q) = %v, want a refusal", s, f)
		}
	}
	for _, s := range []string{"NaN", "+NaN", "NaN "} {
		if f, ok := ParseFloat(s, 64); !ok || f == f {
			t.Errorf("ParseFloat(%q) = %v, %v, want NaN", s, f, ok)
		}
	}
}

func TestToInt(t *testing.T) {
	for _, tt := range []struct {
		f   float64
		i32 int32
		i64 int64
	}{
		{1.9, 1, 1}, {-1.9, -1, -1}, {1e10, math.MaxInt32, 1e10}, {1e20, math.MaxInt32, math.MaxInt64},
		{-1e20, math.MinInt32, math.MinInt64}, {math.NaN(), 0, 0}, {math.Inf(1), math.MaxInt32, math.MaxInt64},
		{math.Inf(-1), math.MinInt32, math.MinInt64}, {9223372036854775807, math.MaxInt32, math.MaxInt64},
	} {
		if got := ToInt32(tt.f); got != tt.i32 {
			t.Errorf("(int) %g = %d, want %d", tt.f, got, tt.i32)
		}
		if got := ToInt64(tt.f); got != tt.i64 {
			t.Errorf("(long) %g = %d, want %d", tt.f, got, tt.i64)
		}
	}
}

func TestParseInt(t *testing.T) {
	for _, tt := range []struct {
		s           string
		bits        int
		n           int64
		valid, fits bool
	}{
		{"0", 8, 0, true, true}, {"127", 8, 127, true, true}, {"128", 8, 0, true, false}, {"-128", 8, -128, true, true},
		{"-129", 8, 0, true, false}, {"+5", 8, 5, true, true}, {"007", 8, 7, true, true}, {"1.5", 8, 1, true, true},
		{"-1.9", 8, -1, true, true}, {"1.", 8, 1, true, true}, {".5", 8, 0, true, true}, {"1.x", 32, 0, false, false},
		{"1.2.3", 32, 0, false, false}, {"", 32, 0, false, false}, {"-", 32, 0, false, false}, {"abc", 32, 0, false, false},
		{"1e3", 32, 0, false, false}, {"1 2", 32, 0, false, false}, {"12L", 32, 0, false, false},
		{"9223372036854775807", 64, math.MaxInt64, true, true}, {"9223372036854775808", 64, 0, true, false},
		{"-9223372036854775808", 64, math.MinInt64, true, true}, {"-9223372036854775809", 64, 0, true, false},
		{"99999999999999999999999999", 64, 0, true, false}, {"18446744073709551617", 64, 0, true, false},
	} {
		n, valid, fits := ParseInt(tt.s, tt.bits)
		if valid != tt.valid || valid && fits != tt.fits || fits && n != tt.n {
			t.Errorf("ParseInt(%q, %d) = %d, %v, %v, want %d, %v, %v", tt.s, tt.bits, n, valid, fits, tt.n, tt.valid, tt.fits)
		}
	}
}

func BenchmarkAppendFloat64(b *testing.B) {
	values := []float64{0.1, 1234.5678, 100, 3.141592653589793, 1e21, 42.5}
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		buf = AppendFloat64(buf[:0], values[i%len(values)])
		i++
	}
	bytesSink = buf
}

func BenchmarkStrconvFloat64(b *testing.B) {
	values := []float64{0.1, 1234.5678, 100, 3.141592653589793, 1e21, 42.5}
	buf := make([]byte, 0, 64)
	i := 0
	for b.Loop() {
		buf = strconv.AppendFloat(buf[:0], values[i%len(values)], 'g', -1, 64)
		i++
	}
	bytesSink = buf
}

var bytesSink []byte
