package wasm_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// slug makes a function of the example in Rust, whose module is kept in the repository.
func slug(t testing.TB, name string) *udf.Loaded {
	t.Helper()
	l, err := host(t).Module()(udf.Source{Name: name, Text: "file:slug.wasm", Dir: filepath.Join("..", "..", "queries", "examples", "udf-wasm"), Limits: defaults})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The example in Rust.
func TestRust(t *testing.T) {
	titles := column(types.StringType, "Hello, World!", nil, "", "  2 + 2 = 4")
	s, err := bind(slug(t, "slug"), titles)
	if err != nil {
		t.Fatal(err)
	}
	got, err := evaluate(s, titles)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "slug", got, "hello-world", nil, "", "2-2-4")

	l := slug(t, "root_mean_square")
	bound, err := l.Spec.Aggregate(&udf.Call{Name: "root_mean_square", Args: []udf.Arg{{Type: types.DoubleType}}})
	if err != nil {
		t.Fatal(err)
	}
	a := bound.New(true)
	a.Grow(2)
	v := column(types.DoubleType, 1.0, 7.0, nil, 3.0)
	a.Add([]int32{0, 0, 0, 0}, []*types.Vector{v}, nil)
	a.Retract([]int32{0}, []*types.Vector{v}, []int32{3})
	if _, err := a.Decode(1, a.Encode(nil, 0)); err != nil {
		t.Fatal(err)
	}
	equal(t, "root mean square", results(a, bound.Result, 0, 1), 5.0, 5.0)
	a.Add([]int32{0}, []*types.Vector{column(types.DoubleType, math.Inf(1))}, nil)
	if err := failure(a); err == nil || err.Error() != "the root mean square is of finite numbers, found inf" {
		t.Errorf("error %v", err)
	}
}

func BenchmarkRustBigint(b *testing.B) { benchmarkScalar(b, slug(b, "half"), longs()) }

func BenchmarkRustString(b *testing.B) { benchmarkScalar(b, slug(b, "slug"), phones()) }
