package csv

import (
	"bytes"
	"errors"
)

// span is where one field of a record stands.
type span struct {
	from, to int
	raw      bool // holds doubled quotes or escapes
}

var (
	errMore   = errors.New("more data is needed") // never leaves the package
	errOpen   = errors.New("a quoted field has no end")
	errBehind = errors.New("a quoted field must be followed by the delimiter or the end of the line")
	errEscape = errors.New("the escape character stands at the end")
)

// cut finds the fields of the record that begins at data[p] and the position behind its newline. On an error other than
// errMore, next is behind the line on which the record went wrong.
func (d *dialect) cut(spans []span, data []byte, p int, atEOF bool) (_ []span, next int, err error) {
	for {
		if p < len(data) && int(data[p]) == d.quote {
			var s span
			if s, p, err = d.quoted(data, p+1, atEOF); err != nil {
				return spans, p, err
			}
			spans = append(spans, s)
			for p < len(data) && (data[p] == ' ' || data[p] == '\t') && data[p] != d.separator {
				p++
			}
		} else {
			s := span{from: p}
			for p < len(data) && data[p] != d.separator && data[p] != '\n' {
				if int(data[p]) == d.escape {
					s.raw = true
					p++
				}
				p++
			}
			if p > len(data) {
				if atEOF {
					return spans, len(data), errEscape
				}
				return spans, 0, errMore
			}
			s.to = p
			if p < len(data) && data[p] == '\n' || p == len(data) {
				s.to -= trailingCR(data[s.from:p])
			}
			spans = append(spans, s)
		}
		switch {
		case p == len(data) && !atEOF:
			return spans, 0, errMore
		case p == len(data):
			return spans, p, nil
		case data[p] == '\n':
			return spans, p + 1, nil
		case data[p] == '\r' && p+1 < len(data) && data[p+1] == '\n':
			return spans, p + 2, nil
		case data[p] == '\r' && p+1 == len(data):
			if atEOF {
				return spans, p + 1, nil
			}
			return spans, 0, errMore
		case data[p] == d.separator:
			p++
		default:
			if n := bytes.IndexByte(data[p:], '\n'); n >= 0 {
				return spans, p + n + 1, errBehind
			} else if !atEOF {
				return spans, 0, errMore
			}
			return spans, len(data), errBehind
		}
	}
}

func trailingCR(text []byte) int {
	if n := len(text); n > 0 && text[n-1] == '\r' {
		return 1
	}
	return 0
}

// quoted finds the end of the field whose opening quote is in front of p.
func (d *dialect) quoted(data []byte, p int, atEOF bool) (s span, next int, err error) {
	s.from = p
	for p < len(data) {
		switch c := int(data[p]); {
		case c == d.quote && p+1 < len(data) && int(data[p+1]) == d.quote:
			s.raw = true
			p += 2
		case c == d.quote && p+1 == len(data) && !atEOF:
			return s, 0, errMore // perhaps a doubled one
		case c == d.quote:
			s.to = p
			return s, p + 1, nil
		case c == d.escape:
			s.raw = true
			p += 2
		default:
			p++
		}
	}
	if !atEOF {
		return s, 0, errMore
	}
	return s, len(data), errOpen
}

// text returns what a field holds, in dst if it can't be shown in place.
func (d *dialect) text(dst, data []byte, s span) []byte {
	field := data[s.from:s.to]
	if !s.raw {
		return field
	}
	dst = dst[:0]
	for i := 0; i < len(field); i++ {
		c := int(field[i])
		if i+1 < len(field) && (c == d.escape || c == d.quote && int(field[i+1]) == d.quote) {
			i++
		}
		dst = append(dst, field[i])
	}
	return dst
}
