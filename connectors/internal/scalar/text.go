package scalar

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// AppendText appends row i of v, not NULL and of a scalar type, as plain text: numbers as Java prints them, timestamps
// in SQL notation with the fraction digits they have (LTZ in UTC with a Z), bytes in base64.
func AppendText(dst []byte, v *types.Vector, i int) []byte {
	switch v.Type.Kind {
	case types.Char, types.Varchar:
		return append(dst, v.Bytes(i)...)
	case types.Boolean:
		return strconv.AppendBool(dst, v.Bool[i])
	case types.Binary, types.Varbinary:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes(i))
	case types.Decimal:
		return AppendDecimal(dst, v.Dec[i], v.Type.Scale)
	case types.TinyInt:
		return strconv.AppendInt(dst, int64(v.I8[i]), 10)
	case types.SmallInt:
		return strconv.AppendInt(dst, int64(v.I16[i]), 10)
	case types.Int, types.IntervalMonth:
		return strconv.AppendInt(dst, int64(v.I32[i]), 10)
	case types.BigInt, types.IntervalMilli:
		return strconv.AppendInt(dst, v.I64[i], 10)
	case types.Float:
		return AppendFloat(dst, float64(v.F32[i]), 32)
	case types.Double:
		return AppendFloat(dst, v.F64[i], 64)
	case types.Date:
		return temporal.AppendDate(dst, int(v.I32[i]))
	case types.Time:
		return AppendTime(dst, v.I32[i])
	case types.Timestamp:
		return AppendTimestamp(dst, v.I64[i], v.Type, false)
	case types.TimestampLTZ:
		return append(AppendTimestamp(dst, v.I64[i], v.Type, false), 'Z')
	}
	return dst
}

// ParseText appends the value that AppendText writes so; blanks around numbers and booleans don't matter. On an error v
// is as it was.
func ParseText(v *types.Vector, text []byte) error {
	t := v.Type
	ok := true
	switch t.Kind {
	case types.Char, types.Varchar:
		v.AppendBytes(text)
		return nil
	case types.Binary, types.Varbinary:
		b, err := base64.StdEncoding.AppendDecode(nil, text)
		if err != nil {
			return misfit(t, "as base64", text)
		}
		v.AppendBytes(b)
		return nil
	case types.Boolean:
		x := bytes.EqualFold(Trim(text), []byte("true"))
		v.Bool = append(v.Bool, x)
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalMonth, types.IntervalMilli:
		var n int64
		if n, ok = Int(Trim(text), intBits[t.Kind]); !ok {
			break
		}
		switch t.Kind.Storage() {
		case types.StoreI8:
			v.I8 = append(v.I8, int8(n))
		case types.StoreI16:
			v.I16 = append(v.I16, int16(n))
		case types.StoreI32:
			v.I32 = append(v.I32, int32(n))
		default:
			v.I64 = append(v.I64, n)
		}
	case types.Decimal:
		n, fits, isNumber := Decimal(Trim(text), t.Precision, t.Scale)
		if ok = isNumber; !ok {
			break
		}
		if !fits {
			v.SetNull(v.N)
		}
		v.Dec = append(v.Dec, n)
	case types.Float:
		var x float64
		if x, ok = Float(Trim(text), 32); ok {
			v.F32 = append(v.F32, float32(x))
		}
	case types.Double:
		var x float64
		if x, ok = Float(Trim(text), 64); ok {
			v.F64 = append(v.F64, x)
		}
	case types.Date:
		n, ok := Date(text)
		if !ok {
			return misfit(t, "as yyyy-MM-dd", text)
		}
		v.I32 = append(v.I32, n)
	case types.Time:
		n, ok := Time(text, t.Precision, true)
		if !ok {
			return misfit(t, "as HH:mm:ss[.fff]", text)
		}
		v.I32 = append(v.I32, n)
	case types.Timestamp, types.TimestampLTZ:
		p := NewTimestamps(t, false)
		n, ok := p.Parse(text)
		if !ok {
			return misfit(t, "as "+p.Form(), text)
		}
		v.I64 = append(v.I64, n)
	default:
		return fmt.Errorf("%s cannot be read from plain text", t)
	}
	if !ok {
		return misfit(t, "", text)
	}
	v.N++
	return nil
}

var intBits = map[types.Kind]int{
	types.TinyInt: 8, types.SmallInt: 16, types.Int: 32, types.IntervalMonth: 32, types.BigInt: 64, types.IntervalMilli: 64,
}

func misfit(t types.Type, form string, text []byte) error {
	if form != "" {
		form = " " + form
	}
	if len(text) > 60 {
		return fmt.Errorf("expected %s%s, found %q…", t.Nullable(), form, text[:60])
	}
	return fmt.Errorf("expected %s%s, found %q", t.Nullable(), form, text)
}
