package parser

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirsql/weir/diag"
)

// tokenKind tells tokens apart.
type tokenKind uint8

const (
	tokEOF         tokenKind = iota
	tokError                 // text is unreadable here; token.err says why
	tokWord                  // identifier or keyword
	tokQuoted                // identifier in backquotes
	tokInteger               // 12
	tokDecimal               // 1.5
	tokApproximate           // 1e3
	tokString                // 'text' with its prefix, if it has one
	tokBinary                // X'0F'
	tokSymbol                // operator or punctuation; token.word is its text
)

// token is a piece of text that means something. Its value is made when it is needed: a token refers to the text.
type token struct {
	kind tokenKind
	// reserved is set for a keyword that can't be an identifier.
	reserved   bool
	start, end int
	// word is a keyword in upper case or the text of a symbol; empty for words that are no keywords.
	word string
	err  *diag.Error
}

func (t token) span() diag.Span { return diag.Span{Start: t.start, End: t.end} }

// symbols of more than one byte, in the order to try them. "||" is tried before "|", and so on.
var longSymbols = []string{"<>", "<=", ">=", "!=", "=>", "||", "==", "/*+", "*/"}

// shortSymbols holds the one-byte symbols as strings, so that a token needs no allocation.
var shortSymbols = func() (t [128]string) {
	for _, c := range "()[]{};.,=<>?:+-*/%|^$" {
		t[c] = string(c)
	}
	return t
}()

// Comment is a comment of a source text, with its marks.
type Comment struct{ diag.Span }

// lexer splits a text into tokens.
type lexer struct {
	text     string
	pos      int
	tokens   []token
	comments []Comment
}

// lex returns the tokens of text, the last one being tokEOF. Unreadable parts become tokError.
func lex(text string) ([]token, []Comment) {
	// Four bytes per token is typical of SQL; growing from a good guess halves the time spent.
	l := lexer{text: text, tokens: make([]token, 0, len(text)/4+16)}
	for l.next() {
	}
	return l.tokens, l.comments
}

func (l *lexer) emit(kind tokenKind, start int) {
	l.tokens = append(l.tokens, token{kind: kind, start: start, end: l.pos})
}

func (l *lexer) fail(start int, err *diag.Error) {
	err.Span = diag.Span{Start: start, End: l.pos}
	l.tokens = append(l.tokens, token{kind: tokError, start: start, end: l.pos, err: err})
}

// at reports whether the text goes on with prefix.
func (l *lexer) at(prefix string) bool { return strings.HasPrefix(l.text[l.pos:], prefix) }

// byteAt is the byte i behind the current one, or 0.
func (l *lexer) byteAt(i int) byte {
	if l.pos+i < len(l.text) {
		return l.text[l.pos+i]
	}
	return 0
}

// next reads one token; it returns false after the end of the text.
func (l *lexer) next() bool {
	l.skipSpace()
	start := l.pos
	if start >= len(l.text) {
		l.emit(tokEOF, start)
		return false
	}
	c := l.text[start]
	switch {
	case c == '\'':
		l.str(start)
	case c == '`':
		l.quotedIdent()
	case isASCIIDigit(c), c == '.' && isASCIIDigit(l.byteAt(1)):
		l.number()
	case (c == 'x' || c == 'X') && l.byteAt(1) == '\'':
		l.pos++
		if l.quoted('\'', "string") {
			l.emit(tokBinary, start)
		}
	case (c == 'n' || c == 'N') && l.byteAt(1) == '\'':
		l.pos++
		l.str(start)
	case (c == 'u' || c == 'U') && l.byteAt(1) == '&' && l.byteAt(2) == '\'':
		l.pos += 2
		l.str(start)
	case c == '_' && l.charset():
		l.str(start)
	case c == '"':
		l.doubleQuoted()
	default:
		l.wordOrSymbol()
	}
	return true
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			l.pos++
		case c == '-' && l.byteAt(1) == '-', c == '/' && l.byteAt(1) == '/':
			start := l.pos
			if i := strings.IndexAny(l.text[l.pos:], "\r\n"); i >= 0 {
				l.pos += i
			} else {
				l.pos = len(l.text)
			}
			l.comments = append(l.comments, Comment{diag.Span{Start: start, End: l.pos}})
		case c == '/' && l.byteAt(1) == '*' && l.byteAt(2) != '+':
			start := l.pos
			i := strings.Index(l.text[l.pos+2:], "*/")
			if i < 0 {
				l.pos = len(l.text)
				l.fail(start, diag.Errorf("unterminated-comment", diag.Span{}, "comment is not closed").
					WithHint("close it with */"))
				// The caret belongs under the opening mark, not under the rest of the file.
				l.tokens[len(l.tokens)-1].err.Span.End = start + 2
				return
			}
			l.pos += i + 4
			l.comments = append(l.comments, Comment{diag.Span{Start: start, End: l.pos}})
		case c >= utf8.RuneSelf:
			// A byte order mark at the very beginning is no part of the text.
			if l.pos == 0 && l.at("\uFEFF") {
				l.pos += len("\uFEFF")
				continue
			}
			return
		default:
			return
		}
	}
}

// quoted skips a text between two quotes, in which a doubled quote stands for one. On failure it has emitted an error.
func (l *lexer) quoted(quote byte, what string) bool {
	start := l.pos
	l.pos++
	for {
		i := strings.IndexByte(l.text[l.pos:], quote)
		if i < 0 {
			l.pos = len(l.text)
			l.fail(start, diag.Errorf("unterminated-"+what, diag.Span{}, "%s is not closed", what).
				WithHint("it begins here and ends with %c; a %c inside it is written twice", quote, quote))
			l.tokens[len(l.tokens)-1].err.Span.End = start + 1
			return false
		}
		l.pos += i + 1
		if l.byteAt(0) != quote {
			return true
		}
		l.pos++
	}
}

func (l *lexer) str(start int) {
	if l.quoted('\'', "string") {
		l.emit(tokString, start)
	}
}

// charset skips _name in front of a string; without a string behind it nothing is skipped.
func (l *lexer) charset() bool {
	i := 1
	for {
		c := l.byteAt(i)
		switch {
		case c == '\'' && i > 1:
			l.pos += i
			return true
		case isASCIILetter(c), isASCIIDigit(c), i > 1 && (c == ':' || c == '.' || c == '-' || c == '_'):
			i++
		default:
			return false
		}
	}
}

func (l *lexer) quotedIdent() {
	start := l.pos
	if !l.quoted('`', "identifier") {
		return
	}
	if l.pos == start+len("``") {
		l.fail(start, diag.Errorf("syntax", diag.Span{}, "identifier is empty"))
		return
	}
	l.emit(tokQuoted, start)
}

// doubleQuoted reports "text", which Flink SQL does not have.
func (l *lexer) doubleQuoted() {
	start := l.pos
	l.pos++
	if i := strings.IndexAny(l.text[l.pos:], "\"\r\n"); i >= 0 && l.text[l.pos+i] == '"' {
		l.pos += i + 1
	}
	l.fail(start, diag.Errorf("syntax", diag.Span{}, "double quotes are not used in Flink SQL").
		WithHint("write a string as 'text' and an identifier as `name`"))
}

func (l *lexer) number() {
	start := l.pos
	kind := tokInteger
	l.digits()
	if l.byteAt(0) == '.' {
		kind = tokDecimal
		l.pos++
		l.digits()
	}
	if c := l.byteAt(0); c == 'e' || c == 'E' {
		i := 1
		if s := l.byteAt(i); s == '+' || s == '-' {
			i++
		}
		if isASCIIDigit(l.byteAt(i)) {
			kind = tokApproximate
			l.pos += i
			l.digits()
		}
	}
	l.emit(kind, start)
}

func (l *lexer) digits() {
	for isASCIIDigit(l.byteAt(0)) {
		l.pos++
	}
}

func (l *lexer) wordOrSymbol() {
	start := l.pos
	r, size := utf8.DecodeRuneInString(l.text[start:])
	if isLetter(r) {
		for isLetter(r) || isDigit(r) {
			l.pos += size
			if c := l.byteAt(0); c < utf8.RuneSelf {
				r, size = rune(c), 1
			} else {
				r, size = utf8.DecodeRuneInString(l.text[l.pos:])
			}
		}
		l.emit(tokWord, start)
		if info, ok := lookup(l.text[start:l.pos]); ok {
			t := &l.tokens[len(l.tokens)-1]
			t.word, t.reserved = info.word, info.reserved
		}
		return
	}
	for _, s := range longSymbols {
		if l.at(s) {
			l.symbol(s)
			return
		}
	}
	if r < utf8.RuneSelf && shortSymbols[r] != "" {
		l.symbol(shortSymbols[r])
		return
	}
	l.pos += size
	if r == utf8.RuneError && size == 1 {
		l.fail(start, diag.Errorf("invalid-character", diag.Span{}, "byte %#02x is not valid UTF-8", l.text[start]))
		return
	}
	l.fail(start, diag.Errorf("invalid-character", diag.Span{}, "unexpected character %q", r))
}

func (l *lexer) symbol(s string) {
	start := l.pos
	l.pos += len(s)
	l.tokens = append(l.tokens, token{kind: tokSymbol, start: start, end: l.pos, word: s})
}

func isASCIIDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isASCIILetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// isLetter reports whether r may begin an identifier. Flink also takes the dollar sign for a letter.
func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r == '$'
	}
	return r != utf8.RuneError && unicode.IsLetter(r)
}

func isDigit(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && unicode.IsDigit(r)
}
