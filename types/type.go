package types

import (
	"strconv"
	"strings"
)

// Kind is the root of a SQL type: the type without its parameters.
type Kind uint8

// The kinds, in the order of Flink's LogicalTypeRoot.
const (
	Invalid       Kind = iota
	Char               // CHAR(n)
	Varchar            // VARCHAR(n); STRING is VARCHAR(MaxLength)
	Boolean            // BOOLEAN
	Binary             // BINARY(n)
	Varbinary          // VARBINARY(n); BYTES is VARBINARY(MaxLength)
	Decimal            // DECIMAL(p, s)
	TinyInt            // TINYINT
	SmallInt           // SMALLINT
	Int                // INT
	BigInt             // BIGINT
	Float              // FLOAT, 32 bits
	Double             // DOUBLE, 64 bits
	Date               // DATE
	Time               // TIME(p)
	Timestamp          // TIMESTAMP(p), without time zone
	TimestampLTZ       // TIMESTAMP_LTZ(p), an instant shown in the session's zone
	IntervalMonth      // INTERVAL YEAR TO MONTH
	IntervalMilli      // INTERVAL DAY TO SECOND
	Array              // ARRAY<Elem>
	Multiset           // MULTISET<Elem>
	Map                // MAP<Key, Elem>
	Row                // ROW<Fields>
	Null               // the type of an untyped NULL literal
	Symbol             // a keyword argument such as a time unit; never a column's type
)

// MaxLength is the length of STRING and BYTES, which are VARCHAR and VARBINARY without a bound of their own.
const MaxLength = 1<<31 - 1

// MaxDecimalPrecision is the largest p of DECIMAL(p, s).
const MaxDecimalPrecision = 38

// TimeAttribute marks a column as one of Flink's time attributes.
type TimeAttribute uint8

const (
	NoTime   TimeAttribute = iota
	Rowtime                // event time: the column a WATERMARK is declared on, or derived from it unchanged
	Proctime               // processing time: PROCTIME()
)

// Type is a SQL type. The zero Type is Invalid. Types are values: copy them freely, never change what Elem, Key or
// Fields point to.
type Type struct {
	Kind      Kind
	NotNull   bool          // NOT NULL; types are nullable by default, as in Flink
	Length    int           // Char, Varchar: characters; Binary, Varbinary: bytes
	Precision int           // Decimal: digits; Time, Timestamp, TimestampLTZ: fraction digits 0..9
	Scale     int           // Decimal: digits after the point
	Attr      TimeAttribute // Timestamp and TimestampLTZ only
	Elem      *Type         // Array, Multiset: element; Map: value
	Key       *Type         // Map
	Fields    []Field       // Row
}

// Field is a named part of a row type or a schema.
type Field struct {
	Name string
	Type Type
}

// The types without parameters, and STRING and BYTES. All are nullable.
var (
	BooleanType       = Type{Kind: Boolean}
	TinyIntType       = Type{Kind: TinyInt}
	SmallIntType      = Type{Kind: SmallInt}
	IntType           = Type{Kind: Int}
	BigIntType        = Type{Kind: BigInt}
	FloatType         = Type{Kind: Float}
	DoubleType        = Type{Kind: Double}
	StringType        = Type{Kind: Varchar, Length: MaxLength}
	BytesType         = Type{Kind: Varbinary, Length: MaxLength}
	DateType          = Type{Kind: Date}
	NullType          = Type{Kind: Null}
	SymbolType        = Type{Kind: Symbol, NotNull: true}
	IntervalMonthType = Type{Kind: IntervalMonth}
	IntervalMilliType = Type{Kind: IntervalMilli}
)

// CharType returns CHAR(n).
func CharType(n int) Type { return Type{Kind: Char, Length: n} }

// VarcharType returns VARCHAR(n).
func VarcharType(n int) Type { return Type{Kind: Varchar, Length: n} }

// BinaryType returns BINARY(n).
func BinaryType(n int) Type { return Type{Kind: Binary, Length: n} }

// VarbinaryType returns VARBINARY(n).
func VarbinaryType(n int) Type { return Type{Kind: Varbinary, Length: n} }

// DecimalType returns DECIMAL(p, s).
func DecimalType(p, s int) Type { return Type{Kind: Decimal, Precision: p, Scale: s} }

// TimeType returns TIME(p).
func TimeType(p int) Type { return Type{Kind: Time, Precision: p} }

// TimestampType returns TIMESTAMP(p).
func TimestampType(p int) Type { return Type{Kind: Timestamp, Precision: p} }

// TimestampLTZType returns TIMESTAMP_LTZ(p).
func TimestampLTZType(p int) Type { return Type{Kind: TimestampLTZ, Precision: p} }

// ArrayType returns ARRAY<elem>.
func ArrayType(elem Type) Type { return Type{Kind: Array, Elem: &elem} }

// MultisetType returns MULTISET<elem>.
func MultisetType(elem Type) Type { return Type{Kind: Multiset, Elem: &elem} }

// MapType returns MAP<key, value>.
func MapType(key, value Type) Type { return Type{Kind: Map, Key: &key, Elem: &value} }

// RowType returns ROW<fields>.
func RowType(fields ...Field) Type { return Type{Kind: Row, Fields: fields} }

// WithNotNull returns t with its nullability set.
func (t Type) WithNotNull(notNull bool) Type {
	t.NotNull = notNull
	return t
}

// Nullable returns t without NOT NULL.
func (t Type) Nullable() Type { return t.WithNotNull(false) }

// WithAttr returns t with its time attribute set.
func (t Type) WithAttr(a TimeAttribute) Type {
	t.Attr = a
	return t
}

// IsCharacter reports CHAR and VARCHAR.
func (t Type) IsCharacter() bool { return t.Kind == Char || t.Kind == Varchar }

// IsBinary reports BINARY and VARBINARY.
func (t Type) IsBinary() bool { return t.Kind == Binary || t.Kind == Varbinary }

// IsInteger reports TINYINT to BIGINT.
func (t Type) IsInteger() bool { return t.Kind >= TinyInt && t.Kind <= BigInt }

// IsExact reports the integers and DECIMAL.
func (t Type) IsExact() bool { return t.Kind == Decimal || t.IsInteger() }

// IsApproximate reports FLOAT and DOUBLE.
func (t Type) IsApproximate() bool { return t.Kind == Float || t.Kind == Double }

// IsNumeric reports DECIMAL, the integers, FLOAT and DOUBLE.
func (t Type) IsNumeric() bool { return t.Kind >= Decimal && t.Kind <= Double }

// IsTimestamp reports TIMESTAMP and TIMESTAMP_LTZ.
func (t Type) IsTimestamp() bool { return t.Kind == Timestamp || t.Kind == TimestampLTZ }

// IsDatetime reports DATE, TIME and the timestamps.
func (t Type) IsDatetime() bool { return t.Kind >= Date && t.Kind <= TimestampLTZ }

// IsInterval reports both interval families.
func (t Type) IsInterval() bool { return t.Kind == IntervalMonth || t.Kind == IntervalMilli }

// IsNested reports the types made of others.
func (t Type) IsNested() bool { return t.Kind >= Array && t.Kind <= Row }

// TicksPerSecond is the number of units a Timestamp or TimestampLTZ value counts per second: values are int64 since
// 1970-01-01 00:00:00 in milliseconds for precision 0..3, microseconds for 4..6, nanoseconds for 7..9 (Arrow's
// timestamp units). Nanoseconds reach from 1677 to 2262 only.
func (t Type) TicksPerSecond() int64 { return TicksPerSecond(t.Precision) }

// TicksPerSecond is Type.TicksPerSecond for a timestamp precision.
func TicksPerSecond(precision int) int64 {
	switch {
	case precision <= 3:
		return 1e3
	case precision <= 6:
		return 1e6
	}
	return 1e9
}

// Equal reports whether t and u are the same type, nullability and time attribute aside, at every depth.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Length != u.Length || t.Precision != u.Precision || t.Scale != u.Scale || len(t.Fields) != len(u.Fields) {
		return false
	}
	if t.Elem != nil && !t.Elem.Equal(*u.Elem) || t.Key != nil && !t.Key.Equal(*u.Key) {
		return false
	}
	for i, f := range t.Fields {
		if f.Name != u.Fields[i].Name || !f.Type.Equal(u.Fields[i].Type) {
			return false
		}
	}
	return true
}

// SameStorage reports whether values of t can stand in a vector of u unchanged: equal but for lengths of text and
// bytes, field names and nullability.
func (t Type) SameStorage(u Type) bool {
	switch {
	case t.IsCharacter() && u.IsCharacter(), t.IsBinary() && u.IsBinary():
		return true
	case t.Kind != u.Kind || len(t.Fields) != len(u.Fields):
		return false
	case t.Kind == Decimal:
		return t.Scale == u.Scale
	case t.IsTimestamp():
		return t.TicksPerSecond() == u.TicksPerSecond()
	}
	if t.Elem != nil && !t.Elem.SameStorage(*u.Elem) || t.Key != nil && !t.Key.SameStorage(*u.Key) {
		return false
	}
	for i, f := range t.Fields {
		if !f.Type.SameStorage(u.Fields[i].Type) {
			return false
		}
	}
	return true
}

var kindNames = [...]string{
	Invalid: "INVALID", Char: "CHAR", Varchar: "VARCHAR", Boolean: "BOOLEAN", Binary: "BINARY", Varbinary: "VARBINARY",
	Decimal: "DECIMAL", TinyInt: "TINYINT", SmallInt: "SMALLINT", Int: "INT", BigInt: "BIGINT", Float: "FLOAT",
	Double: "DOUBLE", Date: "DATE", Time: "TIME", Timestamp: "TIMESTAMP", TimestampLTZ: "TIMESTAMP_LTZ",
	IntervalMonth: "INTERVAL YEAR TO MONTH", IntervalMilli: "INTERVAL DAY TO SECOND", Array: "ARRAY",
	Multiset: "MULTISET", Map: "MAP", Row: "ROW", Null: "NULL", Symbol: "SYMBOL",
}

// String returns the kind's name in SQL.
func (k Kind) String() string { return kindNames[k] }

// String prints the type as Flink's DESCRIBE does: `STRING`, `DECIMAL(10, 2) NOT NULL`, `TIMESTAMP(3) *ROWTIME*`.
func (t Type) String() string {
	var b strings.Builder
	t.write(&b, true)
	return b.String()
}

// SQL prints the type so that the parser reads it back: like String without the marks of time attributes.
func (t Type) SQL() string {
	var b strings.Builder
	t.write(&b, false)
	return b.String()
}

func (t Type) write(b *strings.Builder, attrs bool) {
	params := func(ns ...int) {
		b.WriteByte('(')
		for i, n := range ns {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	switch {
	case t.Kind == Varchar && t.Length == MaxLength:
		b.WriteString("STRING")
	case t.Kind == Varbinary && t.Length == MaxLength:
		b.WriteString("BYTES")
	default:
		b.WriteString(t.Kind.String())
		switch t.Kind {
		case Char, Varchar, Binary, Varbinary:
			params(t.Length)
		case Decimal:
			params(t.Precision, t.Scale)
		case Time, Timestamp, TimestampLTZ:
			params(t.Precision)
		case Array, Multiset:
			b.WriteByte('<')
			t.Elem.write(b, attrs)
			b.WriteByte('>')
		case Map:
			b.WriteByte('<')
			t.Key.write(b, attrs)
			b.WriteString(", ")
			t.Elem.write(b, attrs)
			b.WriteByte('>')
		case Row:
			b.WriteByte('<')
			for i, f := range t.Fields {
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteByte('`')
				b.WriteString(strings.ReplaceAll(f.Name, "`", "``"))
				b.WriteString("` ")
				f.Type.write(b, attrs)
			}
			b.WriteByte('>')
		}
	}
	if t.NotNull {
		b.WriteString(" NOT NULL")
	}
	if attrs {
		switch t.Attr {
		case Rowtime:
			b.WriteString(" *ROWTIME*")
		case Proctime:
			b.WriteString(" *PROCTIME*")
		}
	}
}
