package udf

import (
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
)

// codec moves values between vectors and slices of a Native type. It is looked up when a function is defined, so that
// nothing is decided by row. Rows of a vector come as a list; nil stands for the rows 0, 1, 2, ….
type codec[T any] struct {
	parameter
	// load returns the values of n rows, which are not NULL unless T is a Null. They stand in the vector itself or in buf.
	load func(ctx *Context, v *types.Vector, rows []int32, n int, buf *[]T) []T
	// slice returns the slice of v that holds Ts; nil when there is none.
	slice func(v *types.Vector) []T
	// reader and writer access single rows. The writer of text and bytes appends, and the rows must come in order.
	reader func(ctx *Context, v *types.Vector) func(row int) T
	writer func(ctx *Context, v *types.Vector) func(row int, x T)
	// push appends a value.
	push func(ctx *Context, v *types.Vector, x T)
	// many, of text and bytes, appends the values of rows, and empty ones for the others of n rows; nil rows: all.
	many func(v *types.Vector, rows []int32, n int, xs []T)
	// keeps says that Ts hold pointers, so that buffers of them are cleared.
	keeps bool
}

// codecOf returns the codec of T.
func codecOf[T Native]() *codec[T] { return anyCodec(*new(T)).(*codec[T]) }

// anyCodec returns the *codec[T] of a value of a Native type T; nil for another type.
func anyCodec(x any) any {
	switch x := x.(type) {
	case bool:
		return fixed("BOOLEAN", types.BooleanType, func(v *types.Vector) *[]bool { return &v.Bool },
			func(t types.Type) bool { return t.Kind == types.Boolean })
	case int8:
		return integer("TINYINT", types.TinyIntType, func(v *types.Vector) *[]int8 { return &v.I8 })
	case int16:
		return integer("SMALLINT", types.SmallIntType, func(v *types.Vector) *[]int16 { return &v.I16 })
	case int32:
		return integer("INT", types.IntType, func(v *types.Vector) *[]int32 { return &v.I32 })
	case int64:
		return bigint()
	case int:
		if strconv.IntSize == 64 {
			return integer("BIGINT", types.BigIntType, func(v *types.Vector) *[]int { return (*[]int)(unsafe.Pointer(&v.I64)) })
		}
		return converted(bigint(), func(x int64) int { return int(x) }, func(x int) int64 { return int64(x) })
	case float32:
		return fixed("FLOAT", types.FloatType, func(v *types.Vector) *[]float32 { return &v.F32 },
			func(t types.Type) bool { return t.IsExact() || t.Kind == types.Float })
	case float64:
		return fixed("DOUBLE", types.DoubleType, func(v *types.Vector) *[]float64 { return &v.F64 }, types.Type.IsNumeric)
	case string:
		c := text(parameter{sql: "STRING", accepts: types.Type.IsCharacter, to: types.StringType, otherwise: types.StringType},
			func(b []byte) string { return string(b) },
			func(s string, from, to int32) string { return s[from:to] },
			appendText)
		c.many = appendTexts
		return c
	case []byte:
		return text(parameter{sql: "BYTES", accepts: types.Type.IsBinary, to: types.BytesType, otherwise: types.BytesType},
			func(b []byte) []byte { return append([]byte(nil), b...) },
			func(s []byte, from, to int32) []byte { return s[from:to:to] },
			func(dst []byte, x []byte) []byte { return append(dst, x...) })
	case Decimal:
		return decimals()
	case time.Time:
		return times()
	case time.Duration:
		c := fixed("INTERVAL DAY TO SECOND", types.IntervalMilliType, func(v *types.Vector) *[]int64 { return &v.I64 },
			func(t types.Type) bool { return t.Kind == types.IntervalMilli })
		return converted(c, func(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }, time.Duration.Milliseconds)
	case interface{ codec() any }:
		return x.codec()
	}
	return nil
}

// codec returns the codec of Null[T], made of T's.
func (Null[T]) codec() any {
	inner, ok := anyCodec(*new(T)).(*codec[T])
	if !ok {
		return nil
	}
	c := &codec[Null[T]]{parameter: inner.parameter, keeps: inner.keeps}
	c.nullable = true
	c.reader = func(ctx *Context, v *types.Vector) func(int) Null[T] {
		read := inner.reader(ctx, v)
		return func(row int) (x Null[T]) {
			if !v.IsNull(row) {
				x = Null[T]{read(row), true}
			}
			return x
		}
	}
	c.writer = func(ctx *Context, v *types.Vector) func(int, Null[T]) {
		write := inner.writer(ctx, v)
		return func(row int, x Null[T]) {
			if !x.Valid {
				v.SetNull(row)
			}
			write(row, x.V)
		}
	}
	c.push = func(ctx *Context, v *types.Vector, x Null[T]) {
		if !x.Valid {
			v.AppendNull()
			return
		}
		inner.push(ctx, v, x.V)
	}
	c.loadByRow()
	if inner.slice != nil {
		byRow := c.load
		c.load = func(ctx *Context, v *types.Vector, rows []int32, n int, buf *[]Null[T]) []Null[T] {
			if rows != nil || !v.Valid.AllValid(n) {
				return byRow(ctx, v, rows, n, buf)
			}
			xs := resized(buf, n)
			for i, x := range inner.slice(v)[:n] {
				xs[i] = Null[T]{x, true}
			}
			return xs
		}
	}
	return c
}

// appendText appends x; bytes that aren't UTF-8 become U+FFFD, as in a CAST from BYTES: Go's strings may have some, such as
// those that were cut in the middle of a character, and SQL's don't.
func appendText(dst []byte, x string) []byte {
	if utf8.ValidString(x) {
		return append(dst, x...)
	}
	for _, r := range x {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// appendTexts appends the texts of rows, and empty ones for the others of n rows. Where there are no others, whether all is UTF-8
// is asked once: text by text, it would cost as much as the function.
func appendTexts(v *types.Vector, rows []int32, n int, texts []string) {
	before, from := v.N, len(v.Data)
	if rows == nil {
		data, offsets := v.Data, v.Offsets
		for _, x := range texts {
			data = append(data, x...)
			offsets = append(offsets, int32(len(data)))
		}
		v.Data, v.Offsets, v.N = data, offsets, before+n
		if validTexts(data[from:], offsets[before:], from) {
			return
		}
		v.Data, v.Offsets, v.N = data[:from], offsets[:before+1], before
	}
	for k, x := range texts {
		for rows != nil && v.N < before+int(rows[k]) {
			v.EndValue()
		}
		v.Data = appendText(v.Data, x)
		v.EndValue()
	}
	for v.N < before+n {
		v.EndValue()
	}
}

// validTexts reports whether every text is UTF-8: all of them together, and no one begins in the middle of a character.
// offsets count from the place where data begins, less from.
func validTexts(data []byte, offsets []int32, from int) bool {
	if !utf8.Valid(data) {
		return false
	}
	for _, o := range offsets {
		if at := int(o) - from; at < len(data) && !utf8.RuneStart(data[at]) {
			return false
		}
	}
	return true
}

// loadByRow makes load out of reader.
func (c *codec[T]) loadByRow() {
	c.load = func(ctx *Context, v *types.Vector, rows []int32, n int, buf *[]T) []T {
		xs, read := resized(buf, n), c.reader(ctx, v)
		if rows == nil {
			for i := range xs {
				xs[i] = read(i)
			}
			return xs
		}
		for k, i := range rows {
			xs[k] = read(int(i))
		}
		return xs
	}
}

// room returns where the results of n rows go before store: out itself, or buf.
func (c *codec[T]) room(out *types.Vector, rows []int32, n int, buf *[]T) []T {
	if c.slice != nil && rows == nil {
		return c.slice(out)[:n]
	}
	return resized(buf, n)
}

// store puts the results of rows, which room made room for, into out. All of out's n rows have a value then.
func (c *codec[T]) store(ctx *Context, out *types.Vector, rows []int32, n int, xs []T) {
	if c.slice != nil {
		if rows != nil {
			s := c.slice(out)
			for k, i := range rows {
				s[i] = xs[k]
			}
		}
		return
	}
	if c.many != nil {
		c.many(out, rows, n, xs)
		return
	}
	write := c.writer(ctx, out)
	if rows == nil {
		for i, x := range xs {
			write(i, x)
		}
		return
	}
	appended := out.Type.Kind.Storage() == types.StoreBytes
	next := 0
	skip := func(to int) {
		for ; appended && next < to; next++ {
			out.AppendZero()
		}
	}
	for k, i := range rows {
		skip(int(i))
		write(int(i), xs[k])
		next = int(i) + 1
	}
	skip(n)
}

// release forgets what buf points to.
func (c *codec[T]) release(buf []T) {
	if c.keeps {
		clear(buf)
	}
}

func resized[T any](buf *[]T, n int) []T {
	if cap(*buf) < n {
		*buf = make([]T, n, max(n, 2*cap(*buf)))
	}
	*buf = (*buf)[:n]
	return *buf
}

// fixed is the codec of a type whose values stand in a slice of the vector.
func fixed[T any](sql string, t types.Type, field func(v *types.Vector) *[]T, accepts func(types.Type) bool) *codec[T] {
	return &codec[T]{
		parameter: parameter{sql: sql, accepts: accepts, to: t, otherwise: t},
		slice:     func(v *types.Vector) []T { return *field(v) },
		load: func(_ *Context, v *types.Vector, rows []int32, n int, buf *[]T) []T {
			s := *field(v)
			if rows == nil {
				return s[:n]
			}
			xs := resized(buf, n)
			for k, i := range rows {
				xs[k] = s[i]
			}
			return xs
		},
		reader: func(_ *Context, v *types.Vector) func(int) T {
			s := *field(v)
			return func(row int) T { return s[row] }
		},
		writer: func(_ *Context, v *types.Vector) func(int, T) {
			s := *field(v)
			return func(row int, x T) { s[row] = x }
		},
		push: func(_ *Context, v *types.Vector, x T) {
			s := field(v)
			*s = append(*s, x)
			v.N++
		},
	}
}

func integer[T any](sql string, t types.Type, field func(v *types.Vector) *[]T) *codec[T] {
	return fixed(sql, t, field, func(arg types.Type) bool { return arg.IsInteger() && arg.Kind <= t.Kind })
}

func bigint() *codec[int64] {
	return integer("BIGINT", types.BigIntType, func(v *types.Vector) *[]int64 { return &v.I64 })
}

// converted is the codec of a type that is stored as another.
func converted[T, S any](inner *codec[S], to func(S) T, from func(T) S) *codec[T] {
	c := &codec[T]{parameter: inner.parameter}
	c.reader = func(ctx *Context, v *types.Vector) func(int) T {
		read := inner.reader(ctx, v)
		return func(row int) T { return to(read(row)) }
	}
	c.writer = func(ctx *Context, v *types.Vector) func(int, T) {
		write := inner.writer(ctx, v)
		return func(row int, x T) { write(row, from(x)) }
	}
	c.push = func(ctx *Context, v *types.Vector, x T) { inner.push(ctx, v, from(x)) }
	c.loadByRow()
	return c
}

// text is the codec of text or bytes. All values of a load are parts of one copy: functions may keep them although the
// vector changes with the next batch, and there is no allocation for each.
func text[T any](p parameter, copied func([]byte) T, part func(all T, from, to int32) T, appendTo func([]byte, T) []byte) *codec[T] {
	push := func(_ *Context, v *types.Vector, x T) {
		v.Data = appendTo(v.Data, x)
		v.EndValue()
	}
	return &codec[T]{
		parameter: p,
		keeps:     true,
		load: func(_ *Context, v *types.Vector, rows []int32, n int, buf *[]T) []T {
			xs := resized(buf, n)
			if n == 0 {
				return xs
			}
			if rows == nil {
				first := v.Offsets[0]
				all := copied(v.Data[first:v.Offsets[n]])
				at := int32(0)
				for i, end := range v.Offsets[1 : n+1] {
					end -= first
					xs[i] = part(all, at, end)
					at = end
				}
				return xs
			}
			var some []byte
			for _, i := range rows {
				some = append(some, v.Bytes(int(i))...)
			}
			all, at := copied(some), int32(0)
			for k, i := range rows {
				end := at + v.Offsets[i+1] - v.Offsets[i]
				xs[k] = part(all, at, end)
				at = end
			}
			return xs
		},
		reader: func(_ *Context, v *types.Vector) func(int) T {
			return func(row int) T {
				b := v.Bytes(row)
				return part(copied(b), 0, int32(len(b)))
			}
		},
		writer: func(ctx *Context, v *types.Vector) func(int, T) {
			return func(_ int, x T) { push(ctx, v, x) }
		},
		push: push,
	}
}

func decimals() *codec[Decimal] {
	t := types.DecimalType(number.MaxPrecision, 18) // Flink's choice for a BigDecimal
	store := func(out types.Type, x Decimal) (decimal128.Num, bool) {
		return number.Rescale(x.Unscaled, int(x.Scale), out.Precision, out.Scale)
	}
	c := &codec[Decimal]{parameter: parameter{sql: "DECIMAL", accepts: types.Type.IsExact, otherwise: t,
		fits: func(t types.Type) bool { return t.Kind == types.Decimal }}}
	c.to = t
	c.reader = func(_ *Context, v *types.Vector) func(int) Decimal {
		s, scale := v.Dec, int32(v.Type.Scale)
		return func(row int) Decimal { return Decimal{s[row], scale} }
	}
	c.writer = func(_ *Context, v *types.Vector) func(int, Decimal) {
		return func(row int, x Decimal) {
			n, ok := store(v.Type, x)
			if v.Dec[row] = n; !ok {
				v.SetNull(row)
			}
		}
	}
	c.push = func(_ *Context, v *types.Vector, x Decimal) {
		n, ok := store(v.Type, x)
		if !ok {
			v.SetNull(v.N)
		}
		v.Dec = append(v.Dec, n)
		v.N++
	}
	c.loadByRow()
	return c
}

const secondsOfDay = 24 * 60 * 60

func times() *codec[time.Time] {
	c := &codec[time.Time]{keeps: true, parameter: parameter{
		sql:       "TIMESTAMP",
		accepts:   func(t types.Type) bool { return t.IsTimestamp() || t.Kind == types.Date },
		otherwise: types.TimestampType(3),
		fits:      func(t types.Type) bool { return t.IsTimestamp() && t.Precision <= 6 || t.Kind == types.Date },
	}}
	c.reader = func(ctx *Context, v *types.Vector) func(int) time.Time {
		if v.Type.Kind == types.Date {
			s := v.I32
			return func(row int) time.Time { return time.Unix(int64(s[row])*secondsOfDay, 0).UTC() }
		}
		zone := time.UTC
		if v.Type.Kind == types.TimestampLTZ && ctx != nil && ctx.Location != nil {
			zone = ctx.Location
		}
		s, ticks := v.I64, v.Type.TicksPerSecond()
		return func(row int) time.Time {
			seconds, rest := s[row]/ticks, s[row]%ticks
			return time.Unix(seconds, rest*(1e9/ticks)).In(zone)
		}
	}
	c.writer = func(_ *Context, v *types.Vector) func(int, time.Time) {
		if v.Type.Kind == types.Date {
			return func(row int, x time.Time) { v.I32[row] = dateOf(x) }
		}
		return func(row int, x time.Time) { v.I64[row] = ticksOf(v.Type, x) }
	}
	c.push = func(_ *Context, v *types.Vector, x time.Time) {
		if v.Type.Kind == types.Date {
			v.I32 = append(v.I32, dateOf(x))
		} else {
			v.I64 = append(v.I64, ticksOf(v.Type, x))
		}
		v.N++
	}
	c.loadByRow()
	return c
}

// wall is the seconds since 1970 that the clock on the wall shows where x was taken.
func wall(x time.Time) int64 {
	_, offset := x.Zone()
	return x.Unix() + int64(offset)
}

func dateOf(x time.Time) int32 {
	days, rest := wall(x)/secondsOfDay, wall(x)%secondsOfDay
	if rest < 0 {
		days--
	}
	return int32(days)
}

// ticksOf is a time as TIMESTAMP has it, which is without a zone, or as TIMESTAMP_LTZ has it, which is an instant.
func ticksOf(t types.Type, x time.Time) int64 {
	seconds := x.Unix()
	if t.Kind == types.Timestamp {
		seconds = wall(x)
	}
	ticks := t.TicksPerSecond()
	return seconds*ticks + int64(x.Nanosecond())/(1e9/ticks)
}

// pusher is a codec whose type is not known where it is used.
type pusher interface {
	describe() parameter
	pushFrom(ctx *Context, v *types.Vector, p unsafe.Pointer)
}

func (c *codec[T]) describe() parameter { return c.parameter }

func (c *codec[T]) pushFrom(ctx *Context, v *types.Vector, p unsafe.Pointer) {
	c.push(ctx, v, *(*T)(p))
}

// pusherOf returns the codec of a field's type. An error says which types to use.
func pusherOf(t reflect.Type) (pusher, error) {
	if c, ok := anyCodec(reflect.Zero(t).Interface()).(pusher); ok {
		return c, nil
	}
	return nil, fmt.Errorf("has the Go type %s, which stands for no SQL type; use %s", t, instead(t))
}

// instead names what to use in place of a type that is not Native.
func instead(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Uint8, reflect.Uint16:
		return "int32"
	case reflect.Uint32, reflect.Uint64, reflect.Uint, reflect.Uintptr, reflect.Int64, reflect.Int:
		return "int64"
	case reflect.Bool, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Float32, reflect.Float64, reflect.String:
		return t.Kind().String()
	case reflect.Pointer:
		return fmt.Sprintf("udf.Null[%s]", t.Elem())
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return "a string that holds JSON, or a field for each part"
	}
	return "bool, int8 … int64, float64, string, []byte, time.Time, time.Duration, udf.Decimal, or a udf.Null of one"
}
