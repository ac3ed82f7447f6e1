package builtin

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weirsql/weir/types/number"
)

// jsonValue is a JSON value read from text.
type jsonValue struct {
	kind  jsonKind
	text  string      // of a string, or of a number as Java prints it
	keys  []string    // of an object, in the order of their first appearance
	items []jsonValue // of an array, or the values of keys
}

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonFalse
	jsonTrue
	jsonInteger
	jsonFloat
	jsonText
	jsonArray
	jsonObject
)

func (v *jsonValue) isScalar() bool { return v.kind < jsonArray }

// field returns the value of a key.
func (v *jsonValue) field(key string) (*jsonValue, bool) {
	if i := slices.Index(v.keys, key); i >= 0 {
		return &v.items[i], true
	}
	return nil, false
}

// jsonDepthMax bounds the nesting of values, as Jackson does.
const jsonDepthMax = 1000

var errNoJSON = errors.New("not JSON")

// parseJSON reads the value at the start of s; what follows is ignored.
func parseJSON(s string) (*jsonValue, error) {
	p := jsonReader{s: s}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d of %.100q", err, p.at, s)
	}
	return &v, nil
}

type jsonReader struct {
	s  string
	at int
}

func (p *jsonReader) space() {
	for p.at < len(p.s) {
		switch p.s[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next skips blanks and returns the byte that follows, 0 at the end.
func (p *jsonReader) next() byte {
	p.space()
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

func (p *jsonReader) value(depth int) (v jsonValue, err error) {
	if depth > jsonDepthMax {
		return v, errNoJSON
	}
	switch c := p.next(); c {
	case '{':
		v.kind = jsonObject
		p.at++
		if p.next() == '}' {
			p.at++
			return v, nil
		}
		for {
			if p.next() != '"' {
				return v, errNoJSON
			}
			key, err := p.text()
			if err != nil {
				return v, err
			}
			if p.next() != ':' {
				return v, errNoJSON
			}
			p.at++
			item, err := p.value(depth + 1)
			if err != nil {
				return v, err
			}
			if i := slices.Index(v.keys, key); i >= 0 {
				v.items[i] = item
			} else {
				v.keys, v.items = append(v.keys, key), append(v.items, item)
			}
			if done, err := p.more('}'); done || err != nil {
				return v, err
			}
		}
	case '[':
		v.kind = jsonArray
		p.at++
		if p.next() == ']' {
			p.at++
			return v, nil
		}
		for {
			item, err := p.value(depth + 1)
			if err != nil {
				return v, err
			}
			v.items = append(v.items, item)
			if done, err := p.more(']'); done || err != nil {
				return v, err
			}
		}
	case '"':
		v.kind = jsonText
		v.text, err = p.text()
		return v, err
	case 't':
		return jsonValue{kind: jsonTrue}, p.word("true")
	case 'f':
		return jsonValue{kind: jsonFalse}, p.word("false")
	case 'n':
		return jsonValue{kind: jsonNull}, p.word("null")
	default:
		if c == '-' || isDigit(c) {
			return p.number()
		}
	}
	return v, errNoJSON
}

// more reads a comma, or the end of an object or array.
func (p *jsonReader) more(end byte) (done bool, err error) {
	switch p.next() {
	case ',':
		p.at++
		return false, nil
	case end:
		p.at++
		return true, nil
	}
	return false, errNoJSON
}

func (p *jsonReader) word(w string) error {
	end := p.at + len(w)
	if end > len(p.s) || p.s[p.at:end] != w {
		return errNoJSON
	}
	if end < len(p.s) && (isDigit(p.s[end]) || p.s[end] == '_' || p.s[end]|0x20 >= 'a' && p.s[end]|0x20 <= 'z') {
		return errNoJSON
	}
	p.at = end
	return nil
}

func (p *jsonReader) number() (v jsonValue, err error) {
	start := p.at
	digits := func() bool {
		from := p.at
		for p.at < len(p.s) && isDigit(p.s[p.at]) {
			p.at++
		}
		return p.at > from
	}
	if p.s[p.at] == '-' {
		p.at++
	}
	first := p.at
	if !digits() || p.s[first] == '0' && p.at > first+1 {
		return v, errNoJSON
	}
	v.kind = jsonInteger
	if p.at < len(p.s) && p.s[p.at] == '.' {
		v.kind = jsonFloat
		p.at++
		if !digits() {
			return v, errNoJSON
		}
	}
	if p.at < len(p.s) && p.s[p.at]|0x20 == 'e' {
		v.kind = jsonFloat
		p.at++
		if p.at < len(p.s) && (p.s[p.at] == '-' || p.s[p.at] == '+') {
			p.at++
		}
		if !digits() {
			return v, errNoJSON
		}
	}
	v.text = p.s[start:p.at]
	if v.kind == jsonFloat {
		f, _ := strconv.ParseFloat(v.text, 64) // infinite when it is too large, as in Java
		v.text = string(number.AppendFloat64(nil, f))
	} else if v.text == "-0" {
		v.text = "0"
	}
	if p.at < len(p.s) && p.s[p.at]|0x20 >= 'a' && p.s[p.at]|0x20 <= 'z' {
		return v, errNoJSON
	}
	return v, nil
}

func (p *jsonReader) text() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.s) {
		switch c := p.s[p.at]; {
		case c == '"':
			p.at++
			return p.s[start : p.at-1], nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", errNoJSON
		}
		p.at++
	}
	return "", errNoJSON
}

// escaped reads on from the first backslash of a text that began at start.
func (p *jsonReader) escaped(start int) (string, error) {
	out := []byte(p.s[start:p.at])
	for p.at < len(p.s) {
		c := p.s[p.at]
		p.at++
		switch {
		case c == '"':
			return string(out), nil
		case c < ' ':
			return "", errNoJSON
		case c != '\\':
			out = append(out, c)
			continue
		}
		if p.at >= len(p.s) {
			return "", errNoJSON
		}
		c = p.s[p.at]
		p.at++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := p.hex()
			if !ok {
				return "", errNoJSON
			}
			if utf16.IsSurrogate(r) {
				at := p.at
				low := utf8.RuneError
				if p.at+1 < len(p.s) && p.s[p.at] == '\\' && p.s[p.at+1] == 'u' {
					p.at += 2
					if low, ok = p.hex(); !ok {
						return "", errNoJSON
					}
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					p.at = at
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", errNoJSON
		}
	}
	return "", errNoJSON
}

func (p *jsonReader) hex() (rune, bool) {
	if p.at+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.at:p.at+4], 16, 16)
	p.at += 4
	return rune(n), err == nil
}

// appendJSON appends v as text without blanks.
func appendJSON(dst []byte, v *jsonValue) []byte {
	switch v.kind {
	case jsonNull:
		return append(dst, "null"...)
	case jsonFalse:
		return append(dst, "false"...)
	case jsonTrue:
		return append(dst, "true"...)
	case jsonInteger:
		return append(dst, v.text...)
	case jsonFloat:
		return appendJSONFloat(dst, v.text)
	case jsonText:
		return appendJSONText(dst, v.text)
	case jsonArray:
		dst = append(dst, '[')
		for i := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, &v.items[i])
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i, key := range v.keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSONText(dst, key), ':')
		dst = appendJSON(dst, &v.items[i])
	}
	return append(dst, '}')
}

// appendJSONFloat appends a float that Java printed; NaN and the infinities stand in quotes.
func appendJSONFloat[T string | []byte](dst []byte, text T) []byte {
	if c := text[len(text)-1]; !isDigit(c) {
		dst = append(dst, '"')
		dst = append(dst, text...)
		return append(dst, '"')
	}
	return append(dst, text...)
}

// appendJSONText appends a text in quotes.
func appendJSONText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			const hex = "0123456789ABCDEF"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// plain returns a scalar as JSON_VALUE gives it: texts without quotes.
func (v *jsonValue) plain() string {
	switch v.kind {
	case jsonFalse:
		return "false"
	case jsonTrue:
		return "true"
	}
	return v.text
}

// int32 returns an integer that fits INT.
func (v *jsonValue) int32() (int32, bool) {
	n, err := strconv.ParseInt(v.text, 10, 32)
	return int32(n), err == nil && v.kind == jsonInteger
}

// float64 returns a number that is written as a float.
func (v *jsonValue) float64() (float64, bool) {
	if v.kind != jsonFloat {
		return 0, false
	}
	switch v.text {
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}
