package parser

import (
	"strings"

	"github.com/weirsql/weir/diag"
)

// File is a parsed script.
type File struct {
	Name string
	Text string
	// Stmts are the statements without syntax errors, in order.
	Stmts []Stmt
	// Comments are all comments outside hints, in order.
	Comments []Comment
}

// ParseFile parses a script: statements separated by semicolons, of which the last one is optional. Reading goes on
// behind the semicolon after an error, so one list holds the errors of the whole script, at most one per statement; it
// is sorted and nil when there are none. A statement with an error is left out of File.Stmts. Spans are offsets into
// text; name is only remembered.
func ParseFile(name, text string) (*File, diag.List) {
	p := newParser(text)
	f := &File{Name: name, Text: text, Comments: p.comments}
	for {
		for p.acceptSymbol(";") {
		}
		if p.tok.kind == tokEOF {
			break
		}
		before := len(p.errs)
		s := p.statement()
		p.endOfStatement()
		if len(p.errs) == before {
			f.Stmts = append(f.Stmts, s)
		}
		p.resume()
	}
	p.errs.Sort()
	return f, p.errs
}

// ParseStmt parses a single statement, which may end with a semicolon.
func ParseStmt(text string) (Stmt, diag.List) {
	f, errs := ParseFile("", text)
	switch {
	case len(errs) > 0:
		return nil, errs
	case len(f.Stmts) != 1:
		span := diag.Span{End: len(text)}
		if len(f.Stmts) > 1 {
			span = f.Stmts[1].Pos()
		}
		return nil, diag.List{diag.Errorf("syntax", span, "expected one statement, found %d", len(f.Stmts))}
	}
	return f.Stmts[0], nil
}

// ParseExpr parses a single expression.
func ParseExpr(text string) (Expr, diag.List) {
	return parseAll(text, func(p *parser) Expr { return p.expr(precLowest) })
}

// ParseType parses a single type, such as ROW<a INT NOT NULL, b STRING>.
func ParseType(text string) (*TypeName, diag.List) { return parseAll(text, (*parser).columnType) }

func parseAll[N Node](text string, parse func(*parser) N) (N, diag.List) {
	p := newParser(text)
	n := parse(p)
	if p.tok.kind != tokEOF {
		p.unexpected("end of input")
	}
	if p.failed() {
		var none N
		return none, p.errs
	}
	return n, nil
}

// Complete reports whether text, as typed so far, can be run: it holds at least one statement, and the last one is ended
// by a semicolon which is not inside a string, an identifier, a comment or an open statement set. A prompt reads on
// while it is false.
func Complete(text string) bool {
	tokens, _ := lex(text)
	open := false  // inside BEGIN … END
	ended := false // the last statement has its semicolon
	for i, t := range tokens[:len(tokens)-1] {
		switch {
		case t.kind == tokError && strings.HasPrefix(t.err.Code, "unterminated-"):
			return false
		case t.word == ";":
			ended = !open
		case t.word == "BEGIN" && beginsSet(tokens, i):
			open, ended = true, false
		case t.word == "END" && open && i > 0 && tokens[i-1].word == ";":
			open, ended = false, false
		default:
			ended = false
		}
	}
	return ended
}

// beginsSet reports whether the BEGIN at tokens[i] opens a statement set.
func beginsSet(tokens []token, i int) bool {
	if tokens[i+1].word == "STATEMENT" {
		return true
	}
	return i >= 2 && tokens[i-1].word == "SET" && tokens[i-2].word == "STATEMENT"
}

// Limits that keep hostile input from exhausting the stack of the parser and of those who walk its trees.
const (
	// maxDepth is how deep parentheses, subqueries, CASE, types and the like may nest.
	maxDepth = 500
	// maxHeight is how high a tree may be: nesting plus the operators of chains such as a + b + c, which are parsed
	// in a loop but make a tree that leans to the left.
	maxHeight = 20_000
)

// parser reads statements from tokens. On an error it remembers it and behaves as if the text ended there, so that all
// productions unwind by themselves; they return usable nodes, never nil, which the caller throws away. resume() leaves
// that state.
type parser struct {
	text     string
	tokens   []token
	comments []Comment
	errs     diag.List

	pos     int   // index of tok
	tok     token // the current token
	prevEnd int   // where the token before it ended

	failure *diag.Error // of the current statement
	failPos int         // index of the token it happened at
	aliasAt int         // index of the last alias without AS: it may be a mistyped keyword

	depth  int
	height int

	// brokenSet is set between an error that ended a statement set early and the END that belongs to it.
	brokenSet bool
}

func newParser(text string) *parser {
	p := &parser{text: text, aliasAt: -1}
	p.tokens, p.comments = lex(text)
	p.tok = p.tokens[0]
	return p
}

func (p *parser) failed() bool { return p.failure != nil }

// fail records the first error of a statement and stops reading.
func (p *parser) fail(err *diag.Error) {
	if p.failed() {
		return
	}
	p.failure, p.failPos = err, p.pos
	p.errs.Add(err)
	// What follows sees the end of the text.
	end := p.tokens[len(p.tokens)-1]
	p.tok = token{kind: tokEOF, start: end.start, end: end.end}
}

// resume goes on behind the next semicolon after an error; without one it does nothing.
func (p *parser) resume() {
	if !p.failed() {
		return
	}
	p.failure = nil
	p.pos = p.failPos
	for p.tokens[p.pos].kind != tokEOF && p.tokens[p.pos].word != ";" {
		p.pos++
	}
	p.tok = p.tokens[p.pos]
}

// next steps to the next token.
func (p *parser) next() {
	if p.tok.kind == tokEOF {
		return
	}
	p.prevEnd = p.tok.end
	p.pos++
	p.tok = p.tokens[p.pos]
}

// peek is the token n behind the current one.
func (p *parser) peek(n int) token {
	if p.failed() || p.pos+n >= len(p.tokens) {
		return token{}
	}
	return p.tokens[p.pos+n]
}

// span goes from start to the end of the last token read.
func (p *parser) span(start int) diag.Span {
	return diag.Span{Start: start, End: max(start, p.prevEnd)}
}

// at reports whether the current token is the keyword or symbol word.
func (p *parser) at(word string) bool { return p.tok.word == word }

// atWords reports whether the next tokens are the keywords or symbols words.
func (p *parser) atWords(words ...string) bool {
	for i, w := range words {
		if p.tok.word == "" || p.peek(i).word != w {
			return false
		}
	}
	return true
}

// accept reads words if they are all there.
func (p *parser) accept(words ...string) bool {
	if !p.atWords(words...) {
		return false
	}
	for range words {
		p.next()
	}
	return true
}

// acceptSymbol is accept for one symbol, the most frequent case.
func (p *parser) acceptSymbol(s string) bool {
	if p.tok.word != s {
		return false
	}
	p.next()
	return true
}

// expect reads words, or fails.
func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.at(w) {
			p.unexpected(quoteWord(w))
			return
		}
		p.next()
	}
}

// acceptOneOf reads one of words and returns it, or "".
func (p *parser) acceptOneOf(words ...string) string {
	for _, w := range words {
		if p.acceptSymbol(w) {
			return w
		}
	}
	return ""
}

// expectOneOf reads one of words and returns it, or fails.
func (p *parser) expectOneOf(words ...string) string {
	if w := p.acceptOneOf(words...); w != "" {
		return w
	}
	p.unexpected(orList(words))
	return words[0]
}

// enter guards a recursive production: defer p.leave(p.enter()). In between, height is that of what the production has
// parsed so far; afterwards the highest of what its caller has.
func (p *parser) enter() (height int) {
	if p.depth++; p.depth > maxDepth {
		p.tooDeep()
	}
	height, p.height = p.height, 0
	return height
}

func (p *parser) leave(height int) {
	p.depth--
	p.height = max(height, p.height+1)
}

// chain counts one more step of a loop that puts what it has parsed so far below a new node.
func (p *parser) chain() {
	if p.height++; p.height > maxHeight {
		p.tooDeep()
	}
}

func (p *parser) tooDeep() {
	p.fail(diag.Errorf("too-deep", p.tok.span(), "statement is nested too deeply").
		WithHint("at most %d levels of nesting and %d operators in a row are read; split the statement with WITH or "+
			"CREATE VIEW", maxDepth, maxHeight))
}

// endOfStatement checks that nothing but a semicolon follows.
func (p *parser) endOfStatement() {
	if !p.failed() && p.tok.kind != tokEOF && !p.at(";") {
		p.unexpected(endOfStatement)
	}
}

// What may be expected, where hints depend on it.
const (
	endOfStatement = `";" or end of input`
	lateralOperand = `"TABLE(" or a query in parentheses`
)

// unexpected fails at the current token, saying what was expected.
func (p *parser) unexpected(expected string) {
	if p.failed() {
		return
	}
	t := p.tok
	if t.kind == tokError {
		p.fail(t.err)
		return
	}
	err := diag.Errorf("syntax", t.span(), "expected %s, found %s", expected, p.describe(t))
	err.Hint = p.guess(expected)
	p.fail(err)
}

// refuse fails at span: the syntax is known and not supported.
func (p *parser) refuse(span diag.Span, what, hint string) {
	err := diag.Errorf("unsupported-syntax", span, "%s not supported", what)
	err.Hint = hint
	p.fail(err)
}

// guess says what is likely to be wrong at the current token, or nothing.
func (p *parser) guess(expected string) string {
	t := p.tok
	text := p.text[t.start:t.end]
	prev := token{}
	if p.pos > 0 {
		prev = p.tokens[p.pos-1]
	}
	for _, q := range []token{prev, t} {
		if q.kind == tokQuoted && strings.ContainsAny(p.text[q.start:q.end], "\r\n") {
			return "an identifier in backquotes goes over several lines here: is a backquote missing?"
		}
	}
	switch {
	case t.kind == tokWord && expected == lateralOperand:
		return "write LATERAL TABLE(" + text + "(…))"
	case t.kind == tokWord && !t.reserved && expected == "a query":
		if w := diag.Suggest(text, []string{"SELECT", "VALUES", "WITH", "TABLE"}); w != "" {
			return "did you mean " + w + "?"
		}
	case t.kind == tokWord && !t.reserved && strings.HasPrefix(expected, `"`):
		if w := diag.Suggest(text, []string{strings.Trim(expected, `"`)}); w != "" {
			return "did you mean " + w + "?"
		}
	case t.kind == tokString && (expected == "a name" || expected == endOfStatement):
		return "a name is written without quotes or in backquotes: `" + strings.Trim(text, "'") + "`"
	case expected == "a statement" && t.word == "END":
		return "no statement set is open here"
	case prev.word == "," && (t.reserved || t.word == ")" || t.word == ";" || t.kind == tokEOF):
		return "remove the comma in front of it"
	case t.word == "==":
		return "equality is written ="
	case t.word == "*/":
		return "no comment or hint is open here"
	case t.word == "/*+":
		return "a hint stands behind SELECT or behind the name of a table"
	}
	if p.aliasAt >= 0 && p.aliasAt == p.pos-1 {
		if w := diag.Suggest(p.text[prev.start:prev.end], clauseWords); w != "" {
			return "did you mean " + w + " instead of " + p.text[prev.start:prev.end] + "?"
		}
	}
	return ""
}

// clauseWords are keywords that read as an alias when they are mistyped.
var clauseWords = []string{"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "JOIN", "LEFT", "INNER", "OFFSET",
	"WINDOW", "ON"}

// describe names a token in a message.
func (p *parser) describe(t token) string {
	switch t.kind {
	case tokEOF:
		return "end of input"
	case tokString:
		return "string " + shorten(p.text[t.start:t.end])
	case tokInteger, tokDecimal, tokApproximate:
		return "number " + p.text[t.start:t.end]
	}
	return quoteWord(shorten(p.text[t.start:t.end]))
}

// shorten cuts long texts for messages.
func shorten(s string) string {
	const limit = 40
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i] + "…"
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

func quoteWord(w string) string { return `"` + w + `"` }

// orList joins words as: "A", "B" or "C".
func orList(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(quoteWord(w))
	}
	return b.String()
}
