package builtin

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirsql/weir/types/temporal"
)

// simpleFormat is a pattern of java.text.SimpleDateFormat in the locale of the United States: what UNIX_TIMESTAMP,
// FROM_UNIXTIME, CONVERT_TZ, TO_DATE with a pattern and DATE_FORMAT of text use. It reads leniently (month 13 is
// January of the next year, blanks before a number are skipped, what follows the pattern is ignored) and counts days
// before 1582-10-15 in the Julian calendar.
//
// Letters: G y Y M L w W D d F E u a H k K h m s S z Z X. Reading ignores G, Y, w, W, F, E and u, which can't
// contradict the rest of the patterns they are used in.
type simpleFormat struct {
	elements []element
}

// defaultPattern is the pattern of functions that take one as an option.
const defaultPattern = "yyyy-MM-dd HH:mm:ss"

func newSimpleFormat(pattern string) (*simpleFormat, error) {
	elements, err := patternElements(pattern)
	if err != nil {
		return nil, err
	}
	for i := range elements {
		e := &elements[i]
		if e.letter != 0 && !strings.ContainsRune("GyYMLwWDdFEuaHkKhmsSzZX", rune(e.letter)) {
			return nil, fmt.Errorf("illegal letter %q in date pattern %q; quote text in it: ''text''", e.letter, pattern)
		}
		if e.letter == 'X' && e.count > 3 {
			return nil, fmt.Errorf("illegal %q in date pattern %q: one to three X", strings.Repeat("X", e.count), pattern)
		}
		if i+1 < len(elements) {
			e.abuts = elements[i+1].countsDigits()
		}
	}
	return &simpleFormat{elements}, nil
}

// countsDigits says that the field is a number whose width is known when another abuts on it.
func (e *element) countsDigits() bool {
	switch e.letter {
	case 'M', 'L':
		return e.count <= 2
	case 'y', 'd', 'H', 'k', 'm', 's', 'S', 'D', 'F', 'w', 'W', 'K', 'h', 'Y', 'u':
		return true
	}
	return false
}

// gregorianStart is 1582-10-15, the first day of the Gregorian calendar, as a day number.
const gregorianStart = -141427

// julianDays returns the day number of a date of the Julian calendar; the month may be any number.
func julianDays(year, month, day int) int {
	year += temporal.FloorDiv(month-1, 12)
	month = temporal.FloorMod(month-1, 12) + 1
	a := (14 - month) / 12
	y := year + 4800 - a
	return day + (153*(month+12*a-3)+2)/5 + 365*y + temporal.FloorDiv(y, 4) - 32083 - 2440588
}

// julianCivil is the inverse of julianDays.
func julianCivil(days int) (year, month, day int) {
	c := days + 2440588 + 32082
	d := temporal.FloorDiv(4*c+3, 1461)
	e := c - temporal.FloorDiv(1461*d, 4)
	m := (5*e + 2) / 153
	return d - 4800 + m/10, m + 3 - 12*(m/10), e - (153*m+2)/5 + 1
}

// hybridDays returns the day number of a date in the calendar of its time; the month may be any number.
func hybridDays(year, month, day int) int {
	days := temporal.Days(year, month, 1) + day - 1
	if days < gregorianStart {
		return julianDays(year, month, day)
	}
	return days
}

// append appends the local time at an instant in milliseconds since 1970.
func (f *simpleFormat) append(dst []byte, millis int64, zone *temporal.Zone, location *time.Location) []byte {
	second := temporal.FloorDiv(millis, 1000)
	offset := zone.Offset(second)
	m := momentOf(millis+offset*1000, 3)
	if m.days < gregorianStart {
		m.year, m.month, m.day = julianCivil(m.days)
	}
	dayOfYear := m.days - hybridDays(m.year, 1, 1) + 1
	era := m.year
	if era < 1 {
		era = 1 - era
	}
	weekday := temporal.Weekday(m.days) // 1 is Monday
	for _, e := range f.elements {
		switch e.letter {
		case 0:
			dst = append(dst, e.text...)
		case 'G':
			if m.year > 0 {
				dst = append(dst, "AD"...)
			} else {
				dst = append(dst, "BC"...)
			}
		case 'y', 'Y':
			y := era
			if e.letter == 'Y' {
				y = usWeekYear(m.year, m.month, m.day, weekday%7)
			}
			if e.count == 2 {
				dst = appendPadded(dst, y%100, 2)
			} else {
				dst = appendPadded(dst, y, e.count)
			}
		case 'M', 'L':
			dst = appendName(dst, e.count, m.month, monthNames[m.month-1])
		case 'w':
			dst = appendPadded(dst, usWeekOfYear(m.year, m.month, dayOfYear, m.day, weekday%7), e.count)
		case 'W':
			dst = appendPadded(dst, usWeek(m.day, weekday%7), e.count)
		case 'D':
			dst = appendPadded(dst, dayOfYear, e.count)
		case 'd':
			dst = appendPadded(dst, m.day, e.count)
		case 'F':
			dst = appendPadded(dst, (m.day-1)/7+1, e.count)
		case 'E':
			if name := weekdayNames[weekday-1]; e.count < 4 {
				dst = append(dst, name[:3]...)
			} else {
				dst = append(dst, name...)
			}
		case 'u':
			dst = appendPadded(dst, weekday, e.count)
		case 'a':
			dst = append(dst, "AP"[m.hour/12], 'M')
		case 'H':
			dst = appendPadded(dst, m.hour, e.count)
		case 'k':
			dst = appendPadded(dst, (m.hour+23)%24+1, e.count)
		case 'K':
			dst = appendPadded(dst, m.hour%12, e.count)
		case 'h':
			dst = appendPadded(dst, (m.hour+11)%12+1, e.count)
		case 'm':
			dst = appendPadded(dst, m.minute, e.count)
		case 's':
			dst = appendPadded(dst, m.second, e.count)
		case 'S':
			dst = appendPadded(dst, m.nano/1e6, e.count)
		case 'z':
			if location == nil {
				location = time.UTC
			}
			name, _ := time.Unix(second, 0).In(location).Zone()
			if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
				dst = appendOffset(append(dst, "GMT"...), int(offset), true)
			} else {
				dst = append(dst, name...)
			}
		case 'Z':
			dst = appendOffset(dst, int(offset), false)
		case 'X':
			switch {
			case offset == 0:
				dst = append(dst, 'Z')
			case e.count == 1:
				dst = appendOffset(dst, int(offset), false)
				dst = dst[:len(dst)-2]
			default:
				dst = appendOffset(dst, int(offset), e.count == 3)
			}
		}
	}
	return dst
}

// appendName appends a month as number (count up to 2), by its first three letters, or in full.
func appendName(dst []byte, count, number int, name string) []byte {
	switch {
	case count <= 2:
		return appendPadded(dst, number, count)
	case count == 3:
		return append(dst, name[:3]...)
	}
	return append(dst, name...)
}

// usWeekOfYear numbers weeks from the one that holds January 1; the days of December in that week belong to it.
func usWeekOfYear(year, month, dayOfYear, day, weekday int) int {
	if usWeekYear(year, month, day, weekday) != year {
		return 1
	}
	return usWeek(dayOfYear, weekday)
}

// usWeekYear is the year to which the week of a date belongs.
func usWeekYear(year, month, day, weekday int) int {
	if month == 12 && day+6-weekday > 31 {
		return year + 1
	}
	return year
}

// parse reads the start of s and returns milliseconds since 1970. What the text doesn't say is 1970-01-01 00:00:00. A
// year of two digits is one of 1945 to 2044. (Java takes the eighty years before and the twenty after the day it runs.)
func (f *simpleFormat) parse(s string, zone *temporal.Zone) (millis int64, ok bool) {
	year, month, day := 1970, 1, 1
	dayOfYear := 0
	hour, hour12, pm := 0, -1, false
	var minute, second, milli int
	offset, hasOffset := 0, false
	at := 0
	for i := range f.elements {
		e := &f.elements[i]
		if e.letter == 0 {
			if !strings.HasPrefix(s[at:], e.text) {
				return 0, false
			}
			at += len(e.text)
			continue
		}
		start := at
		for at < len(s) && (s[at] == ' ' || s[at] == '\t') {
			at++
		}
		if at >= len(s) {
			return 0, false
		}
		switch e.letter {
		case 'G':
			_, used := takeName(s[at:], []string{"AD", "BC"}, 0, true)
			if used == 0 {
				return 0, false
			}
			at += used
			continue
		case 'a':
			index, used := takeName(s[at:], []string{"AM", "PM"}, 0, true)
			if used == 0 {
				return 0, false
			}
			pm, at = index == 1, at+used
			continue
		case 'E':
			_, used := takeName(s[at:], weekdayNames[:], 3, true)
			if used == 0 {
				return 0, false
			}
			at += used
			continue
		case 'z', 'Z', 'X':
			seconds, used := takeZone(s[at:])
			if used == 0 {
				return 0, false
			}
			offset, hasOffset, at = seconds, true, at+used
			continue
		case 'M', 'L':
			if e.count > 2 {
				index, used := takeName(s[at:], monthNames[:], 3, true)
				if used == 0 {
					return 0, false
				}
				month, at = index+1, at+used
				continue
			}
		}
		end := len(s)
		if e.abuts {
			if start+e.count > len(s) {
				return 0, false
			}
			end = start + e.count
		}
		n, used := takeNumber(s[at:max(at, end)])
		if used == 0 {
			return 0, false
		}
		switch e.letter {
		case 'y':
			if e.count <= 2 && used == 2 && isDigit(s[at]) {
				if n += 1900; n < 1945 {
					n += 100
				}
			}
			year = n
		case 'M', 'L':
			month = n
		case 'd':
			day, dayOfYear = n, 0
		case 'D':
			dayOfYear = n
		case 'H':
			hour, hour12 = n, -1
		case 'k':
			hour, hour12 = n%24, -1
		case 'K':
			hour12 = n
		case 'h':
			hour12 = n
			if n == 12 {
				hour12 = 0
			}
		case 'm':
			minute = n
		case 's':
			second = n
		case 'S':
			milli = n
		}
		at += used
	}
	if hour12 >= 0 {
		hour = hour12
		if pm {
			hour += 12
		}
	}
	var days int
	if dayOfYear != 0 {
		days = hybridDays(year, 1, dayOfYear)
	} else {
		days = hybridDays(year, month, day)
	}
	local := int64(days)*temporal.Day + int64(hour)*temporal.Hour + int64(minute)*temporal.Minute +
		int64(second)*temporal.Second + int64(milli)
	if hasOffset {
		return local - int64(offset)*1000, true
	}
	return calendarInstant(zone, local), true
}

// calendarInstant is Zone.ToInstant by the rules of java.util.Calendar: of the two instants that show the same local
// time when the clock is set back, the later one.
func calendarInstant(zone *temporal.Zone, local int64) int64 {
	instant := zone.ToInstant(local, 3)
	const reach = 3 * 3600 // no clock is set back by more
	after := zone.Offset(temporal.FloorDiv(instant, 1000) + reach)
	later := local - after*1000
	if later > instant && zone.Offset(temporal.FloorDiv(later, 1000)) == after {
		return later
	}
	return instant
}

// takeNumber reads an optional minus and digits.
func takeNumber(s string) (n, used int) {
	if used < len(s) && s[used] == '-' {
		used++
	}
	first := used
	for used < len(s) && isDigit(s[used]) {
		if n < 1e9 { // larger ones are out of the calendar anyway
			n = n*10 + int(s[used]-'0')
		}
		used++
	}
	if used == first {
		return 0, 0
	}
	if s[0] == '-' {
		n = -n
	}
	return n, used
}

// takeZone reads Z, an offset with or without GMT or UTC in front, or one of the zone names in common use.
func takeZone(s string) (seconds, used int) {
	if strings.HasPrefix(s, "GMT") || strings.HasPrefix(s, "UTC") {
		seconds, used = takeOffset(s[3:])
		return seconds, used + 3
	}
	if seconds, used = takeOffset(s); used > 0 {
		return seconds, used
	}
	for name, hours := range map[string]int{
		"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
		"CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "WET": 0, "WEST": 1, "MET": 1, "JST": 9, "IST": 5,
	} {
		if len(name) > used && strings.HasPrefix(s, name) {
			seconds, used = hours*3600, len(name)
			if name == "IST" {
				seconds += 1800
			}
		}
	}
	if used == 0 && strings.HasPrefix(s, "Z") {
		return 0, 1
	}
	return seconds, used
}
