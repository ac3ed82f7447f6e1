package builtin

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func operatorLike() []udf.Spec {
	return []udf.Spec{{
		Name: "LIKE", Usage: []string{"text LIKE pattern [ESCAPE character]"},
		Summary: "Returns whether the whole text matches a pattern in which % stands for any text and _ for one character.",
		Examples: []udf.Example{
			{SQL: "'weir' LIKE 'w%'", Result: "TRUE"},
			{SQL: "'weir' LIKE 'we_'", Result: "FALSE"},
			{SQL: "'100%' LIKE '100!%' ESCAPE '!'", Result: "TRUE"},
		},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			return bindPattern(c, func(pattern, escape string, escaped bool) (func([]byte) bool, error) {
				p, err := compileLike(pattern, escape, escaped)
				if err != nil {
					return nil, err
				}
				return p.match, nil
			})
		},
	}}
}

// bindPattern binds text OP pattern [ESCAPE character]. A pattern that is a literal is compiled once, and refused while
// planning when it is no pattern; others are compiled again whenever they change from row to row.
func bindPattern(c *udf.Call, compile func(pattern, escape string, escaped bool) (func([]byte) bool, error)) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, textParam, textParam, textParam)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Args: args, Result: types.BooleanType.WithNotNull(notNull)}
	escaped := len(args) == 3
	pattern, constant := literalText(c, 1)
	escape := ""
	if escaped {
		var ok bool
		escape, ok = literalText(c, 2)
		constant = constant && ok
	}
	if constant {
		match, err := compile(pattern, escape, escaped)
		if err != nil {
			return nil, udf.Errorf(1, "%s", err)
		}
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			r := out.Bool[:n]
			for i := range r {
				r[i] = match(args[0].Bytes(i))
			}
			return nil
		}
		return s, nil
	}
	s.Fallible = true
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		var match func([]byte) bool
		var pattern, escape string
		r := out.Bool[:n]
		for i := range r {
			if out.IsNull(i) {
				continue
			}
			p, e := args[1].Str(i), ""
			if escaped {
				e = args[2].Str(i)
			}
			if match == nil || p != pattern || e != escape {
				var err error
				if match, err = compile(p, e, escaped); err != nil {
					return &udf.RowError{Row: i, Err: err}
				}
				pattern, escape = p, e // both live as long as args
			}
			r[i] = match(args[0].Bytes(i))
		}
		return nil
	}
	return s, nil
}

// likePattern is a compiled LIKE pattern: the pieces between its %s, each of which matches where it stands.
type likePattern struct {
	pieces    []likePiece
	open, end bool // the pattern begins, ends with %
}

// likePiece is a run of bytes and _s. wild marks the positions of the _s in text, one byte each there.
type likePiece struct {
	text  []byte
	wild  []bool // nil: none
	runes int
}

// compileLike compiles a pattern. An escape makes the %, _ or escape after it stand for itself; before anything else it
// is an error.
func compileLike(pattern, escape string, escaped bool) (*likePattern, error) {
	esc := rune(-1)
	if escaped && escape != "" {
		r, size := utf8.DecodeRuneInString(escape)
		if size != len(escape) {
			return nil, fmt.Errorf("ESCAPE %q is not one character", escape)
		}
		esc = r
	}
	p := &likePattern{}
	var piece likePiece
	var wild []bool
	hasWild := false
	flush := func() {
		if len(piece.text) == 0 {
			return
		}
		if hasWild {
			piece.wild = wild
		}
		p.pieces = append(p.pieces, piece)
		piece, wild, hasWild = likePiece{}, nil, false
	}
	put := func(r rune, any bool) {
		at := len(piece.text)
		piece.text = utf8.AppendRune(piece.text, r)
		for range len(piece.text) - at {
			wild = append(wild, any)
		}
		piece.runes++
		hasWild = hasWild || any
	}
	for i := 0; i < len(pattern); {
		r, size := utf8.DecodeRuneInString(pattern[i:])
		i += size
		switch {
		case r == esc:
			next, size := utf8.DecodeRuneInString(pattern[i:])
			if size == 0 || next != '%' && next != '_' && next != esc {
				return nil, fmt.Errorf("pattern %q has the escape character %q before something other than %%, _ or itself", pattern, escape)
			}
			i += size
			put(next, false)
		case r == '%':
			flush()
			if len(p.pieces) == 0 {
				p.open = true
			}
			p.end = true
			continue
		case r == '_':
			put('_', true)
		default:
			put(r, false)
		}
		p.end = false
	}
	flush()
	return p, nil
}

// match reports whether the whole of s matches.
func (p *likePattern) match(s []byte) bool {
	pieces := p.pieces
	if len(pieces) == 0 {
		return p.open || len(s) == 0
	}
	if !p.open {
		n := pieces[0].at(s)
		if n < 0 {
			return false
		}
		if s, pieces = s[n:], pieces[1:]; len(pieces) == 0 {
			return p.end || len(s) == 0
		}
	}
	if !p.end {
		last := pieces[len(pieces)-1]
		from := last.tail(s)
		if from < 0 {
			return false
		}
		s, pieces = s[:from], pieces[:len(pieces)-1]
	}
	for i := range pieces {
		n := pieces[i].find(s)
		if n < 0 {
			return false
		}
		s = s[n:]
	}
	return true
}

// at returns how many bytes at the start of s the piece matches, -1 when it doesn't.
func (p *likePiece) at(s []byte) int {
	if p.wild == nil {
		if bytes.HasPrefix(s, p.text) {
			return len(p.text)
		}
		return -1
	}
	n := 0
	for i, c := range p.text {
		if n >= len(s) {
			return -1
		}
		if p.wild[i] {
			_, size := utf8.DecodeRune(s[n:])
			n += size
			continue
		}
		if s[n] != c {
			return -1
		}
		n++
	}
	return n
}

// tail returns where the piece begins that ends with s, -1 when s doesn't end with it.
func (p *likePiece) tail(s []byte) int {
	if p.wild == nil {
		if bytes.HasSuffix(s, p.text) {
			return len(s) - len(p.text)
		}
		return -1
	}
	from := len(s)
	for range p.runes {
		if from == 0 {
			return -1
		}
		_, size := utf8.DecodeLastRune(s[:from])
		from -= size
	}
	if p.at(s[from:]) != len(s)-from {
		return -1
	}
	return from
}

// find returns the end of the leftmost match in s, -1 when there is none.
func (p *likePiece) find(s []byte) int {
	if p.wild == nil {
		if i := bytes.Index(s, p.text); i >= 0 {
			return i + len(p.text)
		}
		return -1
	}
	for i := 0; i <= len(s); {
		if n := p.at(s[i:]); n >= 0 {
			return i + n
		}
		if i == len(s) {
			break
		}
		_, size := utf8.DecodeRune(s[i:])
		i += size
	}
	return -1
}
