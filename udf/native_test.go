package udf_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

type Unfit struct{ Next func() }

type kept struct{ From *int64 }

type kids struct{ Kids []kids }

type badRow struct {
	UserID int64
	Count  uint64
}

func nothing[S any](*S, int64) error { return nil }

func counting[S any]() udf.AggregateFuncs[S, int64, int64] {
	return udf.AggregateFuncs[S, int64, int64]{
		Accumulate: nothing[S], Merge: func(*S, *S) error { return nil }, Result: func(*S) (int64, error) { return 0, nil },
	}
}

// What is wrong with a definition is said when the function is registered, with what to do about it.
func TestRegistration(t *testing.T) {
	for _, c := range []struct {
		spec udf.Spec
		want string
	}{
		{udf.Scalar("abs", func(x int64) int64 { return x }), `function "ABS": there is one of that name already, of the family "arithmetic"; choose another name`},
		{udf.Scalar("MINE", func(x int64) int64 { return x }), `function "MINE": there is one of that name already, of the family "user"; choose another name`},
		{udf.Scalar("a b", func(x int64) int64 { return x }), `function "A B": the name must be of letters, digits and underscores, and begin with a letter`},
		{udf.Scalar("F", func(x int64) int64 { return x }, udf.Params("x", "y")), `function "F": Params names 2 parameters; the function has 1`},
		{udf.Scalar2("F", func(x, y int64) int64 { return x }, udf.Params("x", "X")), `function "F": Params names two parameters X`},
		{udf.Scalar[int64, int64]("F", nil), `function "F": the function is nil`},
		{udf.PartialN[string, string, error]("F", nil), `function "F": the function is nil`},
		{udf.Text2[string, string]("F", nil), `function "F": the function is nil`},
		{udf.Column3[int64, int64, int64, int64]("F", nil), `function "F": the function is nil`},
		{udf.Table[int64, int64]("F", nil), `function "F": the function is nil`},
		{udf.Scalar("F", func(x int64) int64 { return x }, udf.Returns(types.DateType)), `function "F": Returns says DATE, but the function returns BIGINT`},
		{udf.Scalar("F", func(x time.Time) time.Time { return x }, udf.Returns(types.TimestampType(9))), `function "F": Returns says TIMESTAMP(9), but the function returns TIMESTAMP`},
		{udf.Partial("F", func(x int64) (int64, string) { return x, "" }), `function "F": its second result must be an error or a bool`},
		{udf.Aggregate("F", counting[kept]()), `function "F": the state udf_test.kept: field From: a value of type *int64 can't be saved in a checkpoint; use a value in its place, or give the type MarshalBinary and UnmarshalBinary`},
		{udf.Aggregate("F", counting[Unfit]()), `function "F": the state udf_test.Unfit: field Next: a value of type func() can't be saved in a checkpoint; use a value in its place, or give the type MarshalBinary and UnmarshalBinary`},
		{udf.Aggregate("F", counting[kids]()), `function "F": the state udf_test.kids: field Kids: udf_test.kids contains itself`},
		{udf.Aggregate("F", udf.AggregateFuncs[int64, int64, int64]{}), "function \"F\": Accumulate is missing\nMerge is missing\nResult is missing"},
		{udf.Table("F", func(string, func(badRow)) error { return nil }), `function "F": the column count has the Go type uint64, which stands for no SQL type; use int64`},
		{udf.Table("F", func(string, func(*int64)) error { return nil }), `function "F": the column f has the Go type *int64, which stands for no SQL type; use udf.Null[int64]`},
		{udf.Table("F", func(string, func(struct{ a int })) error { return nil }), "function \"F\": the field a of struct { a int } is not exported; export it, or mark it `sql:\"-\"`"},
		{udf.Table("F", func(string, func(struct{})) error { return nil }), `function "F": struct {} has no field that makes a column`},
	} {
		r := udf.NewRegistry()
		if err := builtin.Register(r); err != nil {
			t.Fatal(err)
		}
		if err := r.Register(udf.Scalar("mine", func(x int64) int64 { return x })); err != nil {
			t.Fatal(err)
		}
		if err := r.Register(c.spec); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// word is a row of a table function.
type word struct {
	Text     string
	WordSize udf.Null[int] `sql:"size"`
	note     string        `sql:"-"`
	At       time.Time
}

func words(text string, emit func(word)) error {
	if text == "refused" {
		return errors.New("refused")
	}
	for _, w := range strings.Fields(text) {
		if w == "panics" {
			panic("at the word panics")
		}
		emit(word{Text: w, WordSize: udf.Null[int]{V: len(w), Valid: len(w) > 1}, note: "unused", At: time.UnixMilli(int64(len(w)))})
	}
	return nil
}

func columnOf(t types.Type, values ...any) *types.Vector {
	v := types.NewVector(t)
	for _, x := range values {
		v.AppendValue(x)
	}
	return v
}

func TestTable(t *testing.T) {
	spec := udf.Table("WORDS", words)
	bound, err := spec.Table(&udf.Call{Name: "WORDS", Args: []udf.Arg{{Type: types.StringType}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []types.Field{{Name: "text", Type: types.StringType.WithNotNull(true)}, {Name: "size", Type: types.BigIntType}, {Name: "at", Type: types.TimestampType(3).WithNotNull(true)}}
	if !reflect.DeepEqual(bound.Columns, want) {
		t.Fatalf("columns are %v, want %v", bound.Columns, want)
	}
	run := func(texts ...any) (*udf.TableOutput, error) {
		out := &udf.TableOutput{}
		for _, c := range bound.Columns {
			out.Cols = append(out.Cols, types.NewVector(c.Type))
		}
		return out, bound.Eval(nil, []*types.Vector{columnOf(types.StringType, texts...)}, len(texts), out)
	}
	out, err := run("to be", "", nil, "a bee")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range out.Cols[0].N {
		got = append(got, fmt.Sprintln(out.Rows[i], out.Cols[0].Value(i), out.Cols[1].Value(i), out.Cols[2].Value(i)))
	}
	if rows := []string{"0 to 2 2\n", "0 be 2 2\n", "3 a <nil> 1\n", "3 bee 3 3\n"}; !slices.Equal(got, rows) {
		t.Errorf("got %q, want %q", got, rows)
	}
	for _, bad := range []struct{ text, want string }{{"refused", "refused"}, {"this panics", "at the word panics"}} {
		_, err := run("fine", nil, bad.text)
		var row *udf.RowError
		if !errors.As(err, &row) || row.Row != 2 || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want an error of row 2 that says %q", bad.text, err, bad.want)
		}
	}
}

// marked has a MarshalBinary of its own.
type marked struct{ N int64 }

func (m *marked) MarshalBinary() ([]byte, error) { return []byte(strings.Repeat("x", int(m.N))), nil }
func (m *marked) UnmarshalBinary(b []byte) error { m.N = int64(len(b)); return nil }

// everything is a state of all that a state may be made of.
type everything struct {
	b     bool
	i8    int8
	i16   int16
	u32   uint32
	i64   int64
	i     int
	f     float64
	s     string
	bytes []byte
	list  []struct {
		name string
		at   time.Time
	}
	array  [3]float32
	counts map[string][]int64
	mark   marked
	price  udf.Decimal
	null   udf.Null[string]
}

// A state comes back from a checkpoint as it was: in another accumulator, in another group.
func TestState(t *testing.T) {
	full := everything{b: true, i8: -8, i16: -16, u32: 1 << 31, i64: -1 << 63, i: -1, f: 0.1, s: "säge", bytes: []byte{0, 255},
		array: [3]float32{1, 2, 3}, counts: map[string][]int64{"b": {1}, "a": nil, "": {}}, mark: marked{4}, price: udf.NewDecimal(-1250, 2),
		null: udf.NotNull("x")}
	full.list = append(full.list, struct {
		name string
		at   time.Time
	}{"one", time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC)})
	var seen []everything
	funcs := udf.AggregateFuncs[everything, int64, int64]{
		Init: func(s *everything) { s.s = "new" },
		Accumulate: func(s *everything, n int64) error {
			if *s = full; n == 0 {
				*s = everything{}
			}
			return nil
		},
		Merge:  func(s, from *everything) error { return nil },
		Result: func(s *everything) (int64, error) { seen = append(seen, *s); return 0, nil },
	}
	accumulator := func(spec udf.Spec) udf.Accumulator {
		bound, err := spec.Aggregate(&udf.Call{Name: "F", Args: []udf.Arg{{Type: types.BigIntType}}})
		if err != nil {
			t.Fatal(err)
		}
		return bound.New(false)
	}
	a := accumulator(udf.Aggregate("F", funcs))
	a.Grow(3)
	a.Add([]int32{0, 1}, []*types.Vector{columnOf(types.BigIntType, int64(1), int64(0))}, nil)
	if a.Bytes() < 2*len("säge") {
		t.Errorf("the states take %d bytes", a.Bytes())
	}
	b := accumulator(udf.Aggregate("F", funcs))
	b.Grow(5)
	for g := range int32(3) {
		state := a.Encode([]byte("x"), g)[1:]
		if again := a.Encode(nil, g); !bytes.Equal(state, again) {
			t.Errorf("group %d is saved as %x, then as %x", g, state, again)
		}
		rest, err := b.Decode(g+2, append(state, "rest"...))
		if err != nil || string(rest) != "rest" {
			t.Fatalf("group %d: left %q, %v", g, rest, err)
		}
		for n := range len(state) {
			if _, err := b.Decode(0, state[:n]); err == nil {
				t.Errorf("the first %d of %d bytes are taken for a state", n, len(state))
				break
			}
		}
	}
	b.Result([]int32{2, 3, 4}, types.NewVector(types.BigIntType))
	if want := []everything{full, {}, {s: "new"}}; !reflect.DeepEqual(seen, want) {
		t.Errorf("got  %+v\nwant %+v", seen, want)
	}

	other := accumulator(udf.Aggregate("F", counting[marked]()))
	other.Grow(1)
	if _, err := other.Decode(0, a.Encode(nil, 0)); err == nil || !strings.Contains(err.Error(), "when the fields of the function's state were others") {
		t.Errorf("the state of another type is taken: %v", err)
	}
}

// After a failure an accumulator says which row it was, and does nothing more.
func TestAccumulatorFails(t *testing.T) {
	for _, how := range []string{"error", "panic"} {
		calls := 0
		funcs := counting[int64]()
		funcs.Accumulate = func(_ *int64, x int64) error {
			calls++
			switch {
			case x != 0:
			case how == "panic":
				panic("zero")
			default:
				return errors.New("zero")
			}
			return nil
		}
		spec := udf.Aggregate("F", funcs)
		bound, err := spec.Aggregate(&udf.Call{Name: "F", Args: []udf.Arg{{Type: types.BigIntType}}})
		if err != nil {
			t.Fatal(err)
		}
		a := bound.New(false)
		a.Grow(1)
		args := []*types.Vector{columnOf(types.BigIntType, nil, int64(0), int64(1), nil, int64(0))}
		a.Add([]int32{0, 0, 0}, args, []int32{2, 3, 4})
		a.Add([]int32{0, 0, 0}, args, []int32{2, 3, 4})
		out := types.NewVector(bound.Result)
		a.Result([]int32{0}, out)
		var row *udf.RowError
		if err := a.(udf.Failing).Err(); !errors.As(err, &row) || row.Row != 4 || !strings.HasSuffix(err.Error(), "zero") {
			t.Errorf("%s: got %v, want one of row 4", how, err)
		}
		if calls != 2 || out.N != 1 {
			t.Errorf("%s: %d calls, %d results", how, calls, out.N)
		}
	}
}

// A panic is an error of the row, and says where it was.
func TestScalarPanics(t *testing.T) {
	spec := udf.Scalar("AT", func(s string) string { return s[3:] })
	bound, err := spec.Scalar(&udf.Call{Name: "AT", Args: []udf.Arg{{Type: types.StringType}}})
	if err != nil {
		t.Fatal(err)
	}
	out := types.NewVector(bound.Result)
	out.Resize(3)
	out.SetNull(0)
	err = bound.Eval(nil, []*types.Vector{columnOf(types.StringType, nil, "abcd", "x")}, out, 3)
	var row *udf.RowError
	var panicked *udf.PanicError
	if !errors.As(err, &row) || row.Row != 2 || !errors.As(err, &panicked) {
		t.Fatalf("got %v, want a panic in row 2", err)
	}
	if !strings.HasPrefix(panicked.At, "native_test.go:") || !strings.Contains(err.Error(), "slice bounds out of range") {
		t.Errorf("got %q", err)
	}
}

func TestDecimal(t *testing.T) {
	for _, text := range []string{"0", "-12.50", "99999999999999999999999999999999999999", "0.0001"} {
		if d, err := udf.ParseDecimal(text); err != nil || d.String() != text {
			t.Errorf("%s is read as %s, %v", text, d, err)
		}
	}
	for _, text := range []string{"", ".", "1_0", "1e3", "1.2.3", "100000000000000000000000000000000000000"} {
		if d, err := udf.ParseDecimal(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
	if f := udf.NewDecimal(-1, 1).Float64(); f != -0.1 {
		t.Errorf("-0.1 is %v", f)
	}
}

// What a function appends to must come back.
func TestTextShrinks(t *testing.T) {
	spec := udf.Text("F", func(dst []byte, s string) []byte {
		if s == "bad" {
			return []byte("a")
		}
		return append(dst, s...)
	})
	bound, err := spec.Scalar(&udf.Call{Name: "F", Args: []udf.Arg{{Type: types.StringType}}})
	if err != nil {
		t.Fatal(err)
	}
	out := types.NewVector(bound.Result)
	err = bound.Eval(nil, []*types.Vector{columnOf(types.StringType, "one", "bad", "two")}, out, 3)
	var row *udf.RowError
	if !errors.As(err, &row) || row.Row != 1 || !strings.HasPrefix(err.Error(), "the function returned 1 bytes, fewer than the 3 of dst") {
		t.Errorf("got %v, want an error of row 1", err)
	}
}
