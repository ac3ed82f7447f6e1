package wasm_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func bad(t testing.TB, name string, limits udf.Limits) (*udf.Loaded, error) {
	t.Helper()
	return host(t).Module()(udf.Source{Name: name, Text: "file:bad.wasm", Dir: "testdata", Limits: limits})
}

// Modules that break the rules: every one is an error of the function, and of the row if the module says which.
func TestBadModules(t *testing.T) {
	args := column(types.BigIntType, int64(1), int64(0))
	short := udf.Limits{Memory: 8 << 20, Time: 300 * time.Millisecond}
	for _, c := range []struct {
		name string
		row  int // -1: none
		want string
	}{
		{"forever", 1, "the function did not end within 300ms (weir.udf.timeout)"},
		{"recurse", 0, "stack overflow"},
		{"hog", 0, "the function needs more than 8 MB of memory (weir.udf.memory-limit): it asked for 9 MB"},
		{"crash", 1, "integer divide by zero"},
		{"status", -1, "the function returned the status 7; 0 and 1 have a meaning"},
		{"mumble", -1, "the module's error message is at 4294967040 to 4294971040, its memory ends at "},
		{"blame", -1, "it was nobody"},
		{"wild", -1, "the module's result's bytes is at 4294967040 to 4294971040, its memory ends at "},
		{"falling", -1, "the result's offset 2 is 2, after 4 and of 6 bytes; offsets begin at 0 and never fall"},
		{"latin", 1, "the result is not valid UTF-8; give BYTES instead of STRING"},
		{"halves", 0, "the result is not valid UTF-8; give BYTES instead of STRING"},
		{"lost", -1, "the module's result is at 4294967280 to 4294967296, its memory ends at "},
	} {
		limits := short
		if c.name != "forever" { // on a busy machine, too, they fail by what they do
			limits.Time = 30 * time.Second
		}
		l, err := bad(t, c.name, limits)
		if err != nil {
			t.Fatal(err)
		}
		s, err := bind(l, args)
		if err != nil {
			t.Fatal(err)
		}
		_, err = evaluate(s, args)
		row := -1
		var re *udf.RowError
		if errors.As(err, &re) {
			row = re.Row
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || row != c.row {
			t.Errorf("%s fails with %q in row %d, want %q in row %d", c.name, err, row, c.want, c.row)
		}
	}

	l, err := bad(t, "fourth", defaults)
	if err != nil {
		t.Fatal(err)
	}
	s, err := bind(l, args)
	if err != nil {
		t.Fatal(err)
	}
	got, err := evaluate(s, args)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "fourth", got, false, true)

	if _, err := bad(t, "good", udf.Limits{Memory: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	l, err = bad(t, "good", udf.Limits{Memory: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = bind(l, args); err != nil {
		t.Fatal(err)
	}
	if _, err := evaluate(s, args); err == nil || !strings.Contains(err.Error(), "the module begins with 1 MB of memory, weir.udf.memory-limit is 1 MB") {
		t.Errorf("a module that begins with more than it may have: %v", err)
	}
}
