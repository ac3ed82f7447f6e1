// Package diag says what is wrong with a piece of SQL, and where: byte spans, errors with stable codes, lists sorted by
// position, and the one rendering (file:line:col, source line, caret, hint) that the command line, the REPL and the
// notebook share.
//
// It is not a logging package, and it knows nothing of SQL: the parser and the planner make the errors, the outermost
// caller renders them. Start reading at Error, then Render.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Span is the half-open range [Start, End) of byte offsets into a source text. The zero Span means "no position".
type Span struct{ Start, End int }

// IsZero reports whether s carries no position.
func (s Span) IsZero() bool { return s == Span{} }

// Len is the length in bytes.
func (s Span) Len() int { return s.End - s.Start }

// Pos returns s itself, so that a struct which embeds a Span has a position.
func (s Span) Pos() Span { return s }

// Join is the smallest span that covers s and t; a zero span counts for nothing.
func (s Span) Join(t Span) Span {
	switch {
	case s.IsZero():
		return t
	case t.IsZero():
		return s
	}
	return Span{min(s.Start, t.Start), max(s.End, t.End)}
}

// Error is one finding about a source text.
type Error struct {
	// Code is a stable word in kebab case, such as "unknown-column"; documentation and tests refer to it.
	Code string
	// Msg says what was found and what was expected: lower case, no trailing full stop.
	Msg string
	// Span is where; zero when the finding has no position.
	Span Span
	// Hint is what the user can do about it, or empty.
	Hint string
	// Err is the cause, or nil. Its text is not part of the message; errors.Is and errors.As look through it.
	Err error
}

// Errorf makes an Error. An operand wrapped with %w becomes its cause.
func Errorf(code string, span Span, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Msg: err.Error(), Span: span, Err: errors.Unwrap(err)}
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Error is the message without its position: a position means something only next to its source (see Render).
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Msg
	}
	return e.Msg + " [" + e.Code + "]"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// List holds the findings about one source text. The zero List is empty and ready to use.
type List []*Error

// Add appends errors; order does not matter until Sort.
func (l *List) Add(errs ...*Error) { *l = append(*l, errs...) }

// Append adds err, which may be nil, an *Error, a List, or any other error (which gets no position).
func (l *List) Append(err error) {
	if err == nil {
		return
	}
	var list List
	var one *Error
	switch {
	case errors.As(err, &list):
		*l = append(*l, list...)
	case errors.As(err, &one):
		*l = append(*l, one)
	default:
		*l = append(*l, &Error{Msg: err.Error(), Err: err})
	}
}

// Sort orders l by position, keeping the order of findings at the same one; findings without a position come first.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
	})
}

// Err returns l, sorted, as an error, or nil when l is empty. Return this rather than l: a typed empty list in an
// error variable would not compare equal to nil.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	l.Sort()
	return l
}

// Error joins the messages, one per line.
func (l List) Error() string {
	var b strings.Builder
	for i, e := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap lets errors.Is and errors.As look at every finding.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}
