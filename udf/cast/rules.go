package cast

import "github.com/weirsql/weir/types"

// Implicit reports whether a value of type from is taken for one of type to without CAST: what a sink accepts from a
// query. Nullability is not looked at. Source: LogicalTypeCasts of Flink 1.20, as its INSERT INTO answers.
func Implicit(from, to types.Type) bool {
	if from.Kind == types.Null || from.Equal(to) {
		return true
	}
	switch to.Kind {
	case types.Char, types.Boolean, types.Binary, types.TinyInt, types.IntervalMonth, types.IntervalMilli:
		return from.Kind == to.Kind
	case types.Varchar:
		return from.IsCharacter()
	case types.Varbinary:
		return from.IsBinary()
	case types.SmallInt, types.Int, types.BigInt:
		return from.IsInteger() && from.Kind <= to.Kind
	case types.Float:
		return from.IsExact() || from.Kind == types.Float
	case types.Decimal, types.Double:
		return from.IsNumeric()
	case types.Date, types.Time:
		return from.Kind == to.Kind || from.Kind == types.Timestamp
	case types.Timestamp, types.TimestampLTZ:
		return from.IsTimestamp()
	}
	return nested(from, to, Implicit)
}

// Explicit reports whether CAST(from AS to) exists. Nullability is not looked at.
func Explicit(from, to types.Type) bool {
	if from.Kind == types.Null || Implicit(from, to) {
		return true
	}
	if from.Kind == types.Symbol || to.Kind == types.Symbol {
		return false
	}
	switch {
	case to.IsCharacter():
		return true
	case to.Kind == types.Boolean:
		return from.IsCharacter() || from.IsNumeric()
	case to.IsBinary():
		return from.IsCharacter() || from.IsBinary()
	case to.IsNumeric():
		return from.IsCharacter() || from.IsNumeric() || from.Kind == types.Boolean
	case to.Kind == types.Date:
		return from.IsCharacter() || from.IsTimestamp()
	case to.Kind == types.Time:
		return from.IsCharacter() || from.IsTimestamp()
	case to.IsTimestamp():
		return from.IsCharacter() || from.IsDatetime()
	}
	return nested(from, to, Explicit)
}

// nested applies a rule to the parts of two types of the same kind.
func nested(from, to types.Type, rule func(from, to types.Type) bool) bool {
	if from.Kind != to.Kind || !to.IsNested() || len(from.Fields) != len(to.Fields) {
		return false
	}
	if to.Elem != nil && !rule(*from.Elem, *to.Elem) || to.Key != nil && !rule(*from.Key, *to.Key) {
		return false
	}
	for i, f := range to.Fields {
		if !rule(from.Fields[i].Type, f.Type) {
			return false
		}
	}
	return true
}

// identity reports whether the cast changes nothing: the same storage, and no length, precision or padding that could
// alter a value.
func identity(from, to types.Type) bool {
	if !from.SameStorage(to) {
		return false
	}
	switch {
	case to.Kind == types.Char, to.Kind == types.Binary:
		return from.Kind == to.Kind && from.Length == to.Length
	case to.IsCharacter(), to.IsBinary():
		return from.Length <= to.Length
	case to.Kind == types.Decimal, to.Kind == types.Time, to.IsTimestamp():
		return from.Precision <= to.Precision
	case to.IsNested():
		return nested(from, to, identity)
	}
	return true
}
