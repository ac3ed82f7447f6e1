package types

// CommonType returns the type to which values of all ts can be brought without an explicit cast, as needed by CASE,
// COALESCE, set operations, comparisons and VALUES; false when there is none. It is NOT NULL only if all are.
//
// Source: Calcite's leastRestrictive with Flink's type system (LogicalTypeMerging).
func CommonType(ts ...Type) (Type, bool) {
	out := Type{Kind: Null, NotNull: true}
	notNull := true
	for _, t := range ts {
		notNull = notNull && t.NotNull && t.Kind != Null
		var ok bool
		if out, ok = common(out, t); !ok {
			return Type{}, false
		}
	}
	return out.WithNotNull(notNull), true
}

func common(a, b Type) (Type, bool) {
	switch {
	case a.Kind == Null:
		return b, true
	case b.Kind == Null:
		return a, true
	case a.Equal(b) && !a.IsNested():
		if a.Attr != b.Attr {
			a.Attr = NoTime
		}
		return a, true
	case a.IsCharacter() && b.IsCharacter():
		if a.Kind == Char && b.Kind == Char && a.Length == b.Length {
			return a, true
		}
		return VarcharType(max(a.Length, b.Length)), true
	case a.IsBinary() && b.IsBinary():
		return VarbinaryType(max(a.Length, b.Length)), true
	case a.IsNumeric() && b.IsNumeric():
		return commonNumeric(a, b), true
	case a.IsDatetime() && b.IsDatetime():
		return commonDatetime(a, b)
	case a.Kind != b.Kind || !a.IsNested() || len(a.Fields) != len(b.Fields):
		return Type{}, false
	}
	out := a
	if a.Elem != nil {
		elem, ok := CommonType(*a.Elem, *b.Elem)
		if !ok {
			return Type{}, false
		}
		out.Elem = &elem
	}
	if a.Key != nil {
		key, ok := CommonType(*a.Key, *b.Key)
		if !ok {
			return Type{}, false
		}
		out.Key = &key
	}
	if a.Fields != nil {
		out.Fields = make([]Field, len(a.Fields))
		for i, f := range a.Fields {
			t, ok := CommonType(f.Type, b.Fields[i].Type)
			if !ok {
				return Type{}, false
			}
			out.Fields[i] = Field{f.Name, t}
		}
	}
	return out, true
}

func commonNumeric(a, b Type) Type {
	switch {
	case a.IsApproximate() && b.IsApproximate():
		return DoubleType
	case a.IsApproximate() || b.IsApproximate():
		if a.Kind == Decimal || b.Kind == Decimal {
			return DoubleType
		}
		if a.IsApproximate() {
			return a
		}
		return b
	case a.Kind == Decimal || b.Kind == Decimal:
		a, b = AsDecimal(a), AsDecimal(b)
		scale := max(a.Scale, b.Scale)
		digits := max(a.Precision-a.Scale, b.Precision-b.Scale)
		return DecimalType(min(digits+scale, MaxDecimalPrecision), scale)
	case a.Kind > b.Kind:
		return a
	}
	return b
}

func commonDatetime(a, b Type) (Type, bool) {
	if a.Kind == b.Kind {
		a.Precision = max(a.Precision, b.Precision)
		a.Attr = NoTime
		return a, true
	}
	if a.Kind > b.Kind {
		a, b = b, a
	}
	switch {
	case a.Kind == Date && b.IsTimestamp(), a.Kind == Time && b.IsTimestamp():
		return b.WithAttr(NoTime), true
	case a.Kind == Timestamp && b.Kind == TimestampLTZ:
		return TimestampLTZType(max(a.Precision, b.Precision)), true
	}
	return Type{}, false
}

// AsDecimal returns the DECIMAL that holds every value of an exact numeric type.
func AsDecimal(t Type) Type {
	digits := map[Kind]int{TinyInt: 3, SmallInt: 5, Int: 10, BigInt: 19}
	if n, ok := digits[t.Kind]; ok {
		return DecimalType(n, 0).WithNotNull(t.NotNull)
	}
	return t
}

// The result types of decimal arithmetic: Flink's LogicalTypeMerging.find…DecimalType.

// DecimalPlus is the type of a + b and a - b.
func DecimalPlus(a, b Type) Type {
	scale := max(a.Scale, b.Scale)
	return adjustDecimal(max(a.Precision-a.Scale, b.Precision-b.Scale)+scale+1, scale)
}

// DecimalTimes is the type of a * b.
func DecimalTimes(a, b Type) Type {
	return adjustDecimal(a.Precision+b.Precision+1, a.Scale+b.Scale)
}

// DecimalDivide is the type of a / b.
func DecimalDivide(a, b Type) Type {
	scale := max(6, a.Scale+b.Precision+1)
	return adjustDecimal(a.Precision-a.Scale+b.Scale+scale, scale)
}

// DecimalModulo is the type of a % b.
func DecimalModulo(a, b Type) Type {
	scale := max(a.Scale, b.Scale)
	return adjustDecimal(min(a.Precision-a.Scale, b.Precision-b.Scale)+scale, scale)
}

// DecimalRound is the type of ROUND(a, digits).
func DecimalRound(a Type, digits int) Type {
	switch {
	case digits >= a.Scale:
		return DecimalType(a.Precision, a.Scale)
	case digits < 0:
		return DecimalType(min(MaxDecimalPrecision, 1+a.Precision-a.Scale), 0)
	}
	return DecimalType(1+a.Precision-a.Scale+digits, digits)
}

// DecimalSum is the type of SUM over DECIMAL(p, scale).
func DecimalSum(a Type) Type { return DecimalType(MaxDecimalPrecision, a.Scale) }

// DecimalAvg is the type of AVG over DECIMAL(p, scale).
func DecimalAvg(a Type) Type {
	return DecimalDivide(DecimalType(MaxDecimalPrecision, a.Scale), DecimalType(20, 0))
}

// adjustDecimal caps the precision at 38, giving up fraction digits but keeping at least six where there were.
func adjustDecimal(precision, scale int) Type {
	if precision <= MaxDecimalPrecision {
		return DecimalType(precision, scale)
	}
	return DecimalType(MaxDecimalPrecision, max(MaxDecimalPrecision-(precision-scale), min(scale, 6)))
}
