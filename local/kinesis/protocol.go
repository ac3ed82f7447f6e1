package kinesis

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"

	"github.com/fxamacker/cbor/v2"
)

// protocol is how a request and its answer are written: AWS's JSON 1.1, or the same tree in CBOR.
type protocol uint8

const (
	protocolJSON protocol = iota
	protocolCBOR
)

const (
	contentJSON = "application/x-amz-json-1.1"
	contentCBOR = "application/x-amz-cbor-1.1"
)

func (p protocol) contentType() string {
	if p == protocolCBOR {
		return contentCBOR
	}
	return contentJSON
}

// emptyObject is an object without members.
func (p protocol) emptyObject() []byte {
	if p == protocolCBOR {
		return []byte{cborMap}
	}
	return []byte("{}")
}

var cborDecode = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DefaultMapType:   reflect.TypeFor[map[string]any](),
		IntDec:           cbor.IntDecConvertSignedOrFail,
		MaxNestedLevels:  16,
		MaxArrayElements: 1024,
		MaxMapPairs:      1024,
	}.DecMode()
	if err != nil {
		panic(err) // constant options
	}
	return mode
}()

var (
	errBody   = errors.New("the request body is not an object")
	errValues = errors.New("too many values in the request body")
)

// maxValues bounds what a body may unfold to: 16 MB of empty lists would take some hundred in memory. The largest legal
// request, a PutRecords, has 500 records of three members.
const maxValues = 8192

// fewValues counts the commas and brackets outside strings. It is a bound, not a parser: of malformed text anything may come.
func fewValues(body []byte) bool {
	n, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case !quoted && (c == ',' || c == '[' || c == '{'):
			if n++; n > maxValues {
				return false
			}
		}
	}
	return true
}

// decode reads a body into the tree that bind takes: map[string]any, []any, string, json.Number | int64 | float64, bool,
// []byte, time.Time, nil.
func (p protocol) decode(body []byte) (any, error) {
	var tree any
	if p == protocolCBOR {
		if err := cborDecode.Unmarshal(body, &tree); err != nil {
			return nil, err
		}
	} else {
		if !fewValues(body) {
			return nil, errValues
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&tree); err != nil {
			return nil, err
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, errors.New("more than one value in the request body")
		}
	}
	if _, ok := tree.(map[string]any); !ok {
		return nil, errBody
	}
	return tree, nil
}

// encode writes an answer, a struct with json tags.
func (p protocol) encode(v any) ([]byte, error) {
	if p == protocolCBOR {
		return cbor.Marshal(v)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// MarshalJSON writes seconds with three decimals, without trailing zeros.
func (m millis) MarshalJSON() ([]byte, error) { return m.appendJSON(nil), nil }

func (m millis) appendJSON(dst []byte) []byte {
	if m < 0 {
		return strconv.AppendFloat(dst, float64(m)/1000, 'f', -1, 64)
	}
	dst = strconv.AppendInt(dst, int64(m)/1000, 10)
	if f := int64(m) % 1000; f != 0 {
		dst = append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// MarshalCBOR writes tag 1 around integer milliseconds.
func (m millis) MarshalCBOR() ([]byte, error) {
	return cbor.Marshal(cbor.RawTag{Number: 1, Content: mustCBOR(int64(m))})
}

func mustCBOR(n int64) cbor.RawMessage {
	b, err := cbor.Marshal(n)
	if err != nil {
		panic(err) // integers always marshal
	}
	return b
}
