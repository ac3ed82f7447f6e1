package json

import (
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
)

// kind says how a value is decoded; it follows from the type.
type kind uint8

const (
	kindText kind = iota
	kindTimestamp
	kindBool
	kindI8
	kindI16
	kindI32
	kindI64
	kindF32
	kindF64
	kindDecimal
	kindBytes
	kindDate
	kindTime
	kindArray
	kindMap
	kindMultiset
	kindRow
	kindNull
	kindOp   // the row kind in a changelog record
	kindData // the row in a changelog record
)

var kinds = map[types.Kind]kind{
	types.Char: kindText, types.Varchar: kindText, types.Boolean: kindBool, types.Binary: kindBytes,
	types.Varbinary: kindBytes, types.Decimal: kindDecimal, types.TinyInt: kindI8, types.SmallInt: kindI16,
	types.Int: kindI32, types.BigInt: kindI64, types.Float: kindF32, types.Double: kindF64, types.Date: kindDate,
	types.Time: kindTime, types.Timestamp: kindTimestamp, types.TimestampLTZ: kindTimestamp,
	types.IntervalMonth: kindI32, types.IntervalMilli: kindI64, types.Array: kindArray, types.Multiset: kindMultiset,
	types.Map: kindMap, types.Row: kindRow, types.Null: kindNull,
}

// field decodes the values of one column, or of one part of a nested type.
type field struct {
	kind    kind
	notNull bool
	times   *scalar.Timestamps // kindTimestamp
	row     *object            // kindRow
	elem    *field             // elements of an array, values of a map, counts of a multiset
	key     *field             // keys of a map, elements of a multiset
	typ     types.Type
	name    string // in the object
	path    string // for messages: a.b[]
}

// newField prepares decoding a type. keyed permits maps whose keys are no text.
func newField(name, path string, t types.Type, iso, keyed bool) (field, error) {
	f := field{kind: kinds[t.Kind], notNull: t.NotNull, typ: t, name: name, path: path}
	var err error
	part := func(path string, t types.Type) *field {
		sub, e := newField("", path, t, iso, keyed)
		if e != nil {
			err = e
		}
		return &sub
	}
	switch f.kind {
	case kindTimestamp:
		f.times = scalar.NewTimestamps(t, iso)
	case kindArray:
		f.elem = part(path+"[]", *t.Elem)
	case kindMap:
		f.key = part(path+"{key}", *t.Key)
		f.elem = part(path+"{}", *t.Elem)
	case kindMultiset:
		f.key = part(path+"{key}", *t.Elem)
		f.elem = part(path+"{}", types.IntType)
	case kindRow:
		fields := make([]field, len(t.Fields))
		for i, c := range t.Fields {
			if fields[i], err = newField(c.Name, path+"."+c.Name, c.Type, iso, keyed); err != nil {
				return f, err
			}
		}
		f.row = newObject(fields)
	}
	if err == nil && f.key != nil && f.key.kind != kindText && !keyed {
		return f, unsupported(path, t, "the names of an object are text, so the keys must be")
	}
	return f, err
}
