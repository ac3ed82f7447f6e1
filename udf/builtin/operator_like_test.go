package builtin

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// A pattern matches what the regular expression matches that stands for it.
func TestLikeAgreesWithRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	letters := []rune("aabä😀%_!\n")
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	matched := 0
	for range 200_000 {
		pattern, s := text(8), text(10)
		p, err := compileLike(pattern, "!", true)
		re, ok := likeRegexp(pattern, '!')
		if (err == nil) != ok {
			t.Fatalf("LIKE %q ESCAPE '!': %v, want an error: %v", pattern, err, !ok)
		}
		if err != nil {
			continue
		}
		if got, want := p.match([]byte(s)), re.MatchString(s); got != want {
			t.Fatalf("%q LIKE %q ESCAPE '!' = %v, want %v", s, pattern, got, want)
		} else if got {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches tried", matched)
	}
}

func likeRegexp(pattern string, escape rune) (*regexp.Regexp, bool) {
	b := `(?s)\A`
	for i := 0; i < len(pattern); {
		c, size := utf8.DecodeRuneInString(pattern[i:])
		i += size
		switch c {
		case escape:
			c, size = utf8.DecodeRuneInString(pattern[i:])
			if size == 0 || c != '%' && c != '_' && c != escape {
				return nil, false
			}
			i += size
			b += regexp.QuoteMeta(string(c))
		case '%':
			b += ".*"
		case '_':
			b += "."
		default:
			b += regexp.QuoteMeta(string(c))
		}
	}
	return regexp.MustCompile(b + `\z`), true
}
