package kinesis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// millis is a timestamp of the API: milliseconds since the epoch. JSON carries it as seconds with a fraction; CBOR, against
// that format's own rule, as an integer of milliseconds under tag 1 (that is what AWS and its Java SDK exchange).
type millis int64

// bind fills the request struct dst points to from a decoded body. Each field names its shape, and whether it is required:
//
//	StreamName string `shape:"StreamName,required"`
//
// Field types: string, int64, bool, []byte, *millis, []T, map[string]string, structs and pointers to them. A member that is
// absent, or null, leaves the field zero. Members that no field names are ignored, as AWS ignores them.
//
// Errors: SerializationException for the first value of the wrong type, else one ValidationException for all constraints
// that failed.
func bind(body any, dst any) error {
	var v violations
	if err := bindStruct(body, reflect.ValueOf(dst).Elem(), "", &v); err != nil {
		return err
	}
	return v.err()
}

func bindStruct(body any, dst reflect.Value, path string, v *violations) error {
	members, ok := body.(map[string]any)
	if !ok {
		if _, list := body.([]any); list {
			return startOfList()
		}
		return serializationError("Expected null")
	}
	t := dst.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag, required := strings.CutSuffix(f.Tag.Get("shape"), ",required")
		sh := shapes[tag]
		if sh == nil {
			panic("field " + f.Name + " names no known shape: " + tag)
		}
		at := joinPath(path, lowerFirst(f.Name))
		value := members[f.Name]
		if value == nil {
			if required {
				v.add("null", at, "not be null")
			}
			continue
		}
		if err := bindValue(value, dst.Field(i), sh, at, v); err != nil {
			return err
		}
	}
	return nil
}

func bindValue(value any, dst reflect.Value, sh *shape, path string, v *violations) error {
	switch dst.Interface().(type) {
	case string:
		s, ok := value.(string)
		if !ok {
			return wrongType(value, "an String")
		}
		dst.SetString(s)
		sh.checkText(s, path, v)
		return nil
	case int64:
		n, err := integer(value)
		if err != nil {
			return err
		}
		dst.SetInt(n)
		sh.checkNumber(n, path, v)
		return nil
	case bool:
		b, ok := value.(bool)
		if !ok {
			return wrongType(value, "an Boolean")
		}
		dst.SetBool(b)
		return nil
	case []byte:
		b, err := blob(value)
		if err != nil {
			return err
		}
		dst.SetBytes(b)
		sh.checkBlob(len(b), path, v)
		return nil
	case *millis:
		m, err := timestamp(value)
		if err != nil {
			return err
		}
		dst.Set(reflect.ValueOf(&m))
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return bindStruct(value, dst.Elem(), path, v)
	case reflect.Struct:
		return bindStruct(value, dst, path, v)
	case reflect.Slice:
		return bindList(value, dst, sh, path, v)
	case reflect.Map:
		return bindMap(value, dst, sh, path, v)
	}
	panic("no binding for fields of type " + dst.Type().String())
}

func bindList(value any, dst reflect.Value, sh *shape, path string, v *violations) error {
	list, ok := value.([]any)
	if !ok {
		if _, m := value.(map[string]any); m {
			return startOfStruct()
		}
		return serializationError("Expected list or null")
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
	shown := "…" // structures, of which AWS shows the type
	if texts, ok := dst.Interface().([]string); ok {
		for i, e := range list {
			var ok bool
			if texts[i], ok = e.(string); !ok && e != nil {
				return wrongType(e, "an String")
			}
		}
		shown = strings.Join(texts, ", ")
		if slices.ContainsFunc(texts, func(e string) bool { return !sh.elem.takes(e) }) {
			v.add("'["+shown+"]'", path, "satisfy constraint: ["+sh.elem.all()+"]")
		}
	} else {
		for i, e := range list {
			at := path + "." + strconv.Itoa(i+1) + ".member"
			if e == nil {
				v.add("null", at, "not be null")
				continue
			}
			if err := bindValue(e, dst.Index(i), sh.elem, at, v); err != nil {
				return err
			}
		}
	}
	if len(list) == 0 {
		shown = ""
	}
	sh.size(int64(len(list)), "length ", "'["+shown+"]'", path, v)
	return nil
}

func bindMap(value any, dst reflect.Value, sh *shape, path string, v *violations) error {
	m, ok := value.(map[string]any)
	if !ok {
		if _, list := value.([]any); list {
			return startOfList()
		}
		return serializationError("Expected map or null")
	}
	out := make(map[string]string, len(m))
	var pairs []string
	keys, values := true, true                         // are as they should be
	for _, name := range slices.Sorted(maps.Keys(m)) { // for messages that repeat
		text, ok := m[name].(string)
		if !ok && m[name] != nil {
			return wrongType(m[name], "an String")
		}
		out[name] = text
		pairs = append(pairs, name+"="+text)
		keys, values = keys && sh.keys.takes(name), values && sh.elem.takes(text)
	}
	shown := "'{" + strings.Join(pairs, ", ") + "}'"
	if !keys {
		v.note(shown, path, "Map keys must satisfy constraint: ["+sh.keys.all()+"]")
	}
	if !values {
		v.note(shown, path, "Map value must satisfy constraint: ["+sh.elem.all()+"]")
	}
	sh.size(int64(len(m)), "length ", shown, path, v)
	dst.Set(reflect.ValueOf(out))
	return nil
}

// integer reads a number as AWS does: a fraction is cut off.
func integer(value any) (int64, error) {
	switch n := value.(type) {
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return i, nil
		}
		f, err := n.Float64()
		if err != nil && f == 0 {
			return 0, serializationError("%s is not a number", n)
		}
		return clampInt(f), nil
	case int64:
		return n, nil
	case float64:
		return clampInt(n), nil
	}
	return 0, wrongType(value, "an Integer")
}

func clampInt(f float64) int64 {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(math.Floor(f))
}

// blob reads base64 text (JSON) or a byte string (CBOR).
func blob(value any) ([]byte, error) {
	switch b := value.(type) {
	case []byte:
		return b, nil
	case string:
		if len(b)%4 != 0 {
			return nil, serializationError("'%s' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: %d", abbreviate(b), len(b))
		}
		if strings.ContainsAny(b, "\r\n") { // Go's decoder skips them, AWS refuses them
			return nil, serializationError("'%s' can not be converted to a Blob: Invalid Base64 character: '\\n'", abbreviate(b))
		}
		out, err := base64.StdEncoding.AppendDecode(nil, []byte(b))
		if err != nil {
			return nil, serializationError("'%s' can not be converted to a Blob: Invalid Base64 text: %s", abbreviate(b), err)
		}
		if out == nil {
			out = []byte{}
		}
		return out, nil
	}
	return nil, wrongType(value, "a Blob")
}

// abbreviate keeps a record of megabytes out of the error that names it.
func abbreviate(s string) string {
	if len(s) <= 64 {
		return s
	}
	n := 64
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func timestamp(value any) (millis, error) {
	switch n := value.(type) {
	case json.Number:
		f, err := n.Float64()
		if err != nil {
			return 0, serializationError("%s is not a time", n)
		}
		return millis(clampInt(math.Round(f * 1000))), nil
	case time.Time:
		// CBOR's tag 1 says seconds, and so the decoder took the milliseconds that AWS puts there for seconds.
		return millis(n.Unix()), nil
	case int64:
		return millis(n), nil
	case float64:
		return millis(clampInt(n)), nil
	}
	return 0, wrongType(value, "milliseconds since epoch")
}

// wrongType words the complaint as AWS's Java does.
func wrongType(value any, want string) error {
	switch x := value.(type) {
	case map[string]any:
		return startOfStruct()
	case []any:
		return startOfList()
	case bool:
		return serializationError("class java.lang.Boolean can not be converted to %s", want)
	case string:
		if want == "an Boolean" {
			return serializationError("'%s' can not be converted to an Boolean", strings.ToUpper(abbreviate(x)))
		}
		return serializationError("class java.lang.String can not be converted to %s", want)
	case json.Number, int64, float64:
		return serializationError("class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to %s", want)
	}
	return serializationError("%s can not be converted to %s", fmt.Sprintf("%T", value), want)
}

func startOfList() error { return serializationError("Start of list found where not expected") }

func startOfStruct() error {
	return serializationError("Start of structure or map found where not expected.")
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
