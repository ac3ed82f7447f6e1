package builtin

import (
	"fmt"
	"strings"
)

// element is one piece of a date pattern: a letter with the number of times it is repeated, or literal text.
type element struct {
	letter  byte // 0 for text
	count   int
	text    string
	abuts   bool // the next element is a number too, so that only the widths tell where this one ends
	reserve int  // digits to leave for the numbers that abut on it; -1: exactly count digits
}

// patternElements splits a pattern of Java's date formatters: letters are fields, text between quotes and everything
// else stands for itself, two quotes are one.
func patternElements(pattern string) ([]element, error) {
	var elements []element
	text := func(s string) {
		if n := len(elements); n > 0 && elements[n-1].letter == 0 {
			elements[n-1].text += s
		} else {
			elements = append(elements, element{text: s})
		}
	}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			start := i
			for i < len(pattern) && pattern[i] == c {
				i++
			}
			elements = append(elements, element{letter: c, count: i - start})
		case c == '\'':
			end := i + 1
			var quoted strings.Builder
			for {
				if end >= len(pattern) {
					return nil, fmt.Errorf("date pattern %q has a quote that is not closed", pattern)
				}
				if pattern[end] == '\'' {
					if end+1 >= len(pattern) || pattern[end+1] != '\'' {
						break
					}
					end++
				}
				quoted.WriteByte(pattern[end])
				end++
			}
			if end == i+1 { // '' outside of quotes
				quoted.WriteByte('\'')
			}
			text(quoted.String())
			i = end + 1
		default:
			text(pattern[i : i+1])
			i++
		}
	}
	return elements, nil
}

// appendPadded appends n with zeros in front up to width digits.
func appendPadded(dst []byte, n, width int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	var digits [20]byte
	i := len(digits)
	for n > 0 || i == len(digits) {
		i--
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	for k := len(digits) - i; k < width; k++ {
		dst = append(dst, '0')
	}
	return append(dst, digits[i:]...)
}

// appendOffset appends an offset from UTC in seconds: +0200, +02:00, +02.
func appendOffset(dst []byte, offset int, colon bool) []byte {
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendPadded(append(dst, sign), offset/3600, 2)
	if colon {
		dst = append(dst, ':')
	}
	return appendPadded(dst, offset/60%60, 2)
}

// takeOffset reads +hh[[:]mm] at the start of s and returns the seconds and the bytes used; 0 bytes when there is none.
func takeOffset(s string) (seconds, used int) {
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, 0
	}
	two := func(at int) (int, bool) {
		if at+2 > len(s) || !isDigit(s[at]) || !isDigit(s[at+1]) {
			return 0, false
		}
		return int(s[at]-'0')*10 + int(s[at+1]-'0'), true
	}
	hours, ok := two(1)
	if !ok {
		return 0, 0
	}
	used = 3
	minutes, at := 0, 3
	if at < len(s) && s[at] == ':' {
		at++
	}
	if m, ok := two(at); ok && m < 60 {
		minutes, used = m, at+2
	}
	seconds = hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, used
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// takeName finds which of names s begins with, in full or by its first short letters (short 0: only in full).
func takeName(s string, names []string, short int, fold bool) (index, used int) {
	match := func(name string) bool {
		return len(s) >= len(name) && (s[:len(name)] == name || fold && strings.EqualFold(s[:len(name)], name))
	}
	for i, name := range names {
		if match(name) {
			return i, len(name)
		}
	}
	for i, name := range names {
		if short > 0 && match(name[:short]) {
			return i, short
		}
	}
	return 0, 0
}
