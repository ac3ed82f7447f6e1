package builtin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func jsonQueries() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "JSON_EXISTS",
			Family:  "json",
			Usage:   []string{"JSON_EXISTS(json, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])"},
			Summary: "TRUE when there is a value other than null at a path; FALSE, if it isn't said, for text that is no JSON.",
			Examples: []udf.Example{
				{SQL: `JSON_EXISTS('{"a": true}', '$.a')`, Result: "TRUE"},
				{SQL: `JSON_EXISTS('{"a": true}', 'strict $.b' TRUE ON ERROR)`, Result: "TRUE"},
			},
			Scalar: bindJSONExists,
		},
		{
			Name:    "JSON_VALUE",
			Family:  "json",
			Usage:   []string{"JSON_VALUE(json, path [RETURNING type] [{NULL | ERROR | DEFAULT value} ON EMPTY] [{NULL | ERROR | DEFAULT value} ON ERROR])"},
			Summary: "The scalar at a path as STRING, or as BOOLEAN, INTEGER or DOUBLE when it is one; NULL, if it isn't said, when there is none.",
			Examples: []udf.Example{
				{SQL: `JSON_VALUE('{"a": "x"}', '$.a')`, Result: "x"},
				{SQL: `JSON_VALUE('{"a": 5}', '$.a' RETURNING INTEGER) + 1`, Result: "6"},
				{SQL: `JSON_VALUE('{}', 'lax $.a' DEFAULT 'none' ON EMPTY)`, Result: "none"},
			},
			Scalar: bindJSONValue,
		},
		{
			Name:    "JSON_QUERY",
			Family:  "json",
			Usage:   []string{"JSON_QUERY(json, path [RETURNING type] [{WITHOUT | WITH [CONDITIONAL | UNCONDITIONAL]} [ARRAY] WRAPPER] [{NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR} ON EMPTY] [… ON ERROR])"},
			Summary: "The object or array at a path as JSON text, or as ARRAY<STRING>; scalars only in a wrapping array. NULL, if it isn't said, when there is none.",
			Examples: []udf.Example{
				{SQL: `JSON_QUERY('{"a": {"b": 1}}', '$.a')`, Result: `{"b":1}`},
				{SQL: `JSON_QUERY('{"a": 1}', '$.a' WITH CONDITIONAL ARRAY WRAPPER)`, Result: "[1]"},
			},
			Scalar: bindJSONQuery,
		},
	}
}

// jsonCall is what JSON_EXISTS, JSON_VALUE and JSON_QUERY have in common.
type jsonCall struct {
	clauses jsonClauses
	args    []types.Type
	path    *jsonPath // of a literal
	pathErr error
}

func bindJSONCall(c *udf.Call) (*jsonCall, error) {
	clauses, err := readJSONClauses(c)
	if err != nil {
		return nil, err
	}
	plain := *c
	plain.Args = c.Args[:clauses.plain]
	args, _, err := signature(&plain, 2, textParam, textParam)
	if err != nil {
		return nil, err
	}
	j := &jsonCall{clauses: clauses, args: args}
	for _, a := range c.Args[clauses.plain:] {
		j.args = append(j.args, a.Type)
	}
	if text, ok := literalText(c, 1); ok {
		if j.path, j.pathErr = parseJSONPath(text); errors.Is(j.pathErr, errNoFilters) {
			return nil, udf.Errorf(1, "%v", j.pathErr)
		}
	}
	return j, nil
}

// eval makes an Eval that calls f for each row with what the path finds: nil and an error in strict mode, nil for
// nothing in lax mode.
func (j *jsonCall) eval(f func(args []*types.Vector, out *types.Vector, i int, lax bool, found *jsonValue, err error) error) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		path, pathErr, text := j.path, j.pathErr, ""
		for i := range n {
			if args[0].IsNull(i) || args[1].IsNull(i) {
				appendNullAt(out, i)
				continue
			}
			if j.path == nil {
				if s := args[1].Str(i); path == nil || s != text {
					text = strings.Clone(s)
					path, pathErr = parseJSONPath(text)
				}
				if errors.Is(pathErr, errNoFilters) {
					return &udf.RowError{Row: i, Err: pathErr}
				}
			}
			var found *jsonValue
			v, err := parseJSON(args[0].Str(i))
			if err == nil {
				if err = pathErr; err == nil {
					if found, err = path.find(v); found != nil && found.kind == jsonNull {
						found = nil
					}
				}
			}
			if err != nil && path.lax && pathErr == nil {
				err = nil
			}
			if err := f(args, out, i, path.lax, found, err); err != nil {
				return &udf.RowError{Row: i, Err: err}
			}
		}
		return nil
	}
}

// appendNullAt makes row i of out, which is the next one, NULL.
func appendNullAt(out *types.Vector, i int) {
	out.SetNull(i)
	switch out.Type.Kind.Storage() {
	case types.StoreBytes, types.StoreList, types.StoreRow:
		out.AppendZero()
	}
}

func bindJSONExists(c *udf.Call) (*udf.BoundScalar, error) {
	j, err := bindJSONCall(c)
	if err != nil {
		return nil, err
	}
	onError := j.clauses.onError
	return &udf.BoundScalar{
		Args:     j.args,
		Result:   types.BooleanType,
		Nulls:    udf.NullsSeen,
		Fallible: true,
		Eval: j.eval(func(_ []*types.Vector, out *types.Vector, i int, _ bool, found *jsonValue, err error) error {
			out.Bool[i] = found != nil
			if err == nil {
				return nil
			}
			switch onError {
			case "ERROR":
				return fmt.Errorf("JSON_EXISTS: %w", err)
			case "UNKNOWN":
				out.SetNull(i)
			case "TRUE":
				out.Bool[i] = true
			}
			return nil
		}),
	}, nil
}

// returned stores a scalar in the type of RETURNING.
type returned func(out *types.Vector, i int, v *jsonValue) error

func jsonReturning(t types.Type) (returned, bool) {
	mismatch := func(v *jsonValue) error {
		return fmt.Errorf("JSON_VALUE returning %s found %s", t.Nullable(), appendJSON(nil, v))
	}
	switch {
	case t.IsCharacter():
		return func(out *types.Vector, _ int, v *jsonValue) error {
			out.AppendString(v.plain())
			return nil
		}, true
	case t.Kind == types.Int:
		return func(out *types.Vector, i int, v *jsonValue) error {
			n, ok := v.int32()
			if out.I32[i] = n; !ok {
				return mismatch(v)
			}
			return nil
		}, true
	case t.Kind == types.Double:
		return func(out *types.Vector, i int, v *jsonValue) error {
			f, ok := v.float64()
			if out.F64[i] = f; !ok {
				return mismatch(v)
			}
			return nil
		}, true
	case t.Kind == types.Boolean:
		return func(out *types.Vector, i int, v *jsonValue) error {
			if out.Bool[i] = v.kind == jsonTrue; v.kind != jsonTrue && v.kind != jsonFalse {
				return mismatch(v)
			}
			return nil
		}, true
	}
	return nil, false
}

func bindJSONValue(c *udf.Call) (*udf.BoundScalar, error) {
	j, err := bindJSONCall(c)
	if err != nil {
		return nil, err
	}
	result := types.StringType
	if j.clauses.returning != nil {
		result = *j.clauses.returning
	}
	store, ok := jsonReturning(result)
	if !ok {
		return nil, udf.Errorf(-1, "JSON_VALUE returns STRING, BOOLEAN, INTEGER or DOUBLE, not %s; CAST its result", result)
	}
	for _, i := range []int{j.clauses.emptyDefault, j.clauses.errorDefault} {
		if i > 0 {
			if t := c.Args[i].Type; t.Kind != types.Null && !t.SameStorage(result) && !(t.IsNumeric() && result.IsNumeric()) {
				return nil, udf.Errorf(i, "the DEFAULT of JSON_VALUE must be %s, not %s", result, t)
			}
			j.args[i] = result.WithNotNull(c.Args[i].Type.NotNull)
		}
	}
	otherwise := func(args []*types.Vector, out *types.Vector, i int, kind string, arg int, err error) error {
		switch {
		case kind == "ERROR":
			return err
		case kind == "DEFAULT" && !args[arg].IsNull(i):
			copyAt(out, i, args[arg])
		default:
			appendNullAt(out, i)
		}
		return nil
	}
	return &udf.BoundScalar{
		Args:     j.args,
		Result:   result,
		Nulls:    udf.NullsSeen,
		Fallible: true,
		Eval: j.eval(func(args []*types.Vector, out *types.Vector, i int, lax bool, found *jsonValue, err error) error {
			if err == nil && !lax && (found == nil || !found.isScalar()) {
				if found == nil {
					found = &jsonValue{}
				}
				err = fmt.Errorf("the value at a strict path must be a scalar and not null, found %s", appendJSON(nil, found))
			}
			switch {
			case err != nil:
				return otherwise(args, out, i, j.clauses.onError, j.clauses.errorDefault, fmt.Errorf("JSON_VALUE: %w", err))
			case found == nil || !found.isScalar():
				return otherwise(args, out, i, j.clauses.onEmpty, j.clauses.emptyDefault, errors.New("JSON_VALUE: no scalar at the path"))
			}
			return store(out, i, found)
		}),
	}, nil
}

// copyAt makes row i of out, which is the next one where values are appended, that of v.
func copyAt(out *types.Vector, i int, v *types.Vector) {
	switch out.Type.Kind {
	case types.Boolean:
		out.Bool[i] = v.Bool[i]
	case types.Int:
		out.I32[i] = v.I32[i]
	case types.Double:
		out.F64[i] = v.F64[i]
	default:
		out.AppendString(v.Str(i))
	}
}

func bindJSONQuery(c *udf.Call) (*udf.BoundScalar, error) {
	j, err := bindJSONCall(c)
	if err != nil {
		return nil, err
	}
	result := types.StringType
	if r := j.clauses.returning; r != nil {
		result = *r
		if !r.IsCharacter() && !(r.Kind == types.Array && r.Elem.IsCharacter()) {
			return nil, udf.Errorf(-1, "JSON_QUERY returns STRING or ARRAY<STRING>, not %s", result)
		}
		if r.Kind == types.Array && (j.clauses.onEmpty == "EMPTY OBJECT" || j.clauses.onError == "EMPTY OBJECT") {
			return nil, udf.Errorf(-1, "JSON_QUERY can't return an EMPTY OBJECT as %s", result)
		}
	}
	emit := func(out *types.Vector, i int, v *jsonValue) {
		if result.IsCharacter() {
			out.Data = appendJSON(out.Data, v)
			out.EndValue()
			return
		}
		if v.kind != jsonArray {
			appendNullAt(out, i)
			return
		}
		for k := range v.items {
			switch item := &v.items[k]; {
			case item.kind == jsonNull:
				out.Children[0].AppendNull()
			case item.isScalar():
				out.Children[0].AppendString(item.plain())
			default:
				out.Children[0].AppendBytes(appendJSON(nil, item))
			}
		}
		out.EndList()
	}
	otherwise := func(out *types.Vector, i int, kind string, err error) error {
		switch kind {
		case "ERROR":
			return err
		case "EMPTY ARRAY":
			emit(out, i, &jsonValue{kind: jsonArray})
		case "EMPTY OBJECT":
			emit(out, i, &jsonValue{kind: jsonObject})
		default:
			appendNullAt(out, i)
		}
		return nil
	}
	return &udf.BoundScalar{
		Args:     j.args,
		Result:   result,
		Nulls:    udf.NullsSeen,
		Fallible: true,
		Eval: j.eval(func(_ []*types.Vector, out *types.Vector, i int, lax bool, found *jsonValue, err error) error {
			if found != nil && (j.clauses.wrapper == "WITH UNCONDITIONAL ARRAY WRAPPER" ||
				j.clauses.wrapper == "WITH CONDITIONAL ARRAY WRAPPER" && found.kind != jsonArray) {
				found = &jsonValue{kind: jsonArray, items: []jsonValue{*found}}
			}
			if err == nil && found != nil && !lax && found.isScalar() {
				err = fmt.Errorf("the value at a strict path must be an array or object, not %s", appendJSON(nil, found))
			}
			switch {
			case err != nil:
				return otherwise(out, i, j.clauses.onError, fmt.Errorf("JSON_QUERY: %w", err))
			case found == nil || found.isScalar():
				return otherwise(out, i, j.clauses.onEmpty, errors.New("JSON_QUERY: no array or object at the path"))
			}
			emit(out, i, found)
			return nil
		}),
	}, nil
}
