package generator

import (
	"strconv"
	"strings"
	"time"
)

// momentFormat is a compiled format of moment.js 2.17 in its English locale (momentjs.com/docs/#/displaying/format/):
// tokens like YYYY and MM, [text] that stands for itself, and a backslash that takes a token literally. Letters that are
// no token stand for themselves, too.
type momentFormat []momentPart

type momentPart struct {
	literal string
	token   func(dst []byte, t time.Time) []byte // nil for literal text
}

func (f momentFormat) append(dst []byte, t time.Time) []byte {
	for i := range f {
		if f[i].token == nil {
			dst = append(dst, f[i].literal...)
		} else {
			dst = f[i].token(dst, t)
		}
	}
	return dst
}

func compileMoment(format string) momentFormat {
	var f momentFormat
	literal := func(s string) { f = append(f, momentPart{literal: s}) }
	for at := 0; at < len(format); {
		rest := format[at:]
		if n := bracketed(rest); n > 0 {
			literal(rest[1 : n-1])
			at += n
			continue
		}
		if rest[0] == '\\' && len(rest) > 1 {
			n := max(1, longestToken(rest[1:]))
			literal(rest[1 : 1+n])
			at += 1 + n
			continue
		}
		n := longestToken(rest)
		switch {
		case n == 0 && rest[0] != '\\': // a backslash at the end vanishes
			literal(rest[:1])
		case n > 0 && momentExpansions[rest[:n]] != "":
			f = append(f, compileMoment(momentExpansions[rest[:n]])...)
		case n > 0:
			f = append(f, momentPart{token: momentTokens[rest[:n]]})
		}
		at += max(1, n)
	}
	return f
}

// bracketed returns the length of the [text] that s begins with, 0 if there is none. It goes to the last closing
// bracket before another opens.
func bracketed(s string) int {
	if s[0] != '[' {
		return 0
	}
	if next := strings.IndexByte(s[1:], '['); next >= 0 {
		s = s[:1+next]
	}
	return strings.LastIndexByte(s, ']') + 1
}

// longestToken returns the length of the longest token that s begins with, 0 if there is none.
func longestToken(s string) int {
	for n := min(len(s), len("SSSSSSSSS")); n > 0; n-- {
		if momentTokens[s[:n]] != nil || momentExpansions[s[:n]] != "" {
			return n
		}
	}
	return 0
}

// momentExpansions are the tokens that stand for a whole format.
var momentExpansions = map[string]string{
	"Hmm": "H[]mm", "Hmmss": "H[]mmss", "hmm": "h[]mm", "hmmss": "h[]mmss",
	"LT": "h:mm A", "LTS": "h:mm:ss A",
	"L": "MM/DD/YYYY", "LL": "MMMM D, YYYY", "LLL": "MMMM D, YYYY h:mm A", "LLLL": "dddd, MMMM D, YYYY h:mm A",
	"l": "M/D/YYYY", "ll": "MMM D, YYYY", "lll": "MMM D, YYYY h:mm A", "llll": "ddd, MMM D, YYYY h:mm A",
}

var momentTokens = map[string]func([]byte, time.Time) []byte{
	"Y":      number(0, func(t time.Time) int { return t.Year() }),
	"YY":     number(2, func(t time.Time) int { return t.Year() % 100 }),
	"YYYY":   number(4, func(t time.Time) int { return t.Year() }),
	"YYYYY":  number(5, func(t time.Time) int { return t.Year() }),
	"YYYYYY": func(dst []byte, t time.Time) []byte { return appendPadded(append(dst, '+'), t.Year(), 6) },

	"Q":    number(0, quarter),
	"Qo":   ordinal(quarter),
	"M":    number(0, month),
	"MM":   number(2, month),
	"Mo":   ordinal(month),
	"MMM":  text(func(t time.Time) string { return t.Month().String()[:3] }),
	"MMMM": text(func(t time.Time) string { return t.Month().String() }),

	"D":    number(0, time.Time.Day),
	"DD":   number(2, time.Time.Day),
	"Do":   ordinal(time.Time.Day),
	"DDD":  number(0, time.Time.YearDay),
	"DDDD": number(3, time.Time.YearDay),
	"DDDo": ordinal(time.Time.YearDay),

	"d":    number(0, weekday),
	"e":    number(0, weekday),
	"do":   ordinal(weekday),
	"dd":   text(func(t time.Time) string { return t.Weekday().String()[:2] }),
	"ddd":  text(func(t time.Time) string { return t.Weekday().String()[:3] }),
	"dddd": text(func(t time.Time) string { return t.Weekday().String() }),
	"E":    number(0, func(t time.Time) int { return (weekday(t)+6)%7 + 1 }),

	"w":     number(0, week),
	"ww":    number(2, week),
	"wo":    ordinal(week),
	"gg":    number(2, func(t time.Time) int { return weekYear(t) % 100 }),
	"gggg":  number(4, weekYear),
	"ggggg": number(5, weekYear),
	"W":     number(0, isoWeek),
	"WW":    number(2, isoWeek),
	"Wo":    ordinal(isoWeek),
	"GG":    number(2, func(t time.Time) int { return isoWeekYear(t) % 100 }),
	"GGGG":  number(4, isoWeekYear),
	"GGGGG": number(5, isoWeekYear),

	"H":  number(0, time.Time.Hour),
	"HH": number(2, time.Time.Hour),
	"h":  number(0, hour12),
	"hh": number(2, hour12),
	"k":  number(0, hour24),
	"kk": number(2, hour24),
	"m":  number(0, time.Time.Minute),
	"mm": number(2, time.Time.Minute),
	"s":  number(0, time.Time.Second),
	"ss": number(2, time.Time.Second),
	"A":  text(func(t time.Time) string { return noon(t, "AM", "PM") }),
	"a":  text(func(t time.Time) string { return noon(t, "am", "pm") }),

	// Moments have milliseconds; further digits are zeros.
	"S":         number(1, func(t time.Time) int { return millisecond(t) / 100 }),
	"SS":        number(2, func(t time.Time) int { return millisecond(t) / 10 }),
	"SSS":       number(3, millisecond),
	"SSSS":      number(4, func(t time.Time) int { return millisecond(t) * 10 }),
	"SSSSS":     number(5, func(t time.Time) int { return millisecond(t) * 100 }),
	"SSSSSS":    number(6, func(t time.Time) int { return millisecond(t) * 1000 }),
	"SSSSSSS":   number(7, func(t time.Time) int { return millisecond(t) * 10_000 }),
	"SSSSSSSS":  number(8, func(t time.Time) int { return millisecond(t) * 100_000 }),
	"SSSSSSSSS": number(9, func(t time.Time) int { return millisecond(t) * 1_000_000 }),

	"Z":  func(dst []byte, t time.Time) []byte { return appendOffset(dst, t, ":") },
	"ZZ": func(dst []byte, t time.Time) []byte { return appendOffset(dst, t, "") },
	"z":  text(func(t time.Time) string { return utcOnly(t, "UTC") }),
	"zz": text(func(t time.Time) string { return utcOnly(t, "Coordinated Universal Time") }),
	"X":  func(dst []byte, t time.Time) []byte { return strconv.AppendInt(dst, t.Unix(), 10) },
	"x":  func(dst []byte, t time.Time) []byte { return strconv.AppendInt(dst, t.UnixMilli(), 10) },
}

// number appends a number with at least the given digits.
func number(digits int, of func(time.Time) int) func([]byte, time.Time) []byte {
	return func(dst []byte, t time.Time) []byte { return appendPadded(dst, of(t), digits) }
}

func text(of func(time.Time) string) func([]byte, time.Time) []byte {
	return func(dst []byte, t time.Time) []byte { return append(dst, of(t)...) }
}

// ordinal appends 1st, 2nd, 3rd, 4th, …, 11th, 12th, 13th, …, 21st.
func ordinal(of func(time.Time) int) func([]byte, time.Time) []byte {
	return func(dst []byte, t time.Time) []byte {
		n := of(t)
		suffix := "th"
		if n%100/10 != 1 {
			switch n % 10 {
			case 1:
				suffix = "st"
			case 2:
				suffix = "nd"
			case 3:
				suffix = "rd"
			}
		}
		return append(strconv.AppendInt(dst, int64(n), 10), suffix...)
	}
}

func appendPadded(dst []byte, n, digits int) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	power := 1
	for range digits - 1 {
		power *= 10
	}
	for ; power > 1 && n < power; power /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

func appendOffset(dst []byte, t time.Time, separator string) []byte {
	_, seconds := t.Zone()
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	dst = appendPadded(append(dst, sign), seconds/3600, 2)
	return appendPadded(append(dst, separator...), seconds/60%60, 2)
}

func month(t time.Time) int       { return int(t.Month()) }
func quarter(t time.Time) int     { return (int(t.Month()) + 2) / 3 }
func weekday(t time.Time) int     { return int(t.Weekday()) }
func millisecond(t time.Time) int { return t.Nanosecond() / 1e6 }
func hour12(t time.Time) int      { return (t.Hour()+11)%12 + 1 }
func hour24(t time.Time) int      { return (t.Hour()+23)%24 + 1 }

func noon(t time.Time, before, after string) string {
	if t.Hour() < 12 {
		return before
	}
	return after
}

// utcOnly returns name for times in UTC; moment.js knows no names of other zones.
func utcOnly(t time.Time, name string) string {
	if t.Location() == time.UTC {
		return name
	}
	return ""
}

// The weeks of the English locale begin on Sunday, and week 1 holds January 1st: a week belongs to the year of its
// Saturday.
func week(t time.Time) int     { return (saturday(t).YearDay()-1)/7 + 1 }
func weekYear(t time.Time) int { return saturday(t).Year() }

func saturday(t time.Time) time.Time { return t.AddDate(0, 0, 6-weekday(t)) }

func isoWeek(t time.Time) int {
	_, w := t.ISOWeek()
	return w
}

func isoWeekYear(t time.Time) int {
	y, _ := t.ISOWeek()
	return y
}
