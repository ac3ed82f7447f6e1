package parser

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weirsql/weir/diag"
)

// atIdent reports whether the current token can be an identifier.
func (p *parser) atIdent() bool { return isIdent(p.tok) }

func isIdent(t token) bool { return t.kind == tokQuoted || t.kind == tokWord && !t.reserved }

// ident reads an identifier.
func (p *parser) ident() *Ident {
	t := p.tok
	switch {
	case isIdent(t):
		p.next()
		return &Ident{Span: t.span(), Name: p.identText(t)}
	case t.kind == tokWord && !p.failed():
		p.reserved(t)
	default:
		p.unexpected("a name")
	}
	return &Ident{Span: t.span()}
}

// reserved fails at a keyword that stands where a name should.
func (p *parser) reserved(t token) {
	if p.beginsClause(t) {
		p.unexpected("a name")
		return
	}
	text := p.text[t.start:t.end]
	p.fail(diag.Errorf("reserved-word", t.span(), "expected a name, found the reserved word %q", text).
		WithHint("to use it as a name write it in backquotes: `%s`", text))
}

// beginsClause reports whether the reserved word t, the current token, is more likely to be the clause or operator behind
// something missing than a name without backquotes.
func (p *parser) beginsClause(t token) bool {
	switch t.word {
	case "GROUP", "ORDER":
		return p.peek(1).word == "BY"
	case "LEFT", "RIGHT", "FULL", "CROSS", "INNER":
		return p.peek(1).word == "JOIN" || p.peek(1).word == "OUTER"
	case "FROM", "WHERE", "HAVING", "LIMIT", "FETCH", "UNION", "INTERSECT", "EXCEPT", "MINUS", "SELECT", "INSERT", "CREATE", "WITH",
		"VALUES", "AS", "AND", "OR", "ON", "WHEN", "THEN", "ELSE", "END", "IN", "BETWEEN", "LIKE", "IS", "JOIN", "OVER", "WINDOW",
		"DISTINCT", "ALL", "BY", "INTO", "TABLE", "DEFAULT", "FOR", "USING":
		return p.peek(1).word != "=>"
	}
	return false
}

func (p *parser) identText(t token) string {
	if t.kind == tokQuoted {
		return strings.ReplaceAll(p.text[t.start+1:t.end-1], "``", "`")
	}
	return p.text[t.start:t.end]
}

// name reads a dotted name.
func (p *parser) name() *Name {
	start := p.tok.start
	n := &Name{Parts: []*Ident{p.ident()}}
	for p.acceptSymbol(".") {
		n.Parts = append(n.Parts, p.ident())
	}
	n.Span = p.span(start)
	return n
}

// simpleName reads a name of one part as a Name.
func (p *parser) simpleName() *Name {
	id := p.ident()
	return &Name{Span: id.Span, Parts: []*Ident{id}}
}

// identList reads (name, …).
func (p *parser) identList() []*Ident {
	p.expect("(")
	ids := commaList(p, (*parser).ident)
	p.expect(")")
	return ids
}

// commaList reads one or more items separated by commas.
func commaList[N any](p *parser, item func(*parser) N) []N {
	list := []N{item(p)}
	for p.acceptSymbol(",") {
		list = append(list, item(p))
	}
	return list
}

// stringLit reads a string; strings that follow each other directly are one.
func (p *parser) stringLit() *StringLit {
	start := p.tok.start
	s := &StringLit{}
	if p.tok.kind != tokString {
		p.unexpected("a string")
		s.Span = p.span(start)
		return s
	}
	first := p.tok
	unicode := false
	quote := strings.IndexByte(p.text[first.start:first.end], '\'')
	switch prefix := p.text[first.start : first.start+quote]; {
	case prefix == "":
	case prefix[0] == '_':
		s.Charset = strings.ToUpper(prefix[1:])
	case prefix[0] == 'n', prefix[0] == 'N':
		// N'…' is a string of the national character set, which is Unicode like any other here.
	default:
		unicode = true
	}
	s.Value = unquote(p.text[first.start+quote : first.end])
	p.next()
	for p.tok.kind == tokString && p.text[p.tok.start] == '\'' {
		s.Value += unquote(p.text[p.tok.start:p.tok.end])
		p.next()
	}
	escape := '\\'
	if unicode && p.at("UESCAPE") {
		p.next()
		escape = p.unicodeEscape()
	}
	s.Span = p.span(start)
	if unicode {
		text, err := decodeUnicode(s.Value, escape)
		if err != nil {
			err.Span = s.Span
			p.fail(err)
		}
		s.Value = text
	}
	return s
}

// unicodeEscape reads the character behind UESCAPE.
func (p *parser) unicodeEscape() rune {
	t := p.tok
	if t.kind != tokString {
		p.unexpected("a string")
		return '\\'
	}
	p.next()
	body := unquote(p.text[t.start:t.end])
	r, size := utf8.DecodeRuneInString(body)
	if size == 0 || size != len(body) || strings.ContainsRune("0123456789abcdefABCDEF+\" \t\n\r\f'", r) {
		p.fail(diag.Errorf("invalid-literal", t.span(), "escape %s is not a single character", p.text[t.start:t.end]).
			WithHint("it may be any character but a hexadecimal digit, a plus sign, a quote and a space"))
		return '\\'
	}
	return r
}

// unquote strips the quotes of a string and undoubles those inside.
func unquote(s string) string { return strings.ReplaceAll(s[1:len(s)-1], "''", "'") }

// decodeUnicode resolves \xxxx (and \\) in a U& string. Escapes are UTF-16 code units, as in Java.
func decodeUnicode(s string, escape rune) (string, *diag.Error) {
	var units []uint16
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r != escape {
			units = utf16.AppendRune(units, r)
			continue
		}
		rest := s[i:]
		if strings.HasPrefix(rest, string(escape)) {
			units = utf16.AppendRune(units, escape)
			i += utf8.RuneLen(escape)
			continue
		}
		v, err := strconv.ParseUint(rest[:min(4, len(rest))], 16, 16)
		if err != nil || len(rest) < 4 {
			return "", diag.Errorf("invalid-literal", diag.Span{}, "%q begins no Unicode escape", string(escape)+rest[:min(4, len(rest))]).
				WithHint("an escape is %c and four hexadecimal digits; %c itself is written twice", escape, escape)
		}
		units = append(units, uint16(v))
		i += 4
	}
	return string(utf16.Decode(units)), nil
}

// binaryLit reads X'…', the current token.
func (p *parser) binaryLit() *BinaryLit {
	start := p.tok.start
	digits := unquote(p.text[p.tok.start+1 : p.tok.end])
	p.next()
	for p.tok.kind == tokString && p.text[p.tok.start] == '\'' {
		digits += unquote(p.text[p.tok.start:p.tok.end])
		p.next()
	}
	b := &BinaryLit{Span: p.span(start)}
	value, err := hex.DecodeString(digits)
	if err != nil {
		p.fail(diag.Errorf("invalid-literal", b.Span, "binary string is not made of pairs of hexadecimal digits").
			WithHint("X'0AFF' is the two bytes 10 and 255"))
	}
	b.Value = value
	return b
}

// atNumber reports whether the current token is a number.
func (p *parser) atNumber() bool {
	return p.tok.kind == tokInteger || p.tok.kind == tokDecimal || p.tok.kind == tokApproximate
}

// numberLit reads an unsigned number.
func (p *parser) numberLit() *NumberLit {
	t := p.tok
	n := &NumberLit{Span: t.span()}
	switch t.kind {
	case tokInteger:
		n.Kind = NumberInteger
	case tokDecimal:
		n.Kind = NumberDecimal
	case tokApproximate:
		n.Kind = NumberApproximate
	default:
		p.unexpected("a number")
		n.Text = "0"
		return n
	}
	n.Text = p.text[t.start:t.end]
	p.next()
	return n
}

// smallInt reads an unsigned integer that fits 32 bits, as in VARCHAR(10).
func (p *parser) smallInt() int {
	t := p.tok
	if t.kind != tokInteger {
		p.unexpected("an integer")
		return 0
	}
	p.next()
	v, err := strconv.ParseInt(p.text[t.start:t.end], 10, 32)
	if err != nil {
		p.fail(diag.Errorf("invalid-literal", t.span(), "number %s is too large", p.text[t.start:t.end]).
			WithHint("the largest is %d", math.MaxInt32))
	}
	return int(v)
}
