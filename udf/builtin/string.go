package builtin

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// stringFunctions is the family of functions of text. A character is a Unicode code point unless a function says otherwise.
func stringFunctions() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{
		stringConcat(), stringCase(), stringTrim(), stringPosition(), stringSubstring(), stringPad(), stringReplace(),
		stringSplit(), stringEncode(), stringURL(), stringChar(),
	} {
		specs = append(specs, group...)
	}
	return specs
}

// textFunction makes the Spec's binding of a function of one text: text appends the result for s to dst.
func textFunction(result func(arg types.Type) types.Type, text func(dst []byte, s string) []byte) func(c *udf.Call) (*udf.BoundScalar, error) {
	return func(c *udf.Call) (*udf.BoundScalar, error) {
		args, notNull, err := signature(c, 1, textParam)
		if err != nil {
			return nil, err
		}
		return &udf.BoundScalar{
			Args:   args,
			Result: result(args[0]).WithNotNull(notNull),
			Eval: udf.F1Text(func(_ *udf.Context, dst []byte, s string) ([]byte, bool, error) {
				return text(dst, s), true, nil
			}),
		}, nil
	}
}

// sameText, varyingText and anyText are the result types of functions of text: that of the argument, the VARCHAR of
// its length, STRING.
func sameText(arg types.Type) types.Type    { return arg }
func varyingText(arg types.Type) types.Type { return types.VarcharType(arg.Length) }
func anyText(types.Type) types.Type         { return types.StringType }

// characters is the number of code points of s.
func characters(s string) int { return utf8.RuneCountInString(s) }

// byteOffset returns where character n (from 0) of s begins, len(s) when there are not so many.
func byteOffset(s string, n int) int {
	if n <= 0 {
		return 0
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// isASCII reports that every character of s is one byte.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// units returns s as Java holds it: 16 bits a unit, two of them for characters beyond U+FFFF.
func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

// appendUnits appends UTF-16 as UTF-8; half a character becomes a question mark, as Java writes it.
func appendUnits(dst []byte, u []uint16) []byte {
	for i := 0; i < len(u); i++ {
		r := rune(u[i])
		if utf16.IsSurrogate(r) {
			if i+1 < len(u) {
				if r = utf16.DecodeRune(r, rune(u[i+1])); r != utf8.RuneError {
					dst = utf8.AppendRune(dst, r)
					i++
					continue
				}
			}
			dst = append(dst, '?')
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
