// Package option declares, checks and reads the WITH options of tables, and the suggestions that go with mistakes.
package option

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the kind of value an option takes.
type Kind uint8

const (
	String Kind = iota
	Bool
	Int
	Float
	Duration // Flink's notation: "10 s", "5min", "200 ms"; see ParseDuration
	Millis   // a number of milliseconds, as the older Kinesis options take, or a Duration
	Size     // Flink's notation: "64 mb", "1gb", "512" (bytes); see ParseSize
	Enum     // one of Option.Values, whatever the case
)

// Option declares one key.
type Option struct {
	Key     string
	Aliases []string // older spellings; giving two spellings of one option is an error
	Kind    Kind
	Values  []string // of an Enum
	Default string   // in the option's notation; "" for none
	// Required options must be given. Prefix options stand for every key that begins with Key.
	Required, Prefix bool
	Secret           bool // the value is never printed
	Summary          string
}

// Error is a mistake in an option; the planner shows it at the key or value in the WITH clause.
type Error struct {
	Key     string // as the user wrote it; the missing key for a required one
	OnValue bool   // the value is wrong, not the key
	Msg     string
	Hint    string
}

func (e *Error) Error() string { return e.Msg }

// Errorf returns an Error about the value of key.
func Errorf(key, format string, args ...any) *Error {
	return &Error{Key: key, OnValue: true, Msg: fmt.Sprintf(format, args...)}
}

// Values are the options of one table, read through the declarations that Check was given.
type Values struct {
	raw   map[string]string
	decls []Option
}

// Check reads raw against the declarations and returns every mistake: unknown keys with the nearest known one, missing
// required ones, two spellings of one option, values that don't parse. suggest finds the nearest candidate, or "".
func Check(raw map[string]string, decls []Option, suggest func(name string, candidates []string) string) (Values, []*Error) {
	var errs []*Error
	var keys []string
	given := map[string]string{} // canonical key → spelling used
	for key := range raw {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var known []string
	for _, d := range decls {
		if !d.Prefix {
			known = append(known, d.Key)
			known = append(known, d.Aliases...)
		}
	}
	for _, key := range keys {
		d := find(decls, key)
		if d == nil {
			e := &Error{Key: key, Msg: fmt.Sprintf("unknown option %q", key)}
			if near := suggest(key, known); near != "" {
				e.Hint = fmt.Sprintf("did you mean %q?", near)
			} else if len(known) > 0 {
				slices.Sort(known)
				e.Hint = "known options: " + strings.Join(slices.Compact(known), ", ")
			}
			errs = append(errs, e)
			continue
		}
		if other, twice := given[d.Key]; twice && !d.Prefix {
			errs = append(errs, &Error{Key: key, Msg: fmt.Sprintf("options %q and %q mean the same; give one", other, key)})
			continue
		}
		given[d.Key] = key
		if err := d.parse(raw[key]); err != nil {
			shown := strconv.Quote(raw[key])
			if d.Secret {
				shown = "(hidden)"
			}
			errs = append(errs, &Error{Key: key, OnValue: true, Msg: fmt.Sprintf("option %q: value %s %v", key, shown, err)})
		}
	}
	for _, d := range decls {
		if _, ok := given[d.Key]; d.Required && !ok {
			errs = append(errs, &Error{Key: d.Key, Msg: fmt.Sprintf("option %q is required", d.Key), Hint: d.Summary})
		}
	}
	return Values{raw: raw, decls: decls}, errs
}

func find(decls []Option, key string) *Option {
	for i, d := range decls {
		if d.Key == key && !d.Prefix || slices.Contains(d.Aliases, key) {
			return &decls[i]
		}
	}
	for i, d := range decls {
		if d.Prefix && strings.HasPrefix(key, d.Key) {
			return &decls[i]
		}
	}
	return nil
}

func (d *Option) parse(value string) error {
	var err error
	switch d.Kind {
	case Bool:
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			err = errors.New("is not true or false")
		}
	case Int:
		if _, e := strconv.ParseInt(value, 10, 64); e != nil {
			err = errors.New("is not a whole number")
		}
	case Float:
		if _, e := strconv.ParseFloat(value, 64); e != nil {
			err = errors.New("is not a number")
		}
	case Duration, Millis:
		_, err = ParseDuration(value)
	case Size:
		_, err = ParseSize(value)
	case Enum:
		if !slices.ContainsFunc(d.Values, func(v string) bool { return strings.EqualFold(v, value) }) {
			err = errors.New("is not one of " + strings.Join(d.Values, ", "))
		}
	}
	return err
}

// lookup returns the value given for a declared key under any of its spellings, or its default.
func (v Values) lookup(key string) string {
	d := find(v.decls, key)
	if d == nil {
		panic("option " + key + " is not declared")
	}
	for _, spelling := range append([]string{d.Key}, d.Aliases...) {
		if value, ok := v.raw[spelling]; ok {
			return value
		}
	}
	return d.Default
}

// Given reports whether the table sets the option, under any spelling.
func (v Values) Given(key string) bool {
	if d := find(v.decls, key); d != nil {
		for _, spelling := range append([]string{d.Key}, d.Aliases...) {
			if _, ok := v.raw[spelling]; ok {
				return true
			}
		}
	}
	return false
}

// The getters return the given value or the default; reading an undeclared key is a bug and panics. Values have been
// checked, so they parse; an option without value and default gives the zero value.

// String returns the text of an option.
func (v Values) String(key string) string { return v.lookup(key) }

// Enum returns the declared spelling of an Enum's value.
func (v Values) Enum(key string) string {
	value := v.lookup(key)
	for _, known := range find(v.decls, key).Values {
		if strings.EqualFold(known, value) {
			return known
		}
	}
	return value
}

// Bool returns a Bool.
func (v Values) Bool(key string) bool { return strings.EqualFold(v.lookup(key), "true") }

// Int returns an Int.
func (v Values) Int(key string) int64 {
	n, _ := strconv.ParseInt(v.lookup(key), 10, 64)
	return n
}

// Float returns a Float.
func (v Values) Float(key string) float64 {
	f, _ := strconv.ParseFloat(v.lookup(key), 64)
	return f
}

// Duration returns a Duration or Millis.
func (v Values) Duration(key string) time.Duration {
	d, _ := ParseDuration(v.lookup(key))
	return d
}

// Size returns a Size in bytes.
func (v Values) Size(key string) int64 {
	n, _ := ParseSize(v.lookup(key))
	return n
}

// WithPrefix returns what is given under a Prefix option: the keys without the prefix.
func (v Values) WithPrefix(prefix string) map[string]string {
	out := map[string]string{}
	for key, value := range v.raw {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			out[rest] = value
		}
	}
	return out
}

// ParseDuration reads Flink's durations: a whole number and a unit (ns, µs, ms, s, min, h, d and their long names), with
// or without a space; a number alone is milliseconds.
func ParseDuration(text string) (time.Duration, error) {
	n, unit, err := splitNumber(text)
	if err != nil {
		return 0, errors.New(`is not a duration such as "10 s" or "500 ms"`)
	}
	units := map[string]time.Duration{
		"": time.Millisecond, "ns": 1, "nano": 1, "nanos": 1, "nanosecond": 1, "nanoseconds": 1,
		"us": time.Microsecond, "µs": time.Microsecond, "micro": time.Microsecond, "micros": time.Microsecond,
		"microsecond": time.Microsecond, "microseconds": time.Microsecond,
		"ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond, "millisecond": time.Millisecond,
		"milliseconds": time.Millisecond, "s": time.Second, "sec": time.Second, "secs": time.Second,
		"second": time.Second, "seconds": time.Second, "m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute,
		"minutes": time.Minute, "h": time.Hour, "hour": time.Hour, "hours": time.Hour, "d": 24 * time.Hour,
		"day": 24 * time.Hour, "days": 24 * time.Hour,
	}
	scale, ok := units[unit]
	if !ok {
		return 0, fmt.Errorf("has the unknown time unit %q; use ms, s, min, h or d", unit)
	}
	if n > math.MaxInt64/int64(scale) {
		return 0, errors.New("is longer than 292 years")
	}
	return time.Duration(n) * scale, nil
}

// ParseSize reads Flink's memory sizes: a whole number and a unit (b, kb, mb, gb, tb; powers of 1024), with or without a
// space; a number alone is bytes.
func ParseSize(text string) (int64, error) {
	n, unit, err := splitNumber(text)
	if err != nil {
		return 0, errors.New(`is not a size such as "64 mb"`)
	}
	units := map[string]int64{
		"": 1, "b": 1, "bytes": 1, "k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10, "m": 1 << 20, "mb": 1 << 20,
		"mebibytes": 1 << 20, "g": 1 << 30, "gb": 1 << 30, "gibibytes": 1 << 30, "t": 1 << 40, "tb": 1 << 40,
		"tebibytes": 1 << 40,
	}
	scale, ok := units[unit]
	if !ok {
		return 0, fmt.Errorf("has the unknown size unit %q; use b, kb, mb, gb or tb", unit)
	}
	if n > math.MaxInt64/scale {
		return 0, errors.New("is too large")
	}
	return n * scale, nil
}

func splitNumber(text string) (int64, string, error) {
	text = strings.TrimSpace(text)
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 64)
	return n, strings.ToLower(strings.TrimSpace(text[end:])), err
}
