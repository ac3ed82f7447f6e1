package cast

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Kernel converts columns of one type to another.
type Kernel struct {
	// Identity says that values need no conversion: a vector of the source type serves as one of the target type.
	// Eval then copies.
	Identity bool
	// Fallible says that Eval may return an error, a *udf.RowError, for some values. Never for TRY_CAST.
	Fallible bool
	// Eval makes out, whose type is the target type, the cast of the first n rows of in. It sets out's size and NULLs by
	// itself, whatever out held. NULL stays NULL, and a decimal that doesn't fit becomes NULL. ctx, which is needed for
	// the session's zone only, may be nil: UTC.
	Eval func(ctx *udf.Context, in, out *types.Vector, n int) error
}

// Bind returns the kernel of CAST(from AS to), or of TRY_CAST when try is set. An error says that there is no such cast,
// and what to use instead.
func Bind(from, to types.Type, try bool) (Kernel, error) {
	c, err := bind(from, to)
	if err != nil {
		return Kernel{}, err
	}
	k := Kernel{Identity: identity(from, to), Fallible: c.fallible && !try}
	report := fail
	if try {
		report = ignore
	}
	run := c.run
	k.Eval = func(ctx *udf.Context, in, out *types.Vector, n int) error { return run(ctx, in, out, n, report) }
	return k, nil
}

// conversion is a cast without the decision what to do about values that can't be converted.
type conversion struct {
	fallible bool
	run      runFunc
}

// runFunc is Kernel.Eval with the handling of failures left open: for each row that can't be converted report is
// called, the row becomes NULL, and an error that report returns ends the run.
type runFunc func(ctx *udf.Context, in, out *types.Vector, n int, report reportFunc) error

type reportFunc func(row int, why culprit) error

// culprit is the value that couldn't be converted: the row's own, or a part of it.
type culprit struct {
	in, out *types.Vector
	row     int
	reason  string
}

func ignore(int, culprit) error { return nil }

func fail(row int, c culprit) error {
	return &udf.RowError{Row: row, Err: fmt.Errorf("cannot cast %s to %s: %s; TRY_CAST gives NULL instead",
		show(c.in, c.row), c.out.Type.Nullable().SQL(), c.reason)}
}

// show prints a value for an error, cut when long.
func show(v *types.Vector, row int) string {
	if !v.Type.IsCharacter() {
		w, err := writer(v.Type)
		if err != nil {
			return v.Type.String() + " value"
		}
		return string(w(nil, v)(nil, row))
	}
	const most = 60
	s := v.Str(row)
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}

func bind(from, to types.Type) (conversion, error) {
	switch {
	case from.Kind == types.Null:
		return conversion{run: runNull}, nil
	case identity(from, to):
		return conversion{run: runCopy}, nil
	case !Explicit(from, to):
		return conversion{}, refuse(from, to)
	case to.IsCharacter():
		return bindText(from, to)
	case to.IsBinary():
		return conversion{run: runBinary(to)}, nil
	case from.IsCharacter():
		return bindParse(to), nil
	case to.IsNested():
		return bindNested(from, to)
	case from.IsDatetime():
		return bindTemporal(from, to)
	}
	return bindNumber(from, to)
}

func refuse(from, to types.Type) error {
	from, to = from.Nullable(), to.Nullable()
	switch {
	case from.IsNumeric() && to.Kind == types.Timestamp:
		return fmt.Errorf("no cast from %s to %s: use TO_TIMESTAMP(FROM_UNIXTIME(x))", from, to)
	case from.IsNumeric() && to.Kind == types.TimestampLTZ:
		return fmt.Errorf("no cast from %s to %s: use TO_TIMESTAMP_LTZ(x, 3) for milliseconds, 0 for seconds", from, to)
	case from.IsTimestamp() && to.IsNumeric():
		return fmt.Errorf("no cast from %s to %s: use UNIX_TIMESTAMP(CAST(x AS STRING)) for seconds", from, to)
	}
	return fmt.Errorf("no cast from %s to %s", from, to)
}

// copyValid gives out the NULLs of the first n rows of in.
func copyValid(out, in *types.Vector, n int) {
	words := min(len(in.Valid), (n+63)>>6)
	out.Valid = append(out.Valid[:0], in.Valid[:words]...)
	if rest := n & 63; words > 0 && words == (n+63)>>6 && rest != 0 {
		out.Valid[words-1] |= ^uint64(0) << rest // rows past the end count as valid
	}
}

func location(ctx *udf.Context) *time.Location {
	if ctx == nil {
		return nil
	}
	return ctx.Location
}

func runCopy(_ *udf.Context, in, out *types.Vector, n int, _ reportFunc) error {
	out.Reset()
	out.AppendRange(in, 0, n)
	return nil
}

func runNull(_ *udf.Context, _, out *types.Vector, n int, _ reportFunc) error {
	out.Reset()
	for range n {
		out.AppendNull()
	}
	return nil
}

// each converts a fixed-width column value by value.
func each[A, R udf.Value](f func(A) R) conversion {
	return conversion{run: func(_ *udf.Context, in, out *types.Vector, n int, _ reportFunc) error {
		out.Resize(n)
		copyValid(out, in, n)
		src, dst := udf.Values[A](in)[:n], udf.Values[R](out)[:n]
		for i, x := range src {
			dst[i] = f(x)
		}
		return nil
	}}
}

// eachOrNull is each for an f whose false is NULL.
func eachOrNull[A, R udf.Value](f func(A) (R, bool)) conversion {
	return conversion{run: func(_ *udf.Context, in, out *types.Vector, n int, _ reportFunc) error {
		out.Resize(n)
		copyValid(out, in, n)
		src, dst := udf.Values[A](in)[:n], udf.Values[R](out)[:n]
		for i, x := range src {
			var ok bool
			if dst[i], ok = f(x); !ok {
				out.SetNull(i)
			}
		}
		return nil
	}}
}

// eachOrFail converts value by value; an f that returns a reason instead of a value fails.
func eachOrFail[A, R udf.Value](bind func(ctx *udf.Context) func(A) (r R, why string)) conversion {
	return conversion{fallible: true, run: func(ctx *udf.Context, in, out *types.Vector, n int, report reportFunc) error {
		out.Resize(n)
		copyValid(out, in, n)
		read, dst, f := udf.Reader[A](in), udf.Values[R](out)[:n], bind(ctx)
		for i := range dst {
			if in.IsNull(i) {
				continue
			}
			var why string
			if dst[i], why = f(read(i)); why == "" {
				continue
			}
			if err := report(i, culprit{in, out, i, why}); err != nil {
				return err
			}
			out.SetNull(i)
		}
		return nil
	}}
}
