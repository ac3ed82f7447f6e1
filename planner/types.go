package planner

import (
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
)

// bindType turns a type as written into a type. Defaults and limits are Flink's: CHAR(1), BINARY(1), DECIMAL(10, 0),
// TIME(0), TIMESTAMP(6), VARCHAR and VARBINARY without a bound.
func bindType(t *parser.TypeName) (types.Type, *diag.Error) {
	out, err := bindTypeRoot(t)
	out.NotNull = t.Null == parser.NotNull
	return out, err
}

func bindTypeRoot(t *parser.TypeName) (types.Type, *diag.Error) {
	param := func(i, def int) int {
		if i < len(t.Params) {
			return t.Params[i]
		}
		return def
	}
	bad := func(format string, args ...any) (types.Type, *diag.Error) {
		return types.Type{}, diag.Errorf("invalid-type", t.Span, format, args...)
	}
	switch t.Kind {
	case parser.TypeBoolean:
		return types.BooleanType, nil
	case parser.TypeTinyint:
		return types.TinyIntType, nil
	case parser.TypeSmallint:
		return types.SmallIntType, nil
	case parser.TypeInt:
		return types.IntType, nil
	case parser.TypeBigint:
		return types.BigIntType, nil
	case parser.TypeFloat:
		return types.FloatType, nil
	case parser.TypeDouble:
		return types.DoubleType, nil
	case parser.TypeDate:
		return types.DateType, nil
	case parser.TypeString:
		return types.StringType, nil
	case parser.TypeBytes:
		return types.BytesType, nil
	case parser.TypeNull:
		return types.NullType, nil
	case parser.TypeChar, parser.TypeVarchar, parser.TypeBinary, parser.TypeVarbinary:
		def := 1
		if t.Kind == parser.TypeVarchar || t.Kind == parser.TypeVarbinary {
			def = types.MaxLength
		}
		n := param(0, def)
		if n < 1 {
			return bad("the length of %s must be between 1 and %d, found %d", t.Kind, types.MaxLength, n)
		}
		kinds := map[parser.TypeKind]types.Kind{parser.TypeChar: types.Char, parser.TypeVarchar: types.Varchar,
			parser.TypeBinary: types.Binary, parser.TypeVarbinary: types.Varbinary}
		return types.Type{Kind: kinds[t.Kind], Length: n}, nil
	case parser.TypeDecimal:
		p, s := param(0, 10), param(1, 0)
		if p < 1 || p > types.MaxDecimalPrecision {
			return bad("the precision of DECIMAL must be between 1 and 38, found %d", p)
		}
		if s < 0 || s > p {
			return bad("the scale of DECIMAL must be between 0 and its precision %d, found %d", p, s)
		}
		return types.DecimalType(p, s), nil
	case parser.TypeTime, parser.TypeTimestamp, parser.TypeTimestampLT:
		def := 6
		if t.Kind == parser.TypeTime {
			def = 0
		}
		p := param(0, def)
		if p < 0 || p > 9 {
			return bad("the precision of %s must be between 0 and 9, found %d", t.Kind, p)
		}
		kinds := map[parser.TypeKind]types.Kind{parser.TypeTime: types.Time, parser.TypeTimestamp: types.Timestamp,
			parser.TypeTimestampLT: types.TimestampLTZ}
		return types.Type{Kind: kinds[t.Kind], Precision: p}, nil
	case parser.TypeInterval:
		if isMonths(t.Interval.From) {
			return types.IntervalMonthType, nil
		}
		return types.IntervalMilliType, nil
	case parser.TypeArray, parser.TypeMultiset:
		elem, err := bindType(t.Elem)
		if err != nil {
			return types.Type{}, err
		}
		if t.Kind == parser.TypeMultiset {
			return types.MultisetType(elem), nil
		}
		return types.ArrayType(elem), nil
	case parser.TypeMap:
		k, err := bindType(t.Key)
		if err != nil {
			return types.Type{}, err
		}
		v, err := bindType(t.Elem)
		if err != nil {
			return types.Type{}, err
		}
		return types.MapType(k, v), nil
	case parser.TypeRow:
		out := types.Type{Kind: types.Row, Fields: []types.Field{}}
		for _, f := range t.Fields {
			ft, err := bindType(f.Type)
			if err != nil {
				return types.Type{}, err
			}
			out.Fields = append(out.Fields, types.Field{Name: f.Name.Name, Type: ft})
		}
		return out, nil
	}
	return bad("type %s is not supported", t)
}

func isMonths(u parser.TimeUnit) bool {
	return u == parser.Year || u == parser.Quarter || u == parser.Month
}
