package datagen

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// generator appends the value that a column has in a row.
type generator func(v *types.Vector, row uint64)

// builder makes generators from the options fields.NAME.….
type builder struct {
	clock   clock.Clock
	seed    uint64
	options map[string]string // without "fields."
	used    map[string]bool
	rows    int64 // cut by sequences that end earlier
}

// Lengths where none is given, as in Flink.
const (
	textLength       = 100
	collectionLength = 3
)

// column makes the generator of a column, or of a part of one, whose options are fields.path.….
func (b *builder) column(path string, t types.Type) (generator, error) {
	kind, _ := b.text(path + ".kind")
	var g generator
	var err error
	switch strings.ToLower(kind) {
	case "", "random":
		g, err = b.random(path, t)
	case "sequence":
		g, err = b.sequence(path, t)
	default:
		err = b.bad(path+".kind", "random or sequence")
	}
	if err != nil {
		return nil, err
	}
	if text, given := b.text(path + ".null-rate"); given {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || rate < 0 || rate > 1 {
			return nil, b.bad(path+".null-rate", "a number from 0 to 1")
		}
		if t.NotNull && rate > 0 {
			return nil, b.bad(path+".null-rate", "0, since the column is NOT NULL")
		}
		values, s := g, stream(b.seed, path+".null-rate")
		g = func(v *types.Vector, row uint64) {
			if r := at(s, row); r.fraction() < rate {
				v.AppendNull()
				return
			}
			values(v, row)
		}
	}
	return g, nil
}

func (b *builder) text(key string) (string, bool) {
	text, given := b.options[key]
	b.used[key] = true
	return text, given
}

func (b *builder) bad(key, want string) error {
	return option.Errorf("fields."+key, "option %q: value %q is not %s", "fields."+key, b.options[key], want)
}

// unused returns an error for an option that means nothing.
func (b *builder) unused() error {
	var keys []string
	for key := range b.options {
		if !b.used[key] {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	return &option.Error{Key: "fields." + keys[0],
		Msg:  fmt.Sprintf("option %q: the table has no such column, or its type has no such property", "fields."+keys[0]),
		Hint: "properties are kind, min, max (numbers), length (text, bytes, collections), var-len, max-past (timestamps), null-rate, start, end (sequences)"}
}

// value reads an option in the notation of the column's type.
func (b *builder) value(key string, t types.Type, otherwise any) (any, error) {
	text, given := b.text(key)
	if !given {
		return otherwise, nil
	}
	v := types.NewVector(t)
	if err := scalar.ParseText(v, []byte(text)); err != nil || v.IsNull(0) {
		return nil, b.bad(key, "a value of "+t.Nullable().String())
	}
	return v.Value(0), nil
}

func (b *builder) random(path string, t types.Type) (generator, error) {
	s := stream(b.seed, path)
	switch t.Kind {
	case types.Boolean:
		return func(v *types.Vector, row uint64) {
			r := at(s, row)
			v.AppendValue(r.next()>>63 == 1)
		}, nil
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalMonth, types.IntervalMilli:
		return b.integers(path, t, s)
	case types.Float, types.Double:
		return b.floats(path, t, s)
	case types.Decimal:
		return b.decimals(path, t, s)
	case types.Char, types.Varchar, types.Binary, types.Varbinary:
		return b.texts(path, t, s)
	case types.Date:
		return func(v *types.Vector, _ uint64) {
			v.AppendValue(int32(temporal.FloorDiv(b.clock.Now().UnixMilli(), temporal.Day)))
		}, nil
	case types.Time:
		return func(v *types.Vector, _ uint64) {
			v.AppendValue(int32(temporal.FloorMod(b.clock.Now().UnixMilli(), temporal.Day)))
		}, nil
	case types.Timestamp, types.TimestampLTZ:
		var past uint64
		if text, given := b.text(path + ".max-past"); given {
			d, err := option.ParseDuration(text)
			if err != nil || d < 0 {
				return nil, b.bad(path+".max-past", `a duration such as "10 s"`)
			}
			past = uint64(d.Milliseconds())
		}
		return func(v *types.Vector, row uint64) {
			r := at(s, row)
			ticks, _ := temporal.FromMillis(b.clock.Now().UnixMilli()-int64(r.upTo(past)), t.Precision)
			v.AppendValue(ticks)
		}, nil
	case types.Array, types.Map, types.Multiset:
		return b.collections(path, t)
	case types.Row:
		fields := make([]generator, len(t.Fields))
		for i, f := range t.Fields {
			var err error
			if fields[i], err = b.column(path+"."+f.Name, f.Type); err != nil {
				return nil, err
			}
		}
		return func(v *types.Vector, row uint64) {
			for i, g := range fields {
				g(v.Children[i], row)
			}
			v.N++
		}, nil
	}
	return nil, fmt.Errorf("column %q: datagen makes no values of %s", path, t)
}

// wide returns the number in v as an int64.
func wide(v any) int64 {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	}
	return v.(int64)
}

// appendInt appends n to a vector of any integer type.
func appendInt(v *types.Vector, n int64) {
	switch v.Type.Kind.Storage() {
	case types.StoreI8:
		v.I8 = append(v.I8, int8(n))
	case types.StoreI16:
		v.I16 = append(v.I16, int16(n))
	case types.StoreI32:
		v.I32 = append(v.I32, int32(n))
	default:
		v.I64 = append(v.I64, n)
	}
	v.N++
}

func (b *builder) integers(path string, t types.Type, s uint64) (generator, error) {
	bits := map[types.Kind]int{types.TinyInt: 8, types.SmallInt: 16, types.Int: 32, types.BigInt: 64}[t.Kind]
	low, high := int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits)
	if t.IsInterval() {
		low, high = 0, 120_000 // Flink's bounds: ten thousand years, and two minutes
	}
	from, err := b.value(path+".min", t, low)
	if err != nil {
		return nil, err
	}
	to, err := b.value(path+".max", t, high)
	if err != nil {
		return nil, err
	}
	low, high = wide(from), wide(to)
	if low > high {
		return nil, b.bad(path+".max", "at least fields."+path+".min")
	}
	return func(v *types.Vector, row uint64) {
		r := at(s, row)
		appendInt(v, low+int64(r.upTo(uint64(high)-uint64(low))))
	}, nil
}

func (b *builder) floats(path string, t types.Type, s uint64) (generator, error) {
	limit := math.MaxFloat64
	if t.Kind == types.Float {
		limit = math.MaxFloat32
	}
	from, err := b.value(path+".min", types.DoubleType, 0.0)
	if err != nil {
		return nil, err
	}
	to, err := b.value(path+".max", types.DoubleType, limit)
	if err != nil {
		return nil, err
	}
	low, high := from.(float64), to.(float64)
	if !(low <= high) {
		return nil, b.bad(path+".max", "at least fields."+path+".min")
	}
	return func(v *types.Vector, row uint64) {
		r := at(s, row)
		f := r.fraction()
		x := low*(1-f) + high*f
		if v.Type.Kind == types.Float {
			v.F32 = append(v.F32, float32(x))
		} else {
			v.F64 = append(v.F64, x)
		}
		v.N++
	}, nil
}

func (b *builder) decimals(path string, t types.Type, s uint64) (generator, error) {
	// Numbers of up to 18 digits; larger DECIMALs have zeros behind.
	digits := min(t.Precision, 18)
	unit := decimal128.GetScaleMultiplier(t.Precision - digits)
	most := int64(math.Pow10(digits)) - 1
	bound := func(key string, otherwise int64) (int64, error) {
		x, err := b.value(key, t, nil)
		if err != nil || x == nil {
			return otherwise, err
		}
		q, _ := x.(decimal128.Num).Div(unit)
		return int64(q.LowBits()), nil
	}
	low, err := bound(path+".min", -most)
	if err != nil {
		return nil, err
	}
	high, err := bound(path+".max", most)
	if err != nil {
		return nil, err
	}
	if low > high {
		return nil, b.bad(path+".max", "at least fields."+path+".min")
	}
	return func(v *types.Vector, row uint64) {
		r := at(s, row)
		v.Dec = append(v.Dec, decimal128.FromI64(low+int64(r.upTo(uint64(high-low)))).Mul(unit))
		v.N++
	}, nil
}

// length reads how long values are: the type's own length where it has one.
func (b *builder) length(path string, t types.Type, otherwise int) (int, error) {
	fixed := t.Kind == types.Char || t.Kind == types.Binary
	bound := math.MaxInt
	if t.IsCharacter() || t.IsBinary() {
		bound = t.Length
		otherwise = min(otherwise, bound)
		if fixed || t.Length < types.MaxLength {
			otherwise = t.Length
		}
	}
	text, given := b.text(path + ".length")
	if !given {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, b.bad(path+".length", "a length")
	}
	if n > bound || fixed && n != bound {
		return 0, b.bad(path+".length", "a length that "+t.String()+" can have")
	}
	return n, nil
}

func (b *builder) texts(path string, t types.Type, s uint64) (generator, error) {
	length, err := b.length(path, t, textLength)
	if err != nil {
		return nil, err
	}
	vary := false
	if t.Kind == types.Varchar || t.Kind == types.Varbinary {
		if text, given := b.text(path + ".var-len"); given {
			if vary, err = strconv.ParseBool(strings.ToLower(text)); err != nil {
				return nil, b.bad(path+".var-len", "true or false")
			}
		}
	}
	const hex = "0123456789abcdef"
	plain := t.IsCharacter()
	return func(v *types.Vector, row uint64) {
		r := at(s, row)
		n := length
		if vary && n > 1 {
			n = 1 + int(r.upTo(uint64(n-1)))
		}
		var x uint64
		for i := range n {
			if i%8 == 0 {
				x = r.next()
			}
			if plain {
				v.Data = append(v.Data, hex[x&15])
			} else {
				v.Data = append(v.Data, byte(x))
			}
			x >>= 8
		}
		v.EndValue()
	}, nil
}

func (b *builder) collections(path string, t types.Type) (generator, error) {
	length, err := b.length(path, t, collectionLength)
	if err != nil {
		return nil, err
	}
	parts := []string{".element"}
	of := []types.Type{*t.Elem}
	if t.Kind == types.Map {
		parts, of = []string{".key", ".value"}, []types.Type{*t.Key, *t.Elem}
	}
	var generators []generator
	for i, part := range parts {
		g, err := b.column(path+part, of[i])
		if err != nil {
			return nil, err
		}
		generators = append(generators, g)
	}
	return func(v *types.Vector, row uint64) {
		first := v.Children[0].N
		for k := range length {
			entry := row*uint64(length) + uint64(k)
			generators[0](v.Children[0], entry)
			if t.Kind != types.Array && again(v.Children[0], first) {
				continue
			}
			if t.Kind == types.Map {
				generators[1](v.Children[1], entry)
			} else if t.Kind == types.Multiset {
				appendInt(v.Children[1], 1)
			}
		}
		v.EndList()
	}, nil
}

// again takes the last key back if it occurs before, from first on.
func again(keys *types.Vector, first int) bool {
	last := keys.N - 1
	for i := first; i < last; i++ {
		if types.CompareAt(keys, i, keys, last) == 0 {
			format.Truncate(keys, last)
			return true
		}
	}
	return false
}

func (b *builder) sequence(path string, t types.Type) (generator, error) {
	if !t.IsNumeric() && !t.IsCharacter() {
		return nil, b.bad(path+".kind", "random, the only kind for "+t.String())
	}
	bounds := [2]int64{}
	of := types.BigIntType
	if t.IsInteger() {
		of = t
	}
	for i, key := range []string{path + ".start", path + ".end"} {
		x, err := b.value(key, of, nil)
		if err != nil {
			return nil, err
		}
		if x == nil {
			return nil, &option.Error{Key: "fields." + path + ".kind", OnValue: true,
				Msg: fmt.Sprintf("a sequence needs the option %q", "fields."+key)}
		}
		bounds[i] = wide(x)
	}
	start, end := bounds[0], bounds[1]
	if start > end {
		return nil, b.bad(path+".end", "at least fields."+path+".start")
	}
	if n := uint64(end) - uint64(start); n < uint64(b.rows) {
		b.rows = min(b.rows, int64(n)+1)
	}
	return func(v *types.Vector, row uint64) {
		n := start + int64(row)
		switch v.Type.Kind.Storage() {
		case types.StoreF32:
			v.F32 = append(v.F32, float32(n))
		case types.StoreF64:
			v.F64 = append(v.F64, float64(n))
		case types.StoreDec:
			v.Dec = append(v.Dec, decimal128.FromI64(n).Mul(decimal128.GetScaleMultiplier(v.Type.Scale)))
		case types.StoreBytes:
			v.Data = strconv.AppendInt(v.Data, n, 10)
			v.EndValue()
			return
		default:
			appendInt(v, n)
			return
		}
		v.N++
	}, nil
}
