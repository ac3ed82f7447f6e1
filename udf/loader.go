package udf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weirsql/weir/diag"
)

// Source is what CREATE FUNCTION … AS 'text' LANGUAGE x names.
type Source struct {
	Name string // the function's own name in SQL, as the user wrote it
	Text string // a class, or file:PATH[#function]
	Dir  string // where relative paths are looked up first: the directory of the SQL file; then the working directory
	// Pinned is the hash of the content that was checked when the function was created; "" takes what is there.
	Pinned string
	Limits Limits
}

// Limits bound what code that is not weir's own may take.
type Limits struct {
	Memory int64         // bytes, of one instance; 0: no more than the mechanism has
	Time   time.Duration // of one call, which is a batch of rows; 0: none
}

// Loaded is a function made from a Source.
type Loaded struct {
	Spec      Spec
	Text      string // Source.Text in a form that means the same wherever the process was started
	Signature string // such as mask_phone(s STRING) → STRING; "" when it isn't known before a call
	Hash      string // of the content, as sha256:hex; "" when there is none to change
}

// Loader makes functions of one language. It is called whenever a statement that uses the function is planned, so it
// keeps what is expensive. Its errors are *LoadError where it can say what to do. Safe for concurrent use.
type Loader func(src Source) (*Loaded, error)

// Loaders are the languages that CREATE FUNCTION knows, in upper case.
type Loaders map[string]Loader

// Languages lists them, sorted.
func (l Loaders) Languages() []string { return slices.Sorted(maps.Keys(l)) }

// LoadError says why a function can't be made of its source.
type LoadError struct {
	Code string // as diag.Error.Code
	Msg  string
	Hint string
}

func (e *LoadError) Error() string { return e.Msg }

// WithHint sets the hint and returns e.
func (e *LoadError) WithHint(format string, args ...any) *LoadError {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// LoadErrorf returns a LoadError.
func LoadErrorf(code, format string, args ...any) *LoadError {
	return &LoadError{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Classes is the loader of languages whose functions stand in registry r under the names of their classes: those that
// were written in Java, and have a counterpart here.
func Classes(r *Registry) Loader {
	return func(src Source) (*Loaded, error) {
		spec, ok := r.Class(src.Text)
		if ok {
			return &Loaded{Spec: *spec, Text: src.Text}, nil
		}
		var known []string
		for _, s := range r.Specs() {
			if s.Class != "" {
				known = append(known, s.Class)
			}
		}
		err := LoadErrorf("unknown-class", "no function is known for the class %q", src.Text)
		if near := diag.Suggest(src.Text, known); near != "" {
			return nil, err.WithHint("did you mean %q?", near)
		}
		return nil, err.WithHint("known classes: %s", strings.Join(known, ", "))
	}
}
