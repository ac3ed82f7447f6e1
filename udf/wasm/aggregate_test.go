package wasm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/wasm"
)

func accumulator(t *testing.T, h *wasm.Host, name string, arg types.Type, retract bool) (udf.Accumulator, *udf.BoundAggregate) {
	t.Helper()
	l := load(t, h, name, defaults)
	a, err := l.Spec.Aggregate(&udf.Call{Name: name, Args: []udf.Arg{{Type: arg}}})
	if err != nil {
		t.Fatal(err)
	}
	return a.New(retract), a
}

func failure(a udf.Accumulator) error { return a.(udf.Failing).Err() }

// results are those of groups, appended behind a row that is there already.
func results(a udf.Accumulator, t types.Type, groups ...int32) []any {
	out := types.NewVector(t)
	out.AppendNull()
	a.Result(groups, out)
	var all []any
	for i := range groups {
		all = append(all, out.Value(i+1))
	}
	return all
}

func equal(t *testing.T, what string, got []any, want ...any) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
}

// An aggregate of a Go file: groups, selected rows, NULLs, rows taken back, merged states, and states that are kept and taken back
// by another instance.
func TestGoAggregate(t *testing.T) {
	h := host(t)
	a, bound := accumulator(t, h, "p95", types.DoubleType, true)
	a.Grow(3)
	v := column(types.DoubleType, 1.0, 2.0, nil, 3.0, 100.0)
	a.Add([]int32{0, 0, 0, 1, 1}, []*types.Vector{v}, nil)
	a.Add([]int32{0}, []*types.Vector{v}, []int32{4})
	equal(t, "results", results(a, bound.Result, 1, 0, 2), 100.0, 100.0, nil)
	a.Retract([]int32{0}, []*types.Vector{v}, []int32{4})
	equal(t, "after a retraction", results(a, bound.Result, 0), 2.0)
	a.Merge(2, 1)
	equal(t, "merged", results(a, bound.Result, 2, 1), 100.0, 100.0)
	a.Reset(1)
	equal(t, "after a reset", results(a, bound.Result, 1, 2), nil, 100.0)
	state := a.Encode(a.Encode(a.Encode([]byte("x"), 0), 1), 2)
	if a.Bytes() <= 0 {
		t.Error("no bytes")
	}

	b, _ := accumulator(t, h, "p95", types.DoubleType, true)
	b.Grow(3)
	rest := state[1:]
	for _, group := range []int32{2, 1, 0} {
		var err error
		if rest, err = b.Decode(group, rest); err != nil {
			t.Fatal(err)
		}
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes left", len(rest))
	}
	equal(t, "decoded", results(b, bound.Result, 2, 1, 0), 2.0, nil, 100.0)
	if again := b.Encode(b.Encode(b.Encode([]byte("x"), 2), 1), 0); string(again) != string(state) {
		t.Errorf("encoded again: %q, want %q", again, state)
	}
	if err := errors.Join(failure(a), failure(b)); err != nil {
		t.Error(err)
	}
}

// States of structs, maps, arrays, slices and pointers are kept by code that is made for them; others keep themselves.
func TestGoStates(t *testing.T) {
	h := host(t)
	a, bound := accumulator(t, h, "busiest", types.StringType, false)
	a.Grow(2)
	a.Add([]int32{0, 0, 0, 0, 1}, []*types.Vector{column(types.StringType, "b", "a", nil, "a", nil)}, nil)
	equal(t, "busiest", results(a, bound.Result, 0, 1), "a", nil)
	b, _ := accumulator(t, h, "busiest", types.StringType, false)
	b.Grow(1)
	state := a.Encode(nil, 0)
	if _, err := b.Decode(0, state); err != nil {
		t.Fatal(err)
	}
	b.Add([]int32{0, 0}, []*types.Vector{column(types.StringType, "b", "b")}, nil)
	equal(t, "busiest, taken back", results(b, bound.Result, 0), "b")
	if again := a.Encode(nil, 0); string(again) != string(state) {
		t.Errorf("encoded again: %q, want %q", again, state)
	}

	l, bound := accumulator(t, h, "longest", types.StringType, false)
	l.Grow(2)
	l.Add([]int32{0, 0}, []*types.Vector{column(types.StringType, "bb", "a")}, nil)
	if _, err := l.Decode(1, l.Encode(nil, 0)); err != nil {
		t.Fatal(err)
	}
	equal(t, "longest", results(l, bound.Result, 0, 1), "bb", "bb")
	if err := errors.Join(failure(a), failure(b), failure(l)); err != nil {
		t.Error(err)
	}
}

// An aggregate that fails says so when it is asked, and which row it was; nothing it is told after that does harm.
func TestGoAggregateFailures(t *testing.T) {
	h := host(t)
	a, bound := accumulator(t, h, "busiest", types.StringType, false)
	a.Grow(1)
	v := column(types.StringType, "good", "fine", "bad")
	a.Add([]int32{0, 0}, []*types.Vector{v}, []int32{0, 2})
	var row *udf.RowError
	if err := failure(a); !errors.As(err, &row) || row.Row != 2 || row.Error() != "a bad word" {
		t.Errorf("error %v, want that of row 2", err)
	}
	a.Add([]int32{0}, []*types.Vector{v}, nil)
	a.Grow(5)
	a.Merge(0, 1)
	a.Reset(0)
	a.Encode(nil, 0)
	equal(t, "results after a failure", results(a, bound.Result, 0, 1), nil, nil)

	b, _ := accumulator(t, h, "busiest", types.StringType, true)
	if err := failure(b); err == nil || !strings.Contains(err.Error(), "Busiest can't take rows back") {
		t.Errorf("retractions without Retract: %v", err)
	}

	c, _ := accumulator(t, h, "busiest", types.StringType, false)
	c.Grow(1)
	c.Add([]int32{0}, []*types.Vector{v}, nil)
	cut := c.Encode(nil, 0)
	cut[0]-- // the length of what follows
	if _, err := c.Decode(0, cut[:len(cut)-1]); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged state is taken: %v", err)
	}
}

// A state is a type of any kind, and one of another type is refused.
func TestGoStateTypes(t *testing.T) {
	h := host(t)
	states := map[string][]byte{}
	for name, want := range map[string]any{"count": int64(2), "words": "a b"} {
		a, bound := accumulator(t, h, name, types.StringType, false)
		a.Grow(1)
		a.Add([]int32{0, 0}, []*types.Vector{column(types.StringType, "a", "b")}, nil)
		states[name] = a.Encode(nil, 0)
		b, _ := accumulator(t, h, name, types.StringType, false)
		b.Grow(1)
		if _, err := b.Decode(0, states[name]); err != nil {
			t.Fatal(err)
		}
		equal(t, name, results(b, bound.Result, 0), want)
	}
	c, _ := accumulator(t, h, "count", types.StringType, false)
	c.Grow(1)
	const want = "take back the state of Count: it was saved when its fields were others"
	if _, err := c.Decode(0, states["words"]); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("a state of another type: %v, want %s", err, want)
	}
}
