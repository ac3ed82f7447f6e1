package builtin

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonPath is a JSON path: [lax|strict] $ and then .name, ['name', …], [1, …], [from:to], [*], .*, each also after two
// points for any depth. Negative indexes count from the end. Filters [?(…)] and functions are not offered.
//
// A definite path names one value. A path with *, .., a slice or several names or indexes gives the array of what it
// finds, which may be empty.
type jsonPath struct {
	lax      bool
	definite bool
	steps    []jsonStep
}

type jsonStep struct {
	deep    bool // at any depth
	all     bool // *
	keys    []string
	indexes []int
	slice   bool
	from    int
	to      int // when hasTo
	hasTo   bool
}

var jsonPathMode = regexp.MustCompile(`(?i)^\s*(lax|strict)\s+(.+)$`)

// errNoFilters is the error for paths that are right but not offered.
var errNoFilters = errors.New("filters and functions in JSON paths are not supported")

// parseJSONPath returns the path even with an error, for its mode.
func parseJSONPath(text string) (*jsonPath, error) {
	p := &jsonPath{definite: true}
	rest := text
	if m := jsonPathMode.FindStringSubmatch(text); m != nil {
		p.lax, rest = strings.EqualFold(m[1], "lax"), m[2]
	}
	rest = strings.TrimSpace(rest)
	bad := func() (*jsonPath, error) { return p, fmt.Errorf("%q is not a JSON path", text) }
	if rest == "" {
		return bad()
	}
	if rest[0] != '$' && rest[0] != '@' {
		rest = "$." + rest
	}
	for rest = rest[1:]; rest != ""; {
		var s jsonStep
		if strings.HasPrefix(rest, "..") {
			s.deep, p.definite = true, false
			rest = rest[1:]
			if strings.HasPrefix(rest, ".[") {
				rest = rest[1:]
			}
		}
		switch rest[0] {
		case '.':
			end := 1 + strings.IndexAny(rest[1:], ".[")
			if end == 0 {
				end = len(rest)
			}
			name := strings.TrimSpace(rest[1:end])
			switch {
			case name == "":
				return bad()
			case name == "*":
				s.all, p.definite = true, false
			case strings.HasSuffix(name, ")"):
				return p, errNoFilters
			default:
				s.keys = []string{name}
			}
			rest = rest[end:]
		case '[':
			body, after, err := jsonBracket(rest)
			if err != nil {
				return bad()
			}
			rest = after
			switch {
			case strings.HasPrefix(body, "?"), strings.HasPrefix(body, "("):
				return p, errNoFilters
			case body == "*":
				s.all, p.definite = true, false
			case strings.HasPrefix(body, "'"), strings.HasPrefix(body, `"`):
				if s.keys, err = jsonKeys(body); err != nil {
					return bad()
				}
				p.definite = p.definite && len(s.keys) == 1
			case strings.Contains(body, ":"):
				p.definite = false
				from, to, _ := strings.Cut(body, ":")
				s.slice, s.hasTo = true, strings.TrimSpace(to) != ""
				if strings.TrimSpace(from) != "" {
					if s.from, err = strconv.Atoi(strings.TrimSpace(from)); err != nil {
						return bad()
					}
				}
				if s.hasTo {
					if s.to, err = strconv.Atoi(strings.TrimSpace(to)); err != nil {
						return bad()
					}
				}
			default:
				for part := range strings.SplitSeq(body, ",") {
					n, err := strconv.Atoi(strings.TrimSpace(part))
					if err != nil {
						return bad()
					}
					s.indexes = append(s.indexes, n)
				}
				p.definite = p.definite && len(s.indexes) == 1
			}
		default:
			return bad()
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

// jsonBracket takes [body] off the start of s; quotes hide brackets.
func jsonBracket(s string) (body, rest string, err error) {
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ']':
			return strings.TrimSpace(s[1:i]), s[i+1:], nil
		}
	}
	return "", "", errors.New("bracket is not closed")
}

// jsonKeys reads 'name', 'name', ….
func jsonKeys(body string) ([]string, error) {
	var keys []string
	for {
		quote := body[0]
		var key strings.Builder
		i := 1
		for ; ; i++ {
			if i >= len(body) {
				return nil, errors.New("quote is not closed")
			}
			if body[i] == quote {
				break
			}
			if body[i] == '\\' && i+1 < len(body) {
				i++
			}
			r, size := utf8.DecodeRuneInString(body[i:])
			key.WriteRune(r)
			i += size - 1
		}
		keys = append(keys, key.String())
		body = strings.TrimSpace(body[i+1:])
		if body == "" {
			return keys, nil
		}
		body = strings.TrimSpace(strings.TrimPrefix(body, ","))
		if body == "" || body[0] != '\'' && body[0] != '"' {
			return nil, errors.New("a name stands in quotes")
		}
	}
}

// find returns the value at a definite path, or the array of values of another. An error says that there is none.
func (p *jsonPath) find(v *jsonValue) (*jsonValue, error) {
	if p.definite {
		for i := range p.steps {
			next := p.steps[i].children(v, nil)
			if len(next) == 0 {
				return nil, errors.New("no value at the JSON path")
			}
			v = next[0]
		}
		return v, nil
	}
	level := []*jsonValue{v}
	for i := range p.steps {
		var next []*jsonValue
		for _, v := range level {
			if p.steps[i].deep {
				next = p.steps[i].descend(v, next)
			} else {
				next = p.steps[i].children(v, next)
			}
		}
		level = next
	}
	all := &jsonValue{kind: jsonArray}
	for _, v := range level {
		all.items = append(all.items, *v)
	}
	return all, nil
}

// descend appends what the step finds in v and everything below it.
func (s *jsonStep) descend(v *jsonValue, found []*jsonValue) []*jsonValue {
	found = s.children(v, found)
	for i := range v.items {
		found = s.descend(&v.items[i], found)
	}
	return found
}

// children appends what the step finds right below v.
func (s *jsonStep) children(v *jsonValue, found []*jsonValue) []*jsonValue {
	switch {
	case s.all:
		for i := range v.items {
			found = append(found, &v.items[i])
		}
	case s.keys != nil:
		if v.kind == jsonObject {
			for _, key := range s.keys {
				if item, ok := v.field(key); ok {
					found = append(found, item)
				}
			}
		}
	case v.kind != jsonArray:
	case s.slice:
		n := len(v.items)
		from, to := s.from, n
		if s.hasTo {
			to = s.to
		}
		if from < 0 {
			from = max(0, from+n)
		}
		if to < 0 {
			to += n
		}
		for i := from; i < min(to, n); i++ {
			found = append(found, &v.items[i])
		}
	default:
		for _, i := range s.indexes {
			if i < 0 {
				i += len(v.items)
			}
			if i >= 0 && i < len(v.items) {
				found = append(found, &v.items[i])
			}
		}
	}
	return found
}
