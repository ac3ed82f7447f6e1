package generator

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// renderer appends one value to dst. It doesn't allocate, except where dst is too short.
type renderer = func(dst []byte, s *Source) []byte

// inOrder renders its parts one after another.
func inOrder(parts ...renderer) renderer {
	return func(dst []byte, s *Source) []byte {
		for _, part := range parts {
			dst = part(dst, s)
		}
		return dst
	}
}

// oneOf renders one of its choices, each equally likely.
func oneOf(choices ...renderer) renderer {
	if len(choices) == 1 {
		return choices[0]
	}
	return func(dst []byte, s *Source) []byte {
		return choices[s.uint64n(uint64(len(choices)))](dst, s)
	}
}

// literal renders the same every time.
func literal(text string) renderer {
	return func(dst []byte, _ *Source) []byte { return append(dst, text...) }
}

// repeated renders part from least to most times, with a separator in between.
func repeated(least, most int, separator string, part renderer) renderer {
	return func(dst []byte, s *Source) []byte {
		count := least
		if most > least {
			count += int(s.uint64n(uint64(most-least) + 1))
		}
		for i := range count {
			if i > 0 {
				dst = append(dst, separator...)
			}
			dst = part(dst, s)
		}
		return dst
	}
}

// capitalized makes the first letter of a value a capital one, if it is in ASCII.
func capitalized(part renderer) renderer {
	return func(dst []byte, s *Source) []byte {
		start := len(dst)
		dst = part(dst, s)
		if start < len(dst) && 'a' <= dst[start] && dst[start] <= 'z' {
			dst[start] -= 'a' - 'A'
		}
		return dst
	}
}

// mapped replaces each byte of a value.
func mapped(part renderer, replace func(byte) byte) renderer {
	return func(dst []byte, s *Source) []byte {
		start := len(dst)
		dst = part(dst, s)
		for i := start; i < len(dst); i++ {
			dst[i] = replace(dst[i])
		}
		return dst
	}
}

// letters renders from least to most characters of an alphabet of ASCII.
func letters(least, most int, alphabet string) renderer {
	return repeated(least, most, "", func(dst []byte, s *Source) []byte {
		return append(dst, alphabet[s.uint64n(uint64(len(alphabet)))])
	})
}

const (
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
)

// filled renders a pattern in which each # becomes a digit, and, with letters, each ? a capital letter.
func filled(pattern string, letters bool) renderer {
	return func(dst []byte, s *Source) []byte {
		for i := range len(pattern) {
			switch c := pattern[i]; {
			case c == '#':
				dst = append(dst, digits[s.uint64n(10)])
			case c == '?' && letters:
				dst = append(dst, capitals[s.uint64n(26)])
			default:
				dst = append(dst, c)
			}
		}
		return dst
	}
}

// extremesOf are the values of a pattern that has only zeros, and only nines.
func extremesOf(pattern string) []string {
	var all []string
	for _, digit := range []byte{'0', '9'} {
		filled := []byte(pattern)
		for i, c := range filled {
			if c == '#' {
				filled[i] = digit
			}
		}
		all = append(all, string(filled))
	}
	return all
}

// between is a placeholder without argument, whose values in unquoted JSON are known at their ends.
func between(lowest, highest string, render renderer) func(argument) (value, error) {
	return func(a argument) (value, error) {
		v, err := plain(render)(a)
		v.specimens = []string{lowest, highest}
		return v, err
	}
}

// patterned is a placeholder whose argument is a pattern; without one it takes one of those given.
func patterned(patterns []string, letters bool) func(argument) (value, error) {
	return func(a argument) (value, error) {
		patterns := patterns
		if a.given() {
			patterns = []string{a.str()}
		}
		var choices []renderer
		var specimens []string
		for _, p := range patterns {
			choices = append(choices, filled(p, letters))
			specimens = append(specimens, extremesOf(p)...)
		}
		return value{render: oneOf(choices...), specimens: specimens}, nil
	}
}

// chosen is a placeholder whose argument is the number of one of its forms, from 0; without one it takes any.
func chosen(forms ...renderer) func(argument) (value, error) {
	return func(a argument) (value, error) {
		if !a.given() {
			return value{render: oneOf(forms...)}, nil
		}
		n, err := a.integer(0, len(forms)-1)
		if err != nil {
			return value{}, err
		}
		return value{render: forms[n]}, nil
	}
}

// mostRepeated bounds arguments that say how many: a record is small, and a typo mustn't fill the memory.
const mostRepeated = 1000

// severally is a placeholder whose argument says how many; without one it is from least to most.
func severally(least, most int, render func(least, most int) renderer) func(argument) (value, error) {
	return func(a argument) (value, error) {
		least, most := least, most
		if a.given() {
			n, err := a.integer(1, mostRepeated)
			if err != nil {
				return value{}, err
			}
			least, most = n, n
		}
		return value{render: render(least, most)}, nil
	}
}

// switched is a placeholder whose argument is true or false, which is the default.
func switched(off, on renderer) func(argument) (value, error) {
	return func(a argument) (value, error) {
		switch {
		case !a.given() || a.text == "false":
			return value{render: off}, nil
		case a.text == "true":
			return value{render: on}, nil
		}
		return value{}, fmt.Errorf("has the argument %s; it takes true or false", a.text)
	}
}

// gendered is a placeholder that takes a gender, 0 or 1, as faker.js does; its English words are the same for both.
func gendered(render renderer) func(argument) (value, error) {
	return func(a argument) (value, error) {
		if a.given() {
			if _, err := a.integer(0, 1); err != nil {
				return value{}, err
			}
		}
		return value{render: render}, nil
	}
}

// named is a placeholder that makes something of a person's first name, which its argument may give.
func named(render func(firstName renderer) renderer) func(argument) (value, error) {
	return func(a argument) (value, error) {
		firstName := firstName
		if a.given() {
			firstName = literal(a.str())
		}
		return value{render: render(firstName)}, nil
	}
}

// integer reads an argument that is a whole number within bounds.
func (a argument) integer(least, most int) (int, error) {
	var n int
	if err := json.Unmarshal([]byte(a.text), &n); err != nil || n < least || n > most {
		return 0, fmt.Errorf("has the argument %s; it takes a whole number from %d to %d", a.text, least, most)
	}
	return n, nil
}

// appendFixed appends n·10^-decimals with all its decimals.
func appendFixed(dst []byte, n int64, decimals int) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	power := int64(1)
	for range decimals {
		power *= 10
	}
	dst = strconv.AppendInt(dst, n/power, 10)
	if decimals == 0 {
		return dst
	}
	dst = append(dst, '.')
	for fraction := n % power; power > 1; {
		power /= 10
		dst = append(dst, byte('0'+fraction/power))
		fraction %= power
	}
	return dst
}
