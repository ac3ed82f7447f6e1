package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The grammar of JSON (RFC 8259) over bytes. Positions count from the start of data; end is where the record ends, and
// data may go on behind it, so that eight bytes can be loaded at once. A returned position of -1 means that the text
// isn't JSON. As in Flink, control characters may stand in strings unescaped.

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
	quotes   = lowBits * '"'
	slashes  = lowBits * '\\'
)

// plainEnd returns the position of the first character from p on that ends the plain part of a string: a quote, a
// backslash or a byte beyond ASCII. It may lie at or behind end.
func plainEnd(data []byte, p, end int) int {
	for p+8 <= len(data) {
		x := binary.LittleEndian.Uint64(data[p:])
		q, s := x^quotes, x^slashes
		// A byte of q is zero where x has a quote, and subtracting one from zero borrows into the top bit. Bytes above
		// the first hit may be wrong, the first never is.
		if m := ((q-lowBits)&^q | (s-lowBits)&^s | x) & highBits; m != 0 {
			return p + bits.TrailingZeros64(m)>>3
		}
		if p += 8; p >= end {
			return p
		}
	}
	for p < end && data[p] != '"' && data[p] != '\\' && data[p] < utf8.RuneSelf {
		p++
	}
	return p
}

// stringEnd returns the position of the quote that closes the string whose first character is at p, having checked
// escapes and UTF-8; escaped tells whether there are any escapes.
func stringEnd(data []byte, p, end int) (q int, escaped bool) {
	for q = plainEnd(data, p, end); q < end; q = plainEnd(data, q, end) {
		switch c := data[q]; {
		case c == '"':
			return q, escaped
		case c == '\\':
			escaped = true
			if q+1 >= end {
				return -1, false
			}
			switch data[q+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				q += 2
			case 'u':
				if q+6 > end || hex4(data[q+2:]) < 0 {
					return -1, false
				}
				q += 6
			default:
				return -1, false
			}
		default:
			r, size := utf8.DecodeRune(data[q:end])
			if r == utf8.RuneError && size == 1 {
				return -1, false
			}
			q += size
		}
	}
	return -1, false
}

func hex4(text []byte) rune {
	var r rune
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendUnescaped appends what the inside of a checked string stands for. Half of a surrogate pair becomes '?', as in
// Java when text is turned into bytes.
func appendUnescaped(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			dst = append(dst, text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(text[i+1:])
			i += 4
			if 0xd800 <= r && r < 0xe000 {
				low := rune(-1)
				if r < 0xdc00 && i+6 < len(text) && text[i+1] == '\\' && text[i+2] == 'u' {
					low = hex4(text[i+3:])
				}
				if low < 0xdc00 || low >= 0xe000 {
					dst = append(dst, '?')
					continue
				}
				r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
		default: // " \ /
			dst = append(dst, c)
		}
	}
	return dst
}

// blanks returns the position of the first character from p on that isn't white space.
func blanks(data []byte, p, end int) int {
	for p < end && (data[p] == ' ' || data[p] == '\t' || data[p] == '\n' || data[p] == '\r') {
		p++
	}
	return p
}

// numberEnd returns the position behind the number at p; whole tells that it has neither fraction nor exponent.
func numberEnd(data []byte, p, end int) (q int, whole bool) {
	if p < end && data[p] == '-' {
		p++
	}
	switch {
	case p >= end:
		return -1, false
	case data[p] == '0':
		p++
		if p < end && isDigit(data[p]) {
			return -1, false // leading zeros
		}
	case isDigit(data[p]):
		p = digitsEnd(data, p, end)
	default:
		return -1, false
	}
	whole = true
	if p < end && data[p] == '.' {
		whole = false
		from := p + 1
		if p = digitsEnd(data, from, end); p == from {
			return -1, false
		}
	}
	if p < end && (data[p] == 'e' || data[p] == 'E') {
		whole = false
		p++
		if p < end && (data[p] == '+' || data[p] == '-') {
			p++
		}
		from := p
		if p = digitsEnd(data, from, end); p == from {
			return -1, false
		}
	}
	return p, whole
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func digitsEnd(data []byte, p, end int) int {
	for p < end && isDigit(data[p]) {
		p++
	}
	return p
}

// literal returns the position behind word if it stands at p, else -1.
func literal(data []byte, p, end int, word string) int {
	if p+len(word) > end || string(data[p:p+len(word)]) != word {
		return -1
	}
	return p + len(word)
}

// maxDepth bounds the nesting of arrays and objects that no column asks for; Jackson's limit.
const maxDepth = 1000

// skip returns the position behind the value at p, which it checks to be JSON, or -1.
func skip(data []byte, p, end, depth int) int {
	if p >= end || depth > maxDepth {
		return -1
	}
	switch data[p] {
	case '"':
		q := plainEnd(data, p+1, end)
		if q < end && data[q] == '"' {
			return q + 1
		}
		if q, _ = stringEnd(data, p+1, end); q < 0 {
			return -1
		}
		return q + 1
	case '{':
		if p = blanks(data, p+1, end); p < end && data[p] == '}' {
			return p + 1
		}
		for p < end && data[p] == '"' {
			q, _ := stringEnd(data, p+1, end)
			if q < 0 {
				return -1
			}
			if p = blanks(data, q+1, end); p >= end || data[p] != ':' {
				return -1
			}
			if p = skip(data, blanks(data, p+1, end), end, depth+1); p < 0 {
				return -1
			}
			if p = blanks(data, p, end); p < end && data[p] == '}' {
				return p + 1
			}
			if p >= end || data[p] != ',' {
				return -1
			}
			p = blanks(data, p+1, end)
		}
		return -1
	case '[':
		if p = blanks(data, p+1, end); p < end && data[p] == ']' {
			return p + 1
		}
		for {
			if p = skip(data, p, end, depth+1); p < 0 {
				return -1
			}
			if p = blanks(data, p, end); p < end && data[p] == ']' {
				return p + 1
			}
			if p >= end || data[p] != ',' {
				return -1
			}
			p = blanks(data, p+1, end)
		}
	case 't':
		return literal(data, p, end, "true")
	case 'f':
		return literal(data, p, end, "false")
	case 'n':
		return literal(data, p, end, "null")
	}
	q, _ := numberEnd(data, p, end)
	return q
}
