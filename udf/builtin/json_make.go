package builtin

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func jsonMakers() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "JSON_STRING",
			Family:  "json",
			Usage:   []string{"JSON_STRING(value)"},
			Summary: "A value as JSON text: rows and maps as objects, timestamps as in ISO 8601, bytes in base64; NULL for NULL.",
			Examples: []udf.Example{
				{SQL: "JSON_STRING('a \"b\"')", Result: `"a \"b\""`},
				{SQL: "JSON_STRING(ARRAY[1, NULL])", Result: "[1,null]"},
			},
			Scalar: bindJSONString,
		},
		{
			Name:    "JSON_OBJECT",
			Family:  "json",
			Usage:   []string{"JSON_OBJECT([[KEY] key VALUE value]* [{NULL | ABSENT} ON NULL])"},
			Summary: "A JSON object of keys, which are text literals, and values, in the order of the keys; NULLs become null unless they are left out. JSON made by JSON_OBJECT and JSON_ARRAY is put in as it is.",
			Examples: []udf.Example{
				{SQL: "JSON_OBJECT('a' VALUE 1, 'b' VALUE JSON_ARRAY('x'))", Result: `{"a":1,"b":["x"]}`},
				{SQL: "JSON_OBJECT('a' VALUE CAST(NULL AS INT) ABSENT ON NULL)", Result: "{}"},
			},
			// Not for what it gives, but to be seen as a call where it is an argument: folded it would be any text.
			NonDeterministic: true,
			Scalar:           bindJSONObject,
		},
		{
			Name:    "JSON_ARRAY",
			Family:  "json",
			Usage:   []string{"JSON_ARRAY([value [, value]*] [{NULL | ABSENT} ON NULL])"},
			Summary: "A JSON array of values; NULLs are left out unless they are to become null. JSON made by JSON_OBJECT and JSON_ARRAY is put in as it is.",
			Examples: []udf.Example{
				{SQL: "JSON_ARRAY(1, 'x', CAST(NULL AS INT))", Result: `[1,"x"]`},
			},
			NonDeterministic: true,
			Scalar:           bindJSONArray,
		},
	}
}

// jsonWriter appends row i of v, which is not NULL, as JSON.
type jsonWriter func(dst []byte, v *types.Vector, i int) []byte

// jsonWriterOf returns the writer for values of t; nil when they can't be written. raw says that texts are JSON already.
func jsonWriterOf(t types.Type, raw bool) jsonWriter {
	switch {
	case t.IsCharacter() && raw:
		return func(dst []byte, v *types.Vector, i int) []byte { return append(dst, v.Bytes(i)...) }
	case t.IsCharacter():
		return func(dst []byte, v *types.Vector, i int) []byte { return appendJSONText(dst, v.Str(i)) }
	case t.IsBinary():
		return func(dst []byte, v *types.Vector, i int) []byte {
			dst = base64.StdEncoding.AppendEncode(append(dst, '"'), v.Bytes(i))
			return append(dst, '"')
		}
	case t.IsTimestamp():
		return func(dst []byte, v *types.Vector, i int) []byte {
			dst = temporal.AppendTimestampT(append(dst, '"'), v.I64[i], t.Precision)
			if t.Precision > 0 {
				dst = bytes.TrimSuffix(bytes.TrimRight(dst, "0"), []byte("."))
				if c := dst[len(dst)-1]; c == ':' || len(dst) > 1 && dst[len(dst)-2] == ':' {
					dst = append(dst, '0') // a zero of the seconds
				}
			}
			if t.Kind == types.TimestampLTZ {
				dst = append(dst, 'Z')
			}
			return append(dst, '"')
		}
	}
	switch t.Kind {
	case types.Boolean:
		return func(dst []byte, v *types.Vector, i int) []byte { return strconv.AppendBool(dst, v.Bool[i]) }
	case types.TinyInt:
		return jsonInt[int8]
	case types.SmallInt:
		return jsonInt[int16]
	case types.Int:
		return jsonInt[int32]
	case types.BigInt:
		return jsonInt[int64]
	case types.Float:
		return func(dst []byte, v *types.Vector, i int) []byte {
			return appendJSONFloat(dst, number.AppendFloat32(nil, v.F32[i]))
		}
	case types.Double:
		return func(dst []byte, v *types.Vector, i int) []byte {
			return appendJSONFloat(dst, number.AppendFloat64(nil, v.F64[i]))
		}
	case types.Decimal:
		return func(dst []byte, v *types.Vector, i int) []byte {
			dst = number.AppendDecimal(dst, v.Dec[i], t.Scale)
			if t.Scale > 0 {
				dst = bytes.TrimSuffix(bytes.TrimRight(dst, "0"), []byte("."))
			}
			return dst
		}
	case types.Array:
		return jsonArrayWriter(*t.Elem)
	case types.Map, types.Multiset:
		return jsonMapWriter(t)
	case types.Row:
		return jsonRowWriter(t)
	}
	return nil
}

func jsonInt[T integer](dst []byte, v *types.Vector, i int) []byte {
	return strconv.AppendInt(dst, int64((*values[T](v))[i]), 10)
}

// orNull writes NULL as null.
func (w jsonWriter) orNull(dst []byte, v *types.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	return w(dst, v, i)
}

func jsonArrayWriter(elem types.Type) jsonWriter {
	w := jsonWriterOf(elem, false)
	if w == nil {
		return nil
	}
	return func(dst []byte, v *types.Vector, i int) []byte {
		dst = append(dst, '[')
		from, to := entries(v, i)
		for k := from; k < to; k++ {
			if k > from {
				dst = append(dst, ',')
			}
			dst = w.orNull(dst, v.Children[0], k)
		}
		return append(dst, ']')
	}
}

// jsonMember is a key, with where its value is.
type jsonMember struct {
	key  string
	w    jsonWriter
	v    *types.Vector
	i    int
	null bool
}

// appendJSONObject appends the members by ascending keys, of equal keys the last.
func appendJSONObject(dst []byte, members []jsonMember) []byte {
	slices.SortStableFunc(members, func(a, b jsonMember) int {
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		}
		return 0
	})
	dst = append(dst, '{')
	first := true
	for k, m := range members {
		if k+1 < len(members) && members[k+1].key == m.key {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendJSONText(dst, m.key), ':')
		if m.null {
			dst = append(dst, "null"...)
		} else {
			dst = m.w(dst, m.v, m.i)
		}
	}
	return append(dst, '}')
}

// jsonMapWriter writes maps whose keys are text; NULL as a key is the empty text.
func jsonMapWriter(t types.Type) jsonWriter {
	key, value := t.Key, t.Elem
	if t.Kind == types.Multiset {
		count := types.IntType
		key, value = t.Elem, &count
	}
	w := jsonWriterOf(*value, false)
	if w == nil || !key.IsCharacter() {
		return nil
	}
	return func(dst []byte, v *types.Vector, i int) []byte {
		from, to := entries(v, i)
		members := make([]jsonMember, 0, to-from)
		for k := from; k < to; k++ {
			name := ""
			if !v.Children[0].IsNull(k) {
				name = v.Children[0].Str(k)
			}
			members = append(members, jsonMember{name, w, v.Children[1], k, v.Children[1].IsNull(k)})
		}
		return appendJSONObject(dst, members)
	}
}

func jsonRowWriter(t types.Type) jsonWriter {
	writers := make([]jsonWriter, len(t.Fields))
	for k, f := range t.Fields {
		if writers[k] = jsonWriterOf(f.Type, false); writers[k] == nil {
			return nil
		}
	}
	return func(dst []byte, v *types.Vector, i int) []byte {
		members := make([]jsonMember, 0, len(writers))
		for k, f := range t.Fields {
			members = append(members, jsonMember{f.Name, writers[k], v.Children[k], i, v.Children[k].IsNull(i)})
		}
		return appendJSONObject(dst, members)
	}
}

// jsonArg returns the writer for argument i.
func jsonArg(c *udf.Call, i int) (jsonWriter, error) {
	a := c.Args[i]
	if a.Type.Kind == types.Null {
		return func(dst []byte, _ *types.Vector, _ int) []byte { return append(dst, "null"...) }, nil
	}
	w := jsonWriterOf(a.Type, a.Func == "JSON_OBJECT" || a.Func == "JSON_ARRAY")
	if w == nil {
		return nil, &udf.ArgError{Arg: i, Msg: "values of type " + a.Type.Nullable().String() + " have no form in JSON", Hint: "CAST it to STRING"}
	}
	return w, nil
}

func bindJSONString(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) != 1 {
		return nil, wrongArity(c, 1, 1)
	}
	w, err := jsonArg(c, 0)
	if err != nil {
		return nil, err
	}
	t := c.Args[0].Type.WithAttr(types.NoTime)
	return &udf.BoundScalar{
		Args:   []types.Type{t},
		Result: types.StringType.WithNotNull(t.NotNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				out.Data = w(out.Data, args[0], i)
				out.EndValue()
				return nil
			})
		},
	}, nil
}

func bindJSONObject(c *udf.Call) (*udf.BoundScalar, error) {
	clauses, err := readJSONClauses(c)
	if err != nil {
		return nil, err
	}
	if clauses.plain%2 != 0 {
		return nil, udf.Errorf(-1, "JSON_OBJECT takes a value for each key")
	}
	s := &udf.BoundScalar{Result: types.StringType.WithNotNull(true), Nulls: udf.NullsSeen}
	var keys []string
	var writers []jsonWriter
	for i := 0; i < clauses.plain; i += 2 {
		key, ok := literalText(c, i)
		if !ok {
			return nil, udf.Errorf(i, "a key of JSON_OBJECT is a text literal")
		}
		w, err := jsonArg(c, i+1)
		if err != nil {
			return nil, err
		}
		keys, writers = append(keys, key), append(writers, w)
	}
	for _, a := range c.Args {
		s.Args = append(s.Args, a.Type.WithAttr(types.NoTime))
	}
	absent := clauses.onNull == "ABSENT ON NULL"
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		var members []jsonMember
		for i := range n {
			members = members[:0]
			for k, key := range keys {
				v := args[2*k+1]
				null := v.Type.Kind == types.Null || v.IsNull(i)
				if null && absent {
					continue
				}
				members = append(members, jsonMember{key, writers[k], v, i, null})
			}
			out.Data = appendJSONObject(out.Data, members)
			out.EndValue()
		}
		return nil
	}
	return s, nil
}

func bindJSONArray(c *udf.Call) (*udf.BoundScalar, error) {
	clauses, err := readJSONClauses(c)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Result: types.StringType.WithNotNull(true), Nulls: udf.NullsSeen}
	var writers []jsonWriter
	for i := range clauses.plain {
		w, err := jsonArg(c, i)
		if err != nil {
			return nil, err
		}
		writers = append(writers, w)
	}
	for _, a := range c.Args {
		s.Args = append(s.Args, a.Type.WithAttr(types.NoTime))
	}
	nulls := clauses.onNull == "NULL ON NULL"
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		for i := range n {
			out.Data = append(out.Data, '[')
			first := true
			for k, w := range writers {
				v := args[k]
				null := v.Type.Kind == types.Null || v.IsNull(i)
				if null && !nulls {
					continue
				}
				if !first {
					out.Data = append(out.Data, ',')
				}
				first = false
				if null {
					out.Data = append(out.Data, "null"...)
				} else {
					out.Data = w(out.Data, v, i)
				}
			}
			out.Data = append(out.Data, ']')
			out.EndValue()
		}
		return nil
	}
	return s, nil
}
