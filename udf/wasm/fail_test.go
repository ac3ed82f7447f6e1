package wasm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// What a function does wrong is an error that names the row, if there is one, and the limit, if it was one; the next call
// works.
func TestGoFailures(t *testing.T) {
	h := host(t)
	long := func(values ...any) *types.Vector { return column(types.BigIntType, values...) }
	for _, c := range []struct {
		name   string
		limits udf.Limits
		args   []*types.Vector
		row    int
		want   string
	}{
		{"positive", defaults, []*types.Vector{long(int64(1), nil, int64(0))}, 2, "it is not positive"},
		{"at", defaults, []*types.Vector{column(types.StringType, "abc", "ab"), long(int64(2), int64(5))}, 1,
			"the function panicked: runtime error: slice bounds out of range [:6] with length 2"},
		{"forever", udf.Limits{Memory: 64 << 20, Time: 300 * time.Millisecond}, []*types.Vector{long(nil, int64(1))}, 1,
			"the function did not end within 300ms (weir.udf.timeout)"},
		{"fib", udf.Limits{Memory: 64 << 20, Time: 300 * time.Millisecond}, []*types.Vector{long(int64(1), int64(90))}, 1,
			"the function did not end within 300ms (weir.udf.timeout)"},
		{"hoard", udf.Limits{Memory: 16 << 20, Time: 10 * time.Second}, []*types.Vector{long(int64(1<<10), int64(20<<20))}, 1,
			"the function needs more than 16 MB of memory (weir.udf.memory-limit): it asked for "},
		{"recurse", udf.Limits{Memory: 64 << 20, Time: 10 * time.Second}, []*types.Vector{long(int64(0))}, 0, "the function needs more than 64 MB of memory"},
		{"exit", defaults, []*types.Vector{long(int64(0))}, 0, "panic: in another goroutine"},
	} {
		s, err := bind(load(t, h, c.name, c.limits), c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		_, err = evaluate(s, c.args...)
		var row *udf.RowError
		if !errors.As(err, &row) || row.Row != c.row || !strings.HasPrefix(row.Error(), c.want) {
			t.Errorf("%s fails with %#v (%v), want %q in row %d", c.name, err, err, c.want, c.row)
			continue
		}
		if c.name == "positive" || c.name == "at" {
			ok := []*types.Vector{long(int64(7))}
			if c.name == "at" {
				ok = []*types.Vector{column(types.StringType, "abc"), long(int64(2))}
			}
			if _, err := evaluate(s, ok...); err != nil {
				t.Errorf("%s after a failure: %v", c.name, err)
			}
		}
	}
}

// A function may keep the texts it was given: they stay what they were.
func TestGoKeepsTexts(t *testing.T) {
	h := host(t)
	args := []*types.Vector{column(types.StringType, "a", "b", "a")}
	s, err := bind(load(t, h, "seen", defaults), args...)
	if err != nil {
		t.Fatal(err)
	}
	for round, c := range []struct {
		texts []any
		want  int64
	}{{[]any{"a", "b", "a"}, 2}, {[]any{"c", "c", "c"}, 3}, {[]any{"a", "b", "c"}, 3}} {
		got, err := evaluate(s, column(types.StringType, c.texts...))
		if err != nil {
			t.Fatal(err)
		}
		if got[2] != c.want {
			t.Errorf("round %d: %v texts, want %d", round, got[2], c.want)
		}
	}
}

// A function that makes much more garbage than it may have memory is collected after.
func TestGoGarbage(t *testing.T) {
	h := host(t)
	v := types.NewVector(types.BigIntType)
	for range 2000 {
		v.AppendValue(int64(100_000))
	}
	s, err := bind(load(t, h, "garbage", udf.Limits{Memory: 16 << 20, Time: 10 * time.Second}), v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evaluate(s, v); err != nil {
		t.Error(err)
	}
}

// Subtasks evaluate a function at the same time.
func TestConcurrent(t *testing.T) {
	h := host(t)
	args := []*types.Vector{column(types.StringType, "a", nil, "b")}
	s, err := bind(load(t, h, "shout", defaults), args...)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 4 {
		go func() {
			for range 200 {
				got, err := evaluate(s, args...)
				if err == nil && (got[0] != "A!" || got[1] != nil || got[2] != "B!") {
					err = errors.New("wrong result")
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
