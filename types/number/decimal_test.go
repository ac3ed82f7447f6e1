package number

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// dec reads a decimal of the largest precision.
func dec(t *testing.T, s string, scale int) decimal128.Num {
	t.Helper()
	x, valid, fits := ParseDecimal(s, MaxPrecision, scale)
	if !valid || !fits {
		t.Fatalf("ParseDecimal(%q, 38, %d) = valid %v, fits %v", s, scale, valid, fits)
	}
	return x
}

func text(x decimal128.Num, scale int, ok bool) string {
	if !ok {
		return "NULL"
	}
	return string(AppendDecimal(nil, x, scale))
}

// The expected values are what Flink 1.20.3 answers; oracle/testdata/arithmetic.golden has them.
func TestArithmetic(t *testing.T) {
	type operation func(decimal128.Num, int, decimal128.Num, int, int, int) (decimal128.Num, bool)
	nines := "99999999999999999999999999999999999999"
	for _, tt := range []struct {
		name             string
		op               operation
		a                string
		aScale           int
		b                string
		bScale           int
		precision, scale int
		want             string
	}{
		{"plus", Add, "1.00", 2, "3.000", 3, 13, 3, "4.000"},
		{"plus, scale given up", Add, "1", 10, "3", 15, 38, 9, "4.000000000"},
		{"plus, too large", Add, nines, 0, "1", 0, 38, 0, "NULL"},
		{"plus, carries", Add, "99999999.99", 2, "0.01", 2, 11, 2, "100000000.00"},
		{"minus", Subtract, "1.00", 2, "3.000", 3, 13, 3, "-2.000"},
		{"minus, too large", Subtract, nines, 0, "-1", 0, 38, 0, "NULL"},
		{"times", Multiply, "99999999.99", 2, "99999999.99", 2, 21, 4, "9999999998000000.0001"},
		{"times, rounded", Multiply, "12345678901234567890.123456789012345678", 18, "1", 18, 38, 6, "12345678901234567890.123457"},
		{"times, more than 128 bits", Multiply, "12345678901234567890.123456789012345678", 18, "12345678901234567890.5", 18, 38, 6, "NULL"},
		{"times, nothing left", Multiply, "0.000000000000000001", 18, "0.5", 18, 38, 6, "0.000000"},
		{"times, too large", Multiply, nines, 0, "10", 0, 38, 0, "NULL"},
		{"divide", Divide, "2.00", 2, "3.00", 2, 23, 13, "0.6666666666667"},
		{"divide, negative", Divide, "-2.00", 2, "7.00", 2, 23, 13, "-0.2857142857143"},
		{"divide, wide", Divide, "1", 18, "3", 18, 38, 6, "0.333333"},
		{"divide, too large", Divide, nines, 0, "0.1", 1, 38, 6, "NULL"},
		{"divide, by a larger scale", Divide, "1.00", 2, "3", 16, 38, 6, "0.333333"},
		{"modulo", Modulo, "-7.50", 2, "2.25", 2, 10, 2, "-0.75"},
		{"modulo, two scales", Modulo, "3.00", 2, "5.00", 4, 12, 4, "3.0000"},
		{"modulo, wide", Modulo, "2.5", 18, "2", 18, 38, 18, "0.500000000000000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, ok := tt.op(dec(t, tt.a, tt.aScale), tt.aScale, dec(t, tt.b, tt.bScale), tt.bScale, tt.precision, tt.scale)
			if got := text(x, tt.scale, ok); got != tt.want {
				t.Errorf("%s, %s = %s, want %s", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

// Whatever path the 128-bit code takes, the result is that of exact integers.
func TestArithmeticAgreesWithBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	number := func() decimal128.Num {
		n := new(big.Int)
		for range 1 + r.IntN(MaxPrecision) {
			n.Mul(n, big.NewInt(10)).Add(n, big.NewInt(int64(r.IntN(10))))
		}
		if r.IntN(2) == 0 {
			n.Neg(n)
		}
		return decimal128.FromBigInt(n)
	}
	for range 20_000 {
		a, b := number(), number()
		as, bs, scale := r.IntN(20), r.IntN(20), r.IntN(20)
		x, y := alignBig(a, as, b, bs)
		check := func(name string, want *big.Int, from int, got decimal128.Num, ok bool) {
			t.Helper()
			w, fits := round(want, from, MaxPrecision, scale)
			if fits != ok || ok && w != got {
				t.Fatalf("%s %v/%d, %v/%d at scale %d = %v %v, want %v %v", name, a.BigInt(), as, b.BigInt(), bs, scale,
					got.BigInt(), ok, w.BigInt(), fits)
			}
		}
		got, ok := Add(a, as, b, bs, MaxPrecision, scale)
		check("add", new(big.Int).Add(x, y), max(as, bs), got, ok)
		got, ok = Multiply(a, as, b, bs, MaxPrecision, scale)
		check("multiply", new(big.Int).Mul(a.BigInt(), b.BigInt()), as+bs, got, ok)
		if b.Sign() != 0 {
			got, ok = Modulo(a, as, b, bs, MaxPrecision, scale)
			check("modulo", new(big.Int).Rem(x, y), max(as, bs), got, ok)
			got, ok = Divide(a, as, b, bs, MaxPrecision, scale)
			want, wantOK := divideBig(a, as, b, bs, MaxPrecision, scale)
			if ok != wantOK || ok && got != want {
				t.Fatalf("divide %v/%d, %v/%d at scale %d = %v %v, want %v %v", a.BigInt(), as, b.BigInt(), bs, scale,
					got.BigInt(), ok, want.BigInt(), wantOK)
			}
		}
		if got, want := Compare(a, as, b, bs), x.Cmp(y); got != want {
			t.Fatalf("compare %v/%d, %v/%d = %d, want %d", a.BigInt(), as, b.BigInt(), bs, got, want)
		}
		got, ok = Rescale(a, as, MaxPrecision, scale)
		check("rescale", a.BigInt(), as, got, ok)
		if s := string(AppendDecimal(nil, a, as)); dec(t, s, as) != a {
			t.Fatalf("%v/%d prints as %s", a.BigInt(), as, s)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, tt := range []struct {
		s                string
		precision, scale int
		want             string
	}{
		{"1.005", 10, 2, "1.01"},
		{"-1.005", 10, 2, "-1.01"},
		{"1.004", 10, 2, "1.00"},
		{"1e5", 10, 2, "100000.00"},
		{"1E-1", 10, 2, "0.10"},
		{"1e10", 10, 2, "overflow"},
		{"+1.5", 10, 2, "1.50"},
		{".5", 10, 2, "0.50"},
		{"1.", 10, 2, "1.00"},
		{"1,000", 10, 2, "invalid"},
		{"- 1", 10, 2, "invalid"},
		{"", 10, 2, "invalid"},
		{"-", 10, 2, "invalid"},
		{".", 10, 2, "invalid"},
		{"1.2.3", 10, 2, "invalid"},
		{"1e", 10, 2, "invalid"},
		{"0x1F", 10, 2, "invalid"},
		{"00000000000000000000001", 10, 2, "1.00"},
		{"0.1234567890123456785", 38, 18, "0.123456789012345679"},
		{"12345678901234567890.5", 38, 18, "12345678901234567890.500000000000000000"},
		{"123456789012345678901", 38, 18, "overflow"},
		{"123456789012345678901234567890123456789012345", 38, 0, "overflow"},
		{"0.123456789012345678901234567890123456789012345", 38, 3, "0.123"},
		{"-123456789012345678901234567890123456789012345e-20", 38, 2, "-1234567890123456789012345.68"},
		{"1e999999999999", 38, 0, "overflow"},
		{"1e-999999999999", 38, 0, "0"},
		{"0e999999999999", 38, 0, "0"},
		{"9.5", 1, 0, "overflow"},
	} {
		x, valid, fits := ParseDecimal(tt.s, tt.precision, tt.scale)
		got := string(AppendDecimal(nil, x, tt.scale))
		switch {
		case !valid:
			got = "invalid"
		case !fits:
			got = "overflow"
		}
		if got != tt.want {
			t.Errorf("ParseDecimal(%q, %d, %d) = %s, want %s", tt.s, tt.precision, tt.scale, got, tt.want)
		}
	}
}

func TestFloorCeilTruncate(t *testing.T) {
	for _, tt := range []struct{ s, floor, ceil, cut string }{
		{"2.10", "2", "3", "2.1"},
		{"-2.10", "-3", "-2", "-2.1"},
		{"-2.00", "-2", "-2", "-2.0"},
		{"0.09", "0", "1", "0.0"},
		{"-0.09", "-1", "0", "0.0"},
	} {
		x := dec(t, tt.s, 2)
		if got := text(Floor(x, 2), 0, true); got != tt.floor {
			t.Errorf("floor of %s is %s, want %s", tt.s, got, tt.floor)
		}
		if got := text(Ceil(x, 2), 0, true); got != tt.ceil {
			t.Errorf("ceiling of %s is %s, want %s", tt.s, got, tt.ceil)
		}
		cut, ok := Truncate(x, 2, 10, 1)
		if got := text(cut, 1, ok); got != tt.cut {
			t.Errorf("%s cut to one digit is %s, want %s", tt.s, got, tt.cut)
		}
	}
}

func TestDecimalConversions(t *testing.T) {
	nines := dec(t, "99999999999999999999999999999999999999", 0)
	if got := Int64(nines, 0); got != 687399551400673279 {
		t.Errorf("low 64 bits of 38 nines are %d, want 687399551400673279", got)
	}
	if got := Int64(dec(t, "-1.99", 2), 2); got != -1 {
		t.Errorf("-1.99 as integer is %d, want -1", got)
	}
	if got := Float64(nines, 38, 0); got != 1e38 {
		t.Errorf("38 nines as double are %v, want 1e38", got)
	}
	if got := Float64(dec(t, "1234567890123456789.123", 3), 22, 3); got != 1.23456789012345677e18 {
		t.Errorf("as double %v, want 1.23456789012345677e18", got)
	}
	for _, tt := range []struct {
		f                float64
		precision, scale int
		want             string
	}{
		{1.005, 10, 2, "1.01"}, {1.25, 10, 1, "1.3"}, {1e10, 10, 2, "NULL"}, {math.Copysign(0, -1), 10, 2, "0.00"},
		{float64(float32(1.9)), 38, 18, "1.899999976158142000"}, {1.7976931348623157e308, 38, 0, "NULL"}, {5e-324, 38, 18, "0.000000000000000000"},
	} {
		x, ok := FromFloat64(tt.f, tt.precision, tt.scale)
		if got := text(x, tt.scale, ok); got != tt.want {
			t.Errorf("%v as DECIMAL(%d, %d) is %s, want %s", tt.f, tt.precision, tt.scale, got, tt.want)
		}
	}
}

func BenchmarkDecimal(b *testing.B) {
	x, y := decimal128.FromI64(1234567890123), decimal128.FromI64(98765432)
	for _, bb := range []struct {
		name string
		op   func() (decimal128.Num, bool)
	}{
		{"add", func() (decimal128.Num, bool) { return Add(x, 4, y, 2, 20, 4) }},
		{"multiply", func() (decimal128.Num, bool) { return Multiply(x, 4, y, 2, 38, 6) }},
		{"divide", func() (decimal128.Num, bool) { return Divide(x, 4, y, 2, 38, 8) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink, _ = bb.op()
			}
		})
	}
}

var sink decimal128.Num
