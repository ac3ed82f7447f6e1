package builtin

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/weirsql/weir/udf"
)

func stringCase() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "UPPER",
			Family:   "string",
			Usage:    []string{"UPPER(text)"},
			Summary:  "Text in upper case, by Unicode's rules: ß becomes SS.",
			Examples: []udf.Example{{SQL: "UPPER('Straße')", Result: "STRASSE"}},
			Scalar:   textFunction(sameText, upper),
		},
		{
			Name:     "LOWER",
			Family:   "string",
			Usage:    []string{"LOWER(text)"},
			Summary:  "Text in lower case, by Unicode's rules.",
			Examples: []udf.Example{{SQL: "LOWER('ÀÉ')", Result: "àé"}},
			Scalar:   textFunction(sameText, lower),
		},
		{
			Name:    "INITCAP",
			Family:  "string",
			Usage:   []string{"INITCAP(text)"},
			Summary: "Text with the first letter of each word in upper case and the others in lower case; words are made of A to Z and digits, other characters stay.",
			Examples: []udf.Example{
				{SQL: "INITCAP('hello wORLD-x')", Result: "Hello World-X"},
			},
			Scalar: textFunction(sameText, initcap),
		},
		{
			Name:     "REVERSE",
			Family:   "string",
			Usage:    []string{"REVERSE(text)"},
			Summary:  "The characters in the opposite order.",
			Examples: []udf.Example{{SQL: "REVERSE('weir')", Result: "riew"}},
			Scalar: textFunction(anyText, func(dst []byte, s string) []byte {
				for len(s) > 0 {
					_, size := utf8.DecodeLastRuneInString(s)
					dst = append(dst, s[len(s)-size:]...)
					s = s[:len(s)-size]
				}
				return dst
			}),
		},
	}
}

func upper(dst []byte, s string) []byte {
	at := len(dst)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(dst[:at], cases.Upper(language.Und).String(s)...)
		}
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func lower(dst []byte, s string) []byte {
	at := len(dst)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(dst[:at], cases.Lower(language.Und).String(s)...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func initcap(dst []byte, s string) []byte {
	at := len(dst)
	dst = append(slices.Grow(dst, len(s)), s...)
	inside := false
	for i, c := range dst[at:] {
		switch {
		case 'a' <= c && c <= 'z':
			if !inside {
				dst[at+i] = c - ('a' - 'A')
			}
			inside = true
		case 'A' <= c && c <= 'Z':
			if inside {
				dst[at+i] = c + ('a' - 'A')
			}
			inside = true
		default:
			inside = isDigit(c)
		}
	}
	return dst
}
