package builtin

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringEncode() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "TO_BASE64",
			Family:   "string",
			Usage:    []string{"TO_BASE64(text)"},
			Summary:  "The UTF-8 bytes of a text, or bytes, in base64.",
			Examples: []udf.Example{{SQL: "TO_BASE64('hello world')", Result: "aGVsbG8gd29ybGQ="}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, bytesOrText(c, 0))
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.StringType.WithNotNull(notNull),
					Eval: udf.F1Text(func(_ *udf.Context, dst []byte, b []byte) ([]byte, bool, error) {
						return base64.StdEncoding.AppendEncode(dst, b), true, nil
					}),
				}, nil
			},
		},
		{
			Name:     "FROM_BASE64",
			Family:   "string",
			Usage:    []string{"FROM_BASE64(text)"},
			Summary:  "The text whose UTF-8 bytes are given in base64, as text or bytes; fails for what is not base64.",
			Examples: []udf.Example{{SQL: "FROM_BASE64('aGVsbG8gd29ybGQ=')", Result: "hello world"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, bytesOrText(c, 0))
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:     args,
					Result:   types.StringType.WithNotNull(notNull),
					Fallible: true,
					Eval: udf.F1Text(func(_ *udf.Context, dst []byte, s []byte) ([]byte, bool, error) {
						b, err := base64.RawStdEncoding.AppendDecode(nil, bytes.TrimRight(s, "="))
						if err != nil {
							return dst, false, fmt.Errorf("FROM_BASE64: %q is not base64: %w", s, err)
						}
						return appendUTF8(dst, b), true, nil
					}),
				}, nil
			},
		},
		{
			Name:    "ENCODE",
			Family:  "string",
			Usage:   []string{"ENCODE(text, charset)"},
			Summary: "Text as bytes of a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16 (with byte order mark); a character it lacks is a question mark.",
			Examples: []udf.Example{
				{SQL: "DECODE(ENCODE('Grüße', 'UTF-16BE'), 'UTF-16BE')", Result: "Grüße"},
			},
			Scalar: bindEncode,
		},
		{
			Name:     "DECODE",
			Family:   "string",
			Usage:    []string{"DECODE(bytes, charset)"},
			Summary:  "Bytes of a character set as text: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16; what is no character is U+FFFD.",
			Examples: []udf.Example{{SQL: "DECODE(x'48656c6c6f', 'UTF-8')", Result: "Hello"}},
			Scalar:   bindDecode,
		},
	}
}

// bytesOrText is the parameter of functions that take the bytes of either.
func bytesOrText(c *udf.Call, i int) param {
	if i < len(c.Args) && c.Args[i].Type.IsBinary() {
		return binaryParam
	}
	return textParam
}

// appendUTF8 appends b with every byte that is not UTF-8 as U+FFFD.
func appendUTF8(dst, b []byte) []byte {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		} else {
			dst = append(dst, b[:size]...)
		}
		b = b[size:]
	}
	return dst
}

// charset turns text into bytes and back.
type charset struct {
	encode func(dst []byte, s string) []byte
	decode func(dst, b []byte) []byte
}

// charsetOf finds a character set by the names that Java knows it under.
func charsetOf(name string) (charset, error) {
	switch strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name)) {
	case "utf8", "unicode11utf8":
		return charset{func(dst []byte, s string) []byte { return append(dst, s...) }, appendUTF8}, nil
	case "usascii", "ascii", "iso646us", "ansix3.41968", "cp367":
		return narrow(0x80), nil
	case "iso88591", "latin1", "l1", "ibm819", "cp819", "8859":
		return narrow(0x100), nil
	case "utf16be", "unicodebigunmarked":
		return wide(binary.BigEndian, false), nil
	case "utf16le", "unicodelittleunmarked":
		return wide(binary.LittleEndian, false), nil
	case "utf16", "unicode", "unicodebig":
		return wide(binary.BigEndian, true), nil
	}
	return charset{}, fmt.Errorf("unknown character set %q; known are US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE, UTF-16", name)
}

// narrow is a character set of one byte for each of the first characters of Unicode.
func narrow(size rune) charset {
	return charset{
		encode: func(dst []byte, s string) []byte {
			for _, r := range s {
				if r >= size {
					r = '?'
				}
				dst = append(dst, byte(r))
			}
			return dst
		},
		decode: func(dst, b []byte) []byte {
			for _, c := range b {
				r := rune(c)
				if r >= size {
					r = utf8.RuneError
				}
				dst = utf8.AppendRune(dst, r)
			}
			return dst
		},
	}
}

// wide is UTF-16; with a mark, the byte order is written, and looked for when reading.
func wide(order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}, mark bool) charset {
	return charset{
		encode: func(dst []byte, s string) []byte {
			if mark && s != "" {
				dst = order.AppendUint16(dst, 0xfeff)
			}
			for _, u := range units(s) {
				dst = order.AppendUint16(dst, u)
			}
			return dst
		},
		decode: func(dst, b []byte) []byte {
			var read binary.ByteOrder = order
			if mark && len(b) >= 2 {
				switch binary.BigEndian.Uint16(b) {
				case 0xfeff:
					b = b[2:]
				case 0xfffe:
					read, b = binary.LittleEndian, b[2:]
				}
			}
			var u []uint16
			for ; len(b) >= 2; b = b[2:] {
				u = append(u, read.Uint16(b))
			}
			for _, r := range utf16.Decode(u) {
				dst = utf8.AppendRune(dst, r)
			}
			if len(b) == 1 {
				dst = utf8.AppendRune(dst, utf8.RuneError)
			}
			return dst
		},
	}
}

// bindCharset checks the character set in argument 1 when it is a literal.
func bindCharset(c *udf.Call) error {
	if name, ok := literalText(c, 1); ok {
		if _, err := charsetOf(name); err != nil {
			return udf.Errorf(1, "%v", err)
		}
	}
	return nil
}

// evalCharset converts column 0 by the character set in column 1.
func evalCharset(convert func(s charset, dst, b []byte) []byte) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		var name string
		var set charset
		return udf.EachRow(out, n, func(i int) error {
			if s := args[1].Str(i); set.encode == nil || s != name {
				var err error
				if set, err = charsetOf(s); err != nil {
					return &udf.RowError{Row: i, Err: err}
				}
				name = s
			}
			out.Data = convert(set, out.Data, args[0].Bytes(i))
			out.EndValue()
			return nil
		})
	}
}

func bindEncode(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, textParam, textParam)
	if err != nil {
		return nil, err
	}
	if err := bindCharset(c); err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args: args,
		// Flink says BINARY(1), which the bytes don't fit.
		Result:   types.BytesType.WithNotNull(notNull),
		Fallible: true,
		Eval:     evalCharset(func(s charset, dst, b []byte) []byte { return s.encode(dst, string(b)) }),
	}, nil
}

func bindDecode(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, binaryParam, textParam)
	if err != nil {
		return nil, err
	}
	if err := bindCharset(c); err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType.WithNotNull(notNull),
		Fallible: true,
		Eval:     evalCharset(func(s charset, dst, b []byte) []byte { return s.decode(dst, b) }),
	}, nil
}
