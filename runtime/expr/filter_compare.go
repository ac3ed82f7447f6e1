package expr

import (
	"encoding/binary"
	"math"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// compileStep returns the special code for a condition, or nil when there is none: a comparison of a column of integers,
// dates or timestamps with a constant, = and <> of text with a constant, IS [NOT] NULL of a column.
func compileStep(e rex.Expr) step {
	call, ok := e.(*rex.Call)
	if !ok || call.Spec.Family != "operator" {
		return nil
	}
	if len(call.Args) == 1 {
		column, ok := call.Args[0].(*rex.Column)
		if !ok {
			return nil
		}
		switch call.Spec.Name {
		case "IS NULL":
			return &nullStep{column.Index, true}
		case "IS NOT NULL":
			return &nullStep{column.Index, false}
		}
		return nil
	}
	if len(call.Args) != 2 {
		return nil
	}
	op := call.Spec.Name
	column, okColumn := call.Args[0].(*rex.Column)
	literal, okLiteral := call.Args[1].(*rex.Literal)
	if !okColumn || !okLiteral {
		if column, okColumn = call.Args[1].(*rex.Column); !okColumn {
			return nil
		}
		if literal, okLiteral = call.Args[0].(*rex.Literal); !okLiteral {
			return nil
		}
		op = mirrored[op]
	}
	if literal.Value == nil || !column.T.SameStorage(literal.T) {
		return nil
	}
	switch x := literal.Value.(type) {
	case string:
		if op == "=" || op == "<>" {
			return newTextStep(column.Index, x, op == "=")
		}
	case int8:
		return newRangeStep(column, op, int64(x))
	case int16:
		return newRangeStep(column, op, int64(x))
	case int32:
		return newRangeStep(column, op, int64(x))
	case int64:
		return newRangeStep(column, op, x)
	}
	return nil
}

var mirrored = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// nullStep is IS NULL or IS NOT NULL.
type nullStep struct {
	column int
	null   bool
}

func (s *nullStep) narrow(b *types.Batch, sel, dst []int32) ([]int32, error) {
	valid, k := b.Cols[s.column].Valid, 0
	if sel == nil {
		for i := range int32(b.N) {
			dst[k] = i
			k += ones(valid.Get(int(i)) != s.null)
		}
		return dst[:k], nil
	}
	for _, i := range sel {
		dst[k] = i
		k += ones(valid.Get(int(i)) != s.null)
	}
	return dst[:k], nil
}

// rangeStep keeps the rows whose integer lies within (want), or outside of, [low, low+width]. Every comparison with a
// constant is such a test, of one subtraction and one unsigned comparison.
type rangeStep struct {
	column  int
	storage types.Storage
	low     int64
	width   uint64
	want    bool
}

func newRangeStep(c *rex.Column, op string, x int64) step {
	low, high, want := int64(math.MinInt64), int64(math.MaxInt64), true
	switch op {
	case "=":
		low, high = x, x
	case "<>":
		low, high, want = x, x, false
	case "<": // the complement of >=, which has no edge that overflows
		low, want = x, false
	case "<=":
		high = x
	case ">":
		high, want = x, false
	case ">=":
		low = x
	default:
		return nil
	}
	return &rangeStep{c.Index, c.T.Kind.Storage(), low, uint64(high) - uint64(low), want}
}

func (s *rangeStep) narrow(b *types.Batch, sel, dst []int32) ([]int32, error) {
	v := b.Cols[s.column]
	switch s.storage {
	case types.StoreI8:
		return narrowRange(s, v, v.I8, b.N, sel, dst), nil
	case types.StoreI16:
		return narrowRange(s, v, v.I16, b.N, sel, dst), nil
	case types.StoreI32:
		return narrowRange(s, v, v.I32, b.N, sel, dst), nil
	}
	return narrowRange(s, v, v.I64, b.N, sel, dst), nil
}

func narrowRange[T int8 | int16 | int32 | int64](s *rangeStep, v *types.Vector, x []T, n int, sel, dst []int32) []int32 {
	low, width, want, k := s.low, s.width, s.want, 0
	x = x[:n]
	switch {
	case !v.Valid.AllValid(n):
		m := n
		if sel != nil {
			m = len(sel)
		}
		for j := range m {
			i := row(sel, j)
			dst[k] = i
			k += ones((uint64(int64(x[i]))-uint64(low) <= width) == want && v.Valid.Get(int(i)))
		}
	case sel == nil:
		dst = dst[:n]
		for i, y := range x {
			dst[k] = int32(i)
			k += ones((uint64(int64(y))-uint64(low) <= width) == want)
		}
	default:
		for _, i := range sel {
			dst[k] = i
			k += ones((uint64(int64(x[i]))-uint64(low) <= width) == want)
		}
	}
	return dst[:k]
}

// textStep keeps the rows whose text is, or is not, a constant. Over a whole column the lengths decide first; of the rows
// whose length is right, constants of up to sixteen bytes are compared by two words, the first eight bytes and the last
// eight, without a branch or a call.
type textStep struct {
	column     int
	text       string
	head, mask uint64 // the first eight bytes of the constant, and which of them there are
	tail       uint64 // the last eight, when it has more
	want       bool
	others     []int32
}

func newTextStep(column int, text string, want bool) step {
	s := &textStep{column: column, text: text, want: want, mask: ^uint64(0)}
	var word [8]byte
	copy(word[:], text)
	s.head = binary.LittleEndian.Uint64(word[:])
	if len(text) < 8 {
		s.mask = 1<<(8*len(text)) - 1
	} else {
		copy(word[:], text[len(text)-8:])
		s.tail = binary.LittleEndian.Uint64(word[:])
	}
	return s
}

func (s *textStep) narrow(b *types.Batch, sel, dst []int32) ([]int32, error) {
	v := b.Cols[s.column]
	if sel == nil && v.Valid.AllValid(b.N) {
		if s.want {
			return s.equal(v, b.N, dst), nil
		}
		s.others = resize(s.others, b.N)
		return without(s.equal(v, b.N, s.others), b.N, dst), nil
	}
	n, k := b.N, 0
	if sel != nil {
		n = len(sel)
	}
	for j := range n {
		i := row(sel, j)
		dst[k] = i
		k += ones((v.Str(int(i)) == s.text) == s.want && v.Valid.Get(int(i)))
	}
	return dst[:k], nil
}

// equal selects the rows of a column without NULLs whose text is the constant.
func (s *textStep) equal(v *types.Vector, n int, dst []int32) []int32 {
	offsets, data := v.Offsets[:n+1], v.Data
	rows := ofLength(offsets, int32(len(s.text)), dst)
	k, head := 0, s.head
	switch {
	case len(s.text) > 16:
		for _, i := range rows {
			dst[k] = i
			k += ones(v.Str(int(i)) == s.text)
		}
	case len(s.text) > 8:
		tail, back := s.tail, len(s.text)-8
		for _, i := range rows {
			text := data[offsets[i]:]
			dst[k] = i
			k += ones((binary.LittleEndian.Uint64(text)^head)|(binary.LittleEndian.Uint64(text[back:])^tail) == 0)
		}
	default:
		// The last texts may have less than eight bytes behind their start.
		whole := len(rows)
		for whole > 0 && int(offsets[rows[whole-1]])+8 > len(data) {
			whole--
		}
		mask := s.mask
		for _, i := range rows[:whole] {
			dst[k] = i
			k += ones((binary.LittleEndian.Uint64(data[offsets[i]:])^head)&mask == 0)
		}
		for _, i := range rows[whole:] {
			dst[k] = i
			k += ones(v.Str(int(i)) == s.text)
		}
	}
	return dst[:k]
}

// ofLength selects the texts of a length.
func ofLength(offsets []int32, length int32, dst []int32) []int32 {
	from, k := offsets[0], 0
	for i, to := range offsets[1:] {
		dst[k] = int32(i)
		k += ones(to-from == length)
		from = to
	}
	return dst[:k]
}

// without selects the rows below n that aren't among rows, which ascend.
func without(rows []int32, n int, dst []int32) []int32 {
	k, next := 0, int32(0)
	for _, i := range rows {
		for ; next < i; next++ {
			dst[k] = next
			k++
		}
		next++
	}
	for ; next < int32(n); next++ {
		dst[k] = next
		k++
	}
	return dst[:k]
}
