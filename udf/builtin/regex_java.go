package builtin

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// unsupportedRegexp is the error for what java.util.regex has and Go's regexp, which works in linear time, has not.
type unsupportedRegexp struct{ pattern, what string }

func (e *unsupportedRegexp) Error() string {
	return fmt.Sprintf("regular expression %q has %s, which weir can't run", e.pattern, e.what)
}

func isUnsupportedRegexp(err error) bool {
	var u *unsupportedRegexp
	return errors.As(err, &u)
}

// javaRegexp compiles a regular expression of java.util.regex. Both engines take the first alternative that matches, so
// what can be said in both means the same, after a few letters are translated: classes (\h, \R, \p{Alpha}, POSIX names
// are of ASCII in Java), escapes (\uXXXX, \e, \cX, \0oct), what $, \Z and . take for the end of a line.
//
// Not offered, each an *unsupportedRegexp: look-around, back-references, possessive and atomic groups, intersections
// of classes, \G, \b{g}, \X, \N{…}. Any other error says that the text is no regular expression.
//
// Java's $ also matches before a line end that is the last thing in the text. Go has no way to look at it without
// taking it into the match, so that is only done with matchOnly: for callers who ask whether, not where.
func javaRegexp(pattern string, matchOnly bool) (*regexp.Regexp, error) {
	t := regexTranslation{in: pattern, end: `\z`}
	if matchOnly {
		t.end = `(?:\r\n|[` + javaLineEnd + `])?\z`
	}
	if err := t.run(); err != nil {
		return nil, err
	}
	return regexp.Compile(t.out.String())
}

type regexTranslation struct {
	in     string
	at     int
	out    strings.Builder
	dotAll bool
	multi  bool
	end    string // what $ is translated to
}

// What Java's classes contain, for use inside of brackets.
const (
	javaSpace      = `\t\n\x0b\f\r `
	javaHorizontal = " \\t\\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}"
	javaVertical   = "\\n\\x0b\\f\\r\\x{85}\\x{2028}\\x{2029}"
	javaLineEnd    = "\\n\\r\\x{85}\\x{2028}\\x{2029}"
)

// posixClasses are the names of \p{…} that stand for ASCII in Java, for use inside of brackets.
var posixClasses = map[string]string{
	"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7f`, "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
	"Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1f\x7f`,
	"XDigit": "0-9a-fA-F", "Space": javaSpace,
	"javaLowerCase": `\p{Ll}`, "javaUpperCase": `\p{Lu}`, "javaWhitespace": `\t-\r\x1c-\x20\p{Zl}\p{Zp}`,
	"IsAlphabetic": `\p{L}\p{Nl}`, "IsDigit": `\p{Nd}`, "IsLetter": `\p{L}`, "IsPunctuation": `\p{P}`,
	"IsWhite_Space": `\t-\r \x{85}\p{Z}`, "IsUppercase": `\p{Lu}`, "IsLowercase": `\p{Ll}`,
}

func (t *regexTranslation) unsupported(what string) error {
	return &unsupportedRegexp{t.in, what}
}

func (t *regexTranslation) run() error {
	quantifiable := false // the last thing written can be repeated
	for t.at < len(t.in) {
		c := t.in[t.at]
		switch c {
		case '\\':
			if err := t.escape(false); err != nil {
				return err
			}
			quantifiable = true
			continue
		case '[':
			if err := t.class(); err != nil {
				return err
			}
			quantifiable = true
			continue
		case '(':
			if err := t.group(); err != nil {
				return err
			}
			quantifiable = false
			continue
		case '.':
			if t.dotAll {
				t.out.WriteString(`(?s:.)`)
			} else {
				t.out.WriteString(`[^` + javaLineEnd + `]`)
			}
			quantifiable = true
		case '$':
			if t.multi {
				t.out.WriteString(`(?m:$)`)
			} else {
				t.out.WriteString(t.end)
			}
			quantifiable = false
		case '*', '+', '?', '{':
			if c == '{' && !t.isRepetition() {
				return fmt.Errorf("error parsing regexp: illegal repetition at %q", t.in[t.at:])
			}
			if !quantifiable {
				return fmt.Errorf("error parsing regexp: dangling meta character %q", c)
			}
			end := t.at + 1
			if c == '{' {
				end = t.at + strings.IndexByte(t.in[t.at:], '}') + 1
			}
			t.out.WriteString(t.in[t.at:end])
			t.at = end
			if t.at < len(t.in) && t.in[t.at] == '+' {
				return t.unsupported("a possessive quantifier")
			}
			if t.at < len(t.in) && t.in[t.at] == '?' {
				t.out.WriteByte('?')
				t.at++
			}
			quantifiable = false
			continue
		case '|':
			t.out.WriteByte(c)
			quantifiable = false
		case ')':
			t.out.WriteByte(c)
			quantifiable = true
		case '^':
			t.out.WriteByte(c)
			quantifiable = false
		default:
			t.out.WriteByte(c)
			quantifiable = true
		}
		t.at++
	}
	return nil
}

// isRepetition reports whether {n}, {n,} or {n,m} stands here.
func (t *regexTranslation) isRepetition() bool {
	body, _, ok := strings.Cut(t.in[t.at+1:], "}")
	low, high, _ := strings.Cut(body, ",")
	_, err := strconv.Atoi(low)
	if err == nil && high != "" {
		_, err = strconv.Atoi(high)
	}
	return ok && err == nil
}

// group copies what begins a group.
func (t *regexTranslation) group() error {
	rest := t.in[t.at:]
	for prefix, what := range map[string]string{
		"(?=": "a look-ahead", "(?!": "a look-ahead", "(?<=": "a look-behind", "(?<!": "a look-behind", "(?>": "an atomic group",
	} {
		if strings.HasPrefix(rest, prefix) {
			return t.unsupported(what)
		}
	}
	if !strings.HasPrefix(rest, "(?") || strings.HasPrefix(rest, "(?:") || strings.HasPrefix(rest, "(?<") {
		end := 1
		if strings.HasPrefix(rest, "(?:") {
			end = 3
		} else if strings.HasPrefix(rest, "(?<") {
			i := strings.IndexByte(rest, '>')
			if i < 0 {
				return fmt.Errorf("error parsing regexp: group name of %q does not end", rest)
			}
			end = i + 1
		}
		t.out.WriteString(rest[:end])
		t.at += end
		return nil
	}
	end := strings.IndexAny(rest, ":)")
	if end < 0 {
		return fmt.Errorf("error parsing regexp: unknown group %q", rest)
	}
	on, off, _ := strings.Cut(rest[2:end], "-")
	flags := ""
	for k, set := range []string{on, off} {
		for _, f := range set {
			switch f {
			case 'i':
				flags += [...]string{"i", "-i"}[k]
			case 's':
				t.dotAll = k == 0
			case 'm':
				t.multi = k == 0
				flags += [...]string{"m", "-m"}[k]
			case 'u', 'd', 'U':
			default:
				return t.unsupported(fmt.Sprintf("the flag %q", f))
			}
		}
	}
	if strings.Count(flags, "-") > 1 || strings.Contains(flags, "-") && flags[0] != '-' {
		return t.unsupported("flags switched on and off at once")
	}
	switch {
	case rest[end] == ':':
		t.out.WriteString("(?" + flags + ":")
	case flags != "":
		t.out.WriteString("(?" + flags + ")")
	}
	t.at += end + 1
	return nil
}

// escape translates a backslash and what follows, in or outside of a class.
func (t *regexTranslation) escape(inClass bool) error {
	if t.at+1 >= len(t.in) {
		return errors.New(`error parsing regexp: trailing \`)
	}
	c := t.in[t.at+1]
	t.at += 2
	set := func(members string, negated bool) error {
		switch {
		case !inClass && negated:
			t.out.WriteString("[^" + members + "]")
		case !inClass:
			t.out.WriteString("[" + members + "]")
		case negated:
			return t.unsupported(`\` + string(c) + " inside of a class")
		default:
			t.out.WriteString(members)
		}
		return nil
	}
	switch c {
	case 'd', 'D', 'w', 'W', 'b', 'B':
		if c|0x20 == 'b' {
			if inClass {
				return errors.New(`error parsing regexp: \b inside of a class`)
			}
			if strings.HasPrefix(t.in[t.at:], "{") {
				return t.unsupported(`\b{g}`)
			}
		}
		t.out.WriteString(t.in[t.at-2 : t.at])
	case 's', 'S':
		return set(javaSpace, c == 'S')
	case 'h', 'H':
		return set(javaHorizontal, c == 'H')
	case 'v', 'V':
		return set(javaVertical, c == 'V')
	case 'R':
		t.out.WriteString(`(?:\r\n|[` + javaVertical + `])`)
	case 'A', 'z':
		t.out.WriteString(t.in[t.at-2 : t.at])
	case 'Z':
		t.out.WriteString(t.end)
	case 'G', 'X', 'N':
		return t.unsupported(`\` + string(c))
	case 'k':
		return t.unsupported("a back-reference")
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return t.unsupported("a back-reference")
	case 'Q':
		text, rest, closed := strings.Cut(t.in[t.at:], `\E`)
		t.out.WriteString(regexp.QuoteMeta(text))
		t.at = len(t.in) - len(rest)
		if !closed {
			t.at = len(t.in)
		}
	case 't', 'n', 'r', 'f', 'a':
		t.out.WriteString(t.in[t.at-2 : t.at])
	case 'e':
		t.out.WriteString(`\x1b`)
	case 'c':
		if t.at >= len(t.in) {
			return errors.New(`error parsing regexp: \c needs a letter`)
		}
		fmt.Fprintf(&t.out, `\x%02x`, t.in[t.at]^64)
		t.at++
	case '0':
		end := t.at
		for end < len(t.in) && end < t.at+3 && t.in[end] >= '0' && t.in[end] <= '7' {
			end++
		}
		n, err := strconv.ParseUint(t.in[t.at:end], 8, 8)
		if err != nil {
			return errors.New(`error parsing regexp: \0 needs an octal number`)
		}
		fmt.Fprintf(&t.out, `\x%02x`, n)
		t.at = end
	case 'x':
		t.out.WriteString(`\x`)
	case 'u':
		if t.at+4 > len(t.in) {
			return errors.New(`error parsing regexp: \u needs four hexadecimal digits`)
		}
		fmt.Fprintf(&t.out, `\x{%s}`, t.in[t.at:t.at+4])
		t.at += 4
	case 'p', 'P':
		return t.property(c == 'P', inClass)
	default:
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return fmt.Errorf("error parsing regexp: illegal escape sequence \\%c", c)
		}
		t.out.WriteString(`\`)
		t.out.WriteByte(c)
	}
	return nil
}

// property translates \p{Name}, whose p has been read.
func (t *regexTranslation) property(negated, inClass bool) error {
	name, rest := "", ""
	if strings.HasPrefix(t.in[t.at:], "{") {
		var ok bool
		if name, rest, ok = strings.Cut(t.in[t.at+1:], "}"); !ok {
			return errors.New(`error parsing regexp: \p{ is not closed`)
		}
	} else if t.at < len(t.in) {
		name, rest = t.in[t.at:t.at+1], t.in[t.at+1:]
	}
	t.at = len(t.in) - len(rest)
	if members, ok := posixClasses[name]; ok {
		switch {
		case inClass && negated:
			return t.unsupported(`\P inside of a class`)
		case inClass:
			t.out.WriteString(members)
		case negated:
			t.out.WriteString("[^" + members + "]")
		default:
			t.out.WriteString("[" + members + "]")
		}
		return nil
	}
	for _, prefix := range []string{"Is", "In", "general_category=", "gc=", "script=", "sc="} {
		name = strings.TrimPrefix(name, prefix)
	}
	t.out.WriteString(map[bool]string{false: `\p{`, true: `\P{`}[negated] + name + "}")
	return nil
}

// class translates a bracket expression. Java's may hold others, whose union is meant.
func (t *regexTranslation) class() error {
	t.at++
	t.out.WriteByte('[')
	if t.at < len(t.in) && t.in[t.at] == '^' {
		t.out.WriteByte('^')
		t.at++
	}
	depth := 1
	for first := true; t.at < len(t.in); first = false {
		c := t.in[t.at]
		switch {
		case c == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
			continue
		case c == ']' && !first:
			if depth--; depth == 0 {
				t.out.WriteByte(']')
				t.at++
				return nil
			}
		case c == '[':
			if strings.HasPrefix(t.in[t.at:], "[^") {
				return t.unsupported("a negated class inside of a class")
			}
			depth++
		case strings.HasPrefix(t.in[t.at:], "&&"):
			return t.unsupported("an intersection of classes")
		default:
			t.out.WriteByte(c)
		}
		t.at++
	}
	return fmt.Errorf("error parsing regexp: class of %q is not closed", t.in)
}
