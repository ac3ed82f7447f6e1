//go:build ignore

// Package functions has what the tests call: a function of each kind, and some that fail.
package functions

import (
	"errors"
	"slices"
	"strings"
)

// MaskPhone keeps the last four digits of a phone number. The others don't leave the house.
//
//	mask_phone('+49 170 1234567') = '***4567'
func MaskPhone(phone string) string {
	if len(phone) < 4 {
		return "***"
	}
	return "***" + phone[len(phone)-4:]
}

// AddOne adds one.
func AddOne(x int64) int64 { return x + 1 }

func Shout(s string) string { return strings.ToUpper(s) + "!" }

// Types takes one of each, and gives them back as text lengths.
func Types(b bool, i8 int8, i16 int16, i32 int32, i int, f32 float32, f64 float64, s string, raw []byte) float64 {
	n := float64(i8) + float64(i16) + float64(i32) + float64(i) + float64(f32) + f64 + float64(len(s)) + float64(len(raw))
	if b {
		return n
	}
	return -n
}

func Not(b bool) bool           { return !b }
func Tiny(x int8) int8          { return x * 2 }
func Small(x int16) int16       { return x * 2 }
func Narrow(x int32) int32      { return x * 2 }
func Half(x float32) float32    { return x / 2 }
func Reverse(b []byte) []byte   { b = slices.Clone(b); slices.Reverse(b); return b }
func Default(s *string) string  { return *cmpOr(s, "none") }
func Both(s *string, n int) int { return len(*cmpOr(s, "")) + n }

func cmpOr(s *string, other string) *string {
	if s == nil {
		return &other
	}
	return s
}

func Digits(s string) (int64, bool) {
	n := int64(0)
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

func Initial(s string) *string {
	if s == "" {
		return nil
	}
	s = s[:1]
	return &s
}

func Positive(x int64) (int64, error) {
	if x <= 0 {
		return 0, errors.New("it is not positive")
	}
	return x, nil
}

func Joined(separator string, parts ...string) string { return strings.Join(parts, separator) }

func Sum(xs ...int) int {
	n := 0
	for _, x := range xs {
		n += x
	}
	return n
}

func At(s string, i int) string { return s[i : i+1] }

func Forever(x int64) int64 {
	for x == x+0 {
	}
	return x
}

func Fib(n int64) int64 {
	if n < 2 {
		return n
	}
	return Fib(n-1) + Fib(n-2)
}

var hoard [][]byte

func Hoard(n int64) int64 {
	hoard = append(hoard, make([]byte, n))
	return int64(len(hoard))
}

func Recurse(n int64) int64 {
	var pad [256]byte
	pad[n%256] = 1
	return Recurse(n+1) + int64(pad[n%7])
}

func Exit(n int64) int64 {
	go func() { panic("in another goroutine") }()
	ch := make(chan int64)
	return <-ch
}

var remembered = map[string]int64{}

// Seen keeps the texts that it is given: they must stay what they were.
func Seen(s string) int64 {
	remembered[s]++
	return int64(len(remembered))
}

// P95 is a number that 95 of 100 are not above.
//
//	SELECT p95(x) FROM (VALUES (3e0), (1e0), (2e0)) AS t (x) = 3.0
type P95 struct{ xs []float64 }

func (p *P95) Add(x float64) { p.xs = append(p.xs, x) }

func (p *P95) Retract(x float64) {
	if i := slices.Index(p.xs, x); i >= 0 {
		p.xs = slices.Delete(p.xs, i, i+1)
	}
}

func (p *P95) Merge(other *P95) { p.xs = append(p.xs, other.xs...) }

func (p *P95) Result() (float64, bool) {
	if len(p.xs) == 0 {
		return 0, false
	}
	xs := slices.Sorted(slices.Values(p.xs))
	return xs[(len(xs)*95-1)/100], true
}

type seen struct {
	first, last int32
	count       uint64
}

// Busiest is the word that came most often, the first in the alphabet if there are several.
type Busiest struct {
	words map[string]*seen
	n     int32
	flags [2]bool
	Title []byte
	inner struct{ sum float32 }
}

func (b *Busiest) Init() { b.words = map[string]*seen{} }

func (b *Busiest) Add(word *string) error {
	b.n++
	if word == nil {
		b.flags[1] = true
		return nil
	}
	if *word == "bad" {
		return errors.New("a bad word")
	}
	s := b.words[*word]
	if s == nil {
		s = &seen{first: b.n}
		b.words[*word] = s
	}
	s.count++
	s.last = b.n
	b.inner.sum += 0.5
	b.Title = append(b.Title, (*word)...)
	return nil
}

func (b *Busiest) Merge(other *Busiest) {
	for w, s := range other.words {
		mine := b.words[w]
		if mine == nil {
			mine = &seen{}
			b.words[w] = mine
		}
		mine.count += s.count
	}
}

func (b *Busiest) Result() *string {
	var best string
	for w, s := range b.words {
		if s.count > 0 && (best == "" || s.count > b.words[best].count || s.count == b.words[best].count && w < best) {
			best = w
		}
	}
	if best == "" {
		return nil
	}
	return &best
}

// Longest keeps its state itself.
type Longest struct{ s string }

func (l *Longest) Add(s string)                   { l.s = longer(l.s, s) }
func (l *Longest) Merge(other *Longest)           { l.s = longer(l.s, other.s) }
func (l *Longest) Result() string                 { return l.s }
func (l *Longest) MarshalBinary() ([]byte, error) { return []byte("v1" + l.s), nil }
func (l *Longest) UnmarshalBinary(b []byte) error {
	if !strings.HasPrefix(string(b), "v1") {
		return errors.New("not a Longest")
	}
	l.s = string(b[2:])
	return nil
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}

type Unfit struct{}

func Strange(x Unfit) string { return "" }

var sink []byte

// Garbage makes n bytes of it.
func Garbage(n int64) int64 {
	sink = make([]byte, n)
	return int64(len(sink))
}

// Count has a state that is a number.
type Count int64

func (c *Count) Add(word string)    { *c++ }
func (c *Count) Merge(other *Count) { *c += *other }
func (c Count) Result() int64       { return int64(c) }

// Words has a state that is a slice.
type Words []string

func (w *Words) Add(word string)    { *w = append(*w, word) }
func (w *Words) Merge(other *Words) { *w = append(*w, *other...) }
func (w Words) Result() string      { return strings.Join(w, " ") }
