package builtin

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

func operatorCompare() []udf.Spec {
	spec := func(name, summary string, examples ...udf.Example) udf.Spec {
		return udf.Spec{
			Name: name, Usage: []string{"a " + name + " b"}, Summary: summary, Examples: examples,
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindCompare(c, name) },
		}
	}
	return []udf.Spec{
		spec("=", "Returns whether two values are equal; NULL when one is NULL.",
			udf.Example{SQL: "1 = 1.0", Result: "TRUE"}, udf.Example{SQL: "'a' = 'a '", Result: "FALSE"},
			udf.Example{SQL: "DATE '2024-02-29' = '2024-02-29'", Result: "TRUE"}),
		spec("<>", "Returns whether two values differ; NULL when one is NULL.", udf.Example{SQL: "1 <> 2", Result: "TRUE"}),
		spec("<", "Returns whether the first value is less than the second; NULL when one is NULL.",
			udf.Example{SQL: "1 < 2", Result: "TRUE"}, udf.Example{SQL: "FALSE < TRUE", Result: "TRUE"}),
		spec("<=", "Returns whether the first value is at most the second; NULL when one is NULL.",
			udf.Example{SQL: "2 <= 2", Result: "TRUE"}),
		spec(">", "Returns whether the first value is greater than the second; NULL when one is NULL.",
			udf.Example{SQL: "'b' > 'a'", Result: "TRUE"}),
		spec(">=", "Returns whether the first value is at least the second; NULL when one is NULL.",
			udf.Example{SQL: "1.50 >= 1.5", Result: "TRUE"}),
	}
}

func bindCompare(c *udf.Call, op string) (*udf.BoundScalar, error) {
	ts, err := operands(c, 2, types.IntType)
	if err != nil {
		return nil, err
	}
	cmp, err := comparison(c, op, ts[0], ts[1])
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args: cmp.args, Result: types.BooleanType.WithNotNull(ts[0].NotNull && ts[1].NotNull && !cmp.mayBeNull), Eval: cmp.eval,
	}, nil
}

// comparer is a bound comparison: the types to which the operands are cast, and the loop over them.
type comparer struct {
	args      []types.Type
	mayBeNull bool // NULL comes out of operands that are not NULL
	eval      udf.Eval
}

// comparison binds a op b by Flink's rules of which types compare: numbers with numbers, text with text, timestamps
// with timestamps, and text with the numbers and datetimes it is then read as. Text that is no datetime makes an
// equality NULL and an ordering fail. Arrays, maps and rows know equality only.
func comparison(c *udf.Call, op string, a, b types.Type) (comparer, error) {
	equality := op == "=" || op == "<>"
	both := func(t types.Type) []types.Type {
		return []types.Type{t.WithNotNull(a.NotNull), t.WithNotNull(b.NotNull)}
	}
	refuse := func(hint string) (comparer, error) { return comparer{}, mismatch(c, []types.Type{a, b}, hint) }
	switch {
	case a.IsNumeric() && b.IsNumeric():
		if a.IsExact() && b.IsExact() && (a.Kind == types.Decimal || b.Kind == types.Decimal) {
			a, b = types.AsDecimal(a), types.AsDecimal(b)
			return comparer{args: []types.Type{a, b}, eval: decimalComparer(op, a.Scale, b.Scale)}, nil
		}
		t, _ := types.CommonType(a, b)
		if a.IsApproximate() && b.IsApproximate() && equality {
			t = a // FLOAT = DOUBLE compares as FLOAT: a quirk of Flink's
		}
		return comparer{args: both(t), eval: compareLoop(t.Kind.Storage(), op)}, nil
	case a.IsCharacter() && b.IsCharacter(), a.IsBinary() && b.IsBinary():
		return comparer{args: []types.Type{a, b}, eval: compareText(op)}, nil
	case a.IsCharacter() && b.IsDatetime() && b.Kind != types.Null, a.IsDatetime() && b.IsCharacter():
		t, text := a, 1
		if b.IsDatetime() {
			t, text = b, 0
		}
		if equality && !readable(c, text, t) {
			return compareAsDatetime(op, a, b, t, text)
		}
		return comparer{args: both(t), eval: compareLoop(t.Kind.Storage(), op)}, nil
	case a.IsCharacter() && b.IsNumeric(), a.IsNumeric() && b.IsCharacter():
		if equality {
			return refuse("CAST the text to a number, or the number to STRING")
		}
		t := a
		if b.IsNumeric() {
			t = b
		}
		if t.Kind == types.Decimal {
			t = types.DecimalType(types.MaxDecimalPrecision, max(t.Scale, 18))
			return comparer{args: both(t), eval: decimalComparer(op, t.Scale, t.Scale)}, nil
		}
		return comparer{args: both(t), eval: compareLoop(t.Kind.Storage(), op)}, nil
	case a.Kind == types.Boolean && b.Kind == types.Boolean, a.IsInterval() && a.Kind == b.Kind,
		a.IsDatetime() && a.Kind == b.Kind, a.IsTimestamp() && b.IsTimestamp():
		t, _ := types.CommonType(a, b)
		return comparer{args: both(t), eval: compareLoop(t.Kind.Storage(), op)}, nil
	case a.IsDatetime() && b.IsDatetime():
		return refuse("CAST one to the type of the other")
	case a.IsNested() && a.Kind == b.Kind:
		if !equality {
			return refuse("arrays, maps and rows have no order; compare their parts")
		}
		t, ok := types.CommonType(a, b)
		if !ok {
			return refuse("")
		}
		return comparer{args: both(t), mayBeNull: t.Kind == types.Row, eval: compareNested(op)}, nil
	}
	return refuse("")
}

// readable reports whether operand i is a literal that can be read as t.
func readable(c *udf.Call, i int, t types.Type) bool {
	s, ok := literalText(c, i)
	if !ok {
		return false
	}
	switch t.Kind {
	case types.Date:
		_, ok = temporal.ParseDate(s)
	case types.Time:
		_, ok = temporal.ParseTime(s, t.Precision)
	default:
		_, ok = temporal.ParseTimestamp(s, t.Precision)
	}
	return ok
}

// compareAsDatetime compares text with a datetime for equality; text that is none compares as NULL.
func compareAsDatetime(op string, a, b, t types.Type, text int) (comparer, error) {
	k, err := cast.Bind(types.StringType, t, true)
	if err != nil {
		return comparer{}, err
	}
	eval := compareLoop(t.Kind.Storage(), op)
	return comparer{args: []types.Type{a, b}, mayBeNull: true, eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		read := types.NewVector(t)
		if err := k.Eval(ctx, args[text], read, n); err != nil {
			return err
		}
		if len(read.Valid) > 0 {
			out.Valid = out.Valid.Grow(n)
			out.Valid.And(read.Valid)
		}
		both := [2]*types.Vector{args[0], args[1]}
		both[text] = read
		return eval(ctx, both[:], out, n)
	}}, nil
}

// compareLoop picks the loop for fixed-width values.
func compareLoop(s types.Storage, op string) udf.Eval {
	switch s {
	case types.StoreBool:
		return compareBooleans(op)
	case types.StoreI8:
		return compareOrdered[int8](op)
	case types.StoreI16:
		return compareOrdered[int16](op)
	case types.StoreI32:
		return compareOrdered[int32](op)
	case types.StoreI64:
		return compareOrdered[int64](op)
	case types.StoreF32:
		return compareOrdered[float32](op)
	}
	return compareOrdered[float64](op)
}

// compareOrdered compares as Go and Java do: NaN equals nothing, not even itself, and is neither less nor greater.
func compareOrdered[T integer | float](op string) udf.Eval {
	switch op {
	case "=":
		return equal[T]
	case "<>":
		return notEqual[T]
	case "<":
		return less[T]
	case "<=":
		return atMost[T]
	case ">":
		return turned(less[T])
	}
	return turned(atMost[T])
}

// turned exchanges the operands.
func turned(eval udf.Eval) udf.Eval {
	return func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		both := [2]*types.Vector{args[1], args[0]}
		return eval(ctx, both[:], out, n)
	}
}

func equal[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, bool](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] == b[i]
	}
	return nil
}

func notEqual[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, bool](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] != b[i]
	}
	return nil
}

func less[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, bool](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] < b[i]
	}
	return nil
}

func atMost[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, bool](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] <= b[i]
	}
	return nil
}

// holds turns the outcome of a three-way comparison into that of an operator: for -1, 0 and 1.
func holds(op string) [3]bool {
	switch op {
	case "=":
		return [3]bool{false, true, false}
	case "<>":
		return [3]bool{true, false, true}
	case "<":
		return [3]bool{true, false, false}
	case "<=":
		return [3]bool{true, true, false}
	case ">":
		return [3]bool{false, false, true}
	}
	return [3]bool{false, true, true}
}

func compareBooleans(op string) udf.Eval {
	result := holds(op)
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, r := columns[bool, bool](args, out, n)
		a, b = a[:len(r)], b[:len(r)]
		for i := range r {
			k := 1
			if a[i] {
				k++
			}
			if b[i] {
				k--
			}
			r[i] = result[k]
		}
		return nil
	}
}

func decimalComparer(op string, aScale, bScale int) udf.Eval {
	result := holds(op)
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, r := columns[decimal128.Num, bool](args, out, n)
		for i := range r {
			r[i] = result[1+number.Compare(a[i], aScale, b[i], bScale)]
		}
		return nil
	}
}

// compareText compares text and bytes by their bytes, which for UTF-8 is the order of the characters' numbers.
func compareText(op string) udf.Eval {
	switch op {
	case "=":
		return textEqual
	case "<>":
		return func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			_ = textEqual(ctx, args, out, n) // comparing text doesn't fail
			r := out.Bool[:n]
			for i := range r {
				r[i] = !r[i]
			}
			return nil
		}
	}
	result := holds(op)
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, r := args[0], args[1], out.Bool[:n]
		for i := range r {
			r[i] = result[1+bytes.Compare(a.Bytes(i), b.Bytes(i))]
		}
		return nil
	}
}

func textEqual(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := args[0], args[1], out.Bool[:n]
	ao, bo := a.Offsets[:n+1], b.Offsets[:n+1]
	for i := range r {
		af, at, bf, bt := ao[i], ao[i+1], bo[i], bo[i+1]
		r[i] = at-af == bt-bf && string(a.Data[af:at]) == string(b.Data[bf:bt])
	}
	return nil
}

func compareNested(op string) udf.Eval {
	negate := op == "<>"
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r := out.Bool[:n]
		for i := range r {
			if out.IsNull(i) {
				continue
			}
			if args[0].Type.Kind != types.Row {
				r[i] = equalAt(args[0], i, args[1], i) != negate
				continue
			}
			same, known := equalRows(args[0], i, args[1], i)
			if r[i] = same != negate; !known {
				out.SetNull(i)
			}
		}
		return nil
	}
}

// equalRows compares two rows field by field as if by AND: one field that differs decides, else one that is NULL makes
// the answer unknown.
func equalRows(a *types.Vector, i int, b *types.Vector, j int) (same, known bool) {
	known = true
	for k, x := range a.Children {
		y := b.Children[k]
		switch {
		case x.IsNull(i) || y.IsNull(j):
			known = false
		case !equalAt(x, i, y, j):
			return false, true
		}
	}
	return true, known
}

// equalAt reports whether two values are equal, NULL parts counting as equal to each other. The entries of maps and
// multisets may come in any order.
func equalAt(a *types.Vector, i int, b *types.Vector, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	switch a.Type.Kind {
	case types.Row:
		for k := range a.Children {
			if !equalAt(a.Children[k], i, b.Children[k], j) {
				return false
			}
		}
		return true
	case types.Array, types.Map, types.Multiset:
	default:
		return types.CompareAt(a, i, b, j) == 0
	}
	af, at, bf, bt := int(a.Offsets[i]), int(a.Offsets[i+1]), int(b.Offsets[j]), int(b.Offsets[j+1])
	if at-af != bt-bf {
		return false
	}
	for e := af; e < at; e++ {
		if a.Type.Kind == types.Array {
			if !equalAt(a.Children[0], e, b.Children[0], bf+e-af) {
				return false
			}
			continue
		}
		if !hasEntry(a, e, b, bf, bt) {
			return false
		}
	}
	return true
}

// hasEntry reports whether one of the entries from..to of b is entry e of a.
func hasEntry(a *types.Vector, e int, b *types.Vector, from, to int) bool {
	for k := from; k < to; k++ {
		if equalAt(a.Children[0], e, b.Children[0], k) {
			return equalAt(a.Children[1], e, b.Children[1], k)
		}
	}
	return false
}
