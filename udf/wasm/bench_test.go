package wasm_test

import (
	"fmt"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// batch is how many rows a call computes.
const batch = 4096

func benchmarkScalar(b *testing.B, l *udf.Loaded, args ...*types.Vector) {
	s, err := bind(l, args...)
	if err != nil {
		b.Fatal(err)
	}
	out := types.NewVector(s.Result)
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		out.Resize(batch)
		if err := s.Eval(nil, args, out, batch); err != nil {
			b.Fatal(err)
		}
		rows += batch
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func longs() *types.Vector {
	v := types.NewVector(types.BigIntType)
	for i := range batch {
		v.AppendValue(int64(i))
	}
	return v
}

func phones() *types.Vector {
	v := types.NewVector(types.StringType)
	for i := range batch {
		v.AppendString(fmt.Sprintf("+49 170 %012d", i))
	}
	return v
}

func BenchmarkGoBigint(b *testing.B) {
	benchmarkScalar(b, load(b, host(b), "add_one", defaults), longs())
}

func BenchmarkGoString(b *testing.B) {
	benchmarkScalar(b, load(b, host(b), "mask_phone", defaults), phones())
}

func BenchmarkGoUpper(b *testing.B) {
	benchmarkScalar(b, load(b, host(b), "shout", defaults), phones())
}

// BenchmarkStart is what a session waits for a function that has been compiled before: a new host, the function, its first
// call.
func BenchmarkStart(b *testing.B) {
	args := []*types.Vector{column(types.BigIntType, int64(1))}
	for b.Loop() {
		h := host(b)
		s, err := bind(load(b, h, "add_one", defaults), args...)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := evaluate(s, args...); err != nil {
			b.Fatal(err)
		}
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
