package builtin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/types/temporal"
)

// dateFormatter is a pattern of java.time's DateTimeFormatter in the locale of the United States, over a timestamp
// without zone: what DATE_FORMAT of a timestamp and TO_TIMESTAMP use. Numbers have fixed widths when they are written
// with two letters, and must have them when they are read.
//
// Letters: G u y Y M L d D Q q w W F E e c a h H k K m s S A n N, and in reading also the zone letters X x Z, whose
// offset is checked and dropped. Brackets around optional parts are for writing only. Not offered: B, V, O, z, p.
type dateFormatter struct {
	elements []element
}

var errZoneLetter = errors.New("a timestamp has no time zone to print")

// newDateFormatter compiles a pattern for reading, or for writing.
func newDateFormatter(pattern string, reading bool) (*dateFormatter, error) {
	plain, brackets := pattern, strings.ContainsAny(pattern, "[]")
	if brackets {
		if reading {
			return nil, fmt.Errorf("optional parts [ ] in date pattern %q can't be read", pattern)
		}
		if strings.Contains(pattern, "'") {
			return nil, fmt.Errorf("date pattern %q has both brackets and quotes; leave out the brackets", pattern)
		}
		plain = strings.NewReplacer("[", "", "]", "").Replace(pattern) // writing knows every field: nothing is left out
	}
	if i := strings.IndexAny(plain, "{}#"); i >= 0 && !strings.Contains(plain, "'") {
		return nil, fmt.Errorf("reserved character %q in date pattern %q", plain[i], pattern)
	}
	elements, err := patternElements(plain)
	if err != nil {
		return nil, err
	}
	// number is the element whose width is open as long as only numbers follow.
	number := -1
	for i := range elements {
		e := &elements[i]
		if e.letter == 0 {
			number = -1
			continue
		}
		limit := map[byte]int{'G': 5, 'u': 19, 'y': 19, 'Y': 19, 'M': 5, 'L': 5, 'd': 2, 'D': 3, 'Q': 5, 'q': 5, 'w': 2,
			'W': 1, 'F': 1, 'E': 5, 'e': 5, 'c': 5, 'a': 1, 'h': 2, 'H': 2, 'k': 2, 'K': 2, 'm': 2, 's': 2, 'S': 9,
			'A': 19, 'n': 19, 'N': 19, 'X': 3, 'x': 3, 'Z': 5}[e.letter]
		switch {
		case strings.IndexByte("XxZ", e.letter) >= 0 && !reading, strings.IndexByte("zVO", e.letter) >= 0:
			return nil, fmt.Errorf("letter %q in date pattern %q: %w", e.letter, pattern, errZoneLetter)
		case limit == 0:
			return nil, fmt.Errorf("unknown letter %q in date pattern %q; quote text in it: ''text''", e.letter, pattern)
		case e.count > limit:
			return nil, fmt.Errorf("too many letters %q in date pattern %q", strings.Repeat(string(e.letter), e.count), pattern)
		}
		if !e.isNumber() {
			number = -1
			continue
		}
		switch fixed := e.isFixed(); {
		case number >= 0 && fixed:
			elements[number].reserve += e.count
			e.reserve = -1
		case number >= 0:
			elements[number].reserve = -1
			number = i
		default:
			number = i
		}
	}
	return &dateFormatter{elements}, nil
}

// isNumber says that the field is made of digits, and takes part in the rules for numbers side by side.
func (e *element) isNumber() bool {
	switch e.letter {
	case 'M', 'L', 'Q', 'q', 'e', 'c':
		return e.count <= 2
	case 'u', 'y', 'Y', 'd', 'D', 'w', 'W', 'F', 'h', 'H', 'k', 'K', 'm', 's', 'S', 'A', 'n', 'N':
		return true
	}
	return false
}

// isFixed says that the number has exactly count digits.
func (e *element) isFixed() bool {
	switch e.letter {
	case 'u', 'y', 'Y':
		return e.count == 2
	case 'S', 'W', 'F':
		return true
	case 'D':
		return e.count == 3
	case 'A', 'n', 'N':
		return false
	}
	return e.count == 2
}

// append appends a date and time of the proleptic Gregorian calendar.
func (f *dateFormatter) append(dst []byte, m *moment) []byte {
	weekday := temporal.Weekday(m.days) // 1 is Monday
	ofDay := (m.hour*3600+m.minute*60+m.second)*1e9 + m.nano
	quarter := (m.month-1)/3 + 1
	for _, e := range f.elements {
		switch e.letter {
		case 0:
			dst = append(dst, e.text...)
		case 'G':
			dst = append(dst, eraName(m.year, e.count)...)
		case 'u', 'y', 'Y':
			year := m.year
			switch e.letter {
			case 'Y':
				year = usWeekYear(m.year, m.month, m.day, weekday%7)
			case 'y':
				if year < 1 {
					year = 1 - year
				}
			}
			if e.count == 2 {
				dst = appendPadded(dst, temporal.FloorMod(year, 100), 2)
				continue
			}
			if e.count >= 4 && year > 9999 && (e.count > 4 && year >= pow(e.count) || e.count == 4) {
				dst = append(dst, '+')
			}
			dst = appendPadded(dst, year, e.count)
		case 'M', 'L':
			if e.count == 5 {
				dst = append(dst, monthNames[m.month-1][0])
				continue
			}
			dst = appendName(dst, e.count, m.month, monthNames[m.month-1])
		case 'd':
			dst = appendPadded(dst, m.day, e.count)
		case 'D':
			dst = appendPadded(dst, m.dayOfYear(), e.count)
		case 'Q', 'q':
			switch e.count {
			case 3:
				dst = appendPadded(append(dst, 'Q'), quarter, 1)
			case 4:
				dst = append(dst, [...]string{"1st", "2nd", "3rd", "4th"}[quarter-1]...)
				dst = append(dst, " quarter"...)
			case 5:
				dst = appendPadded(dst, quarter, 1)
			default:
				dst = appendPadded(dst, quarter, e.count)
			}
		case 'w':
			dst = appendPadded(dst, usWeekOfYear(m.year, m.month, m.dayOfYear(), m.day, weekday%7), e.count)
		case 'W':
			dst = appendPadded(dst, usWeek(m.day, weekday%7), e.count)
		case 'F':
			dst = appendPadded(dst, (m.day-1)%7+1, e.count)
		case 'E', 'e', 'c':
			name := weekdayNames[weekday-1]
			switch {
			case e.letter != 'E' && e.count <= 2:
				dst = appendPadded(dst, weekday%7+1, e.count)
			case e.count <= 3:
				dst = append(dst, name[:3]...)
			case e.count == 4:
				dst = append(dst, name...)
			default:
				dst = append(dst, name[0])
			}
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
			dst = appendPadded(dst, m.nano, 9)
			dst = dst[:len(dst)-9+e.count]
		case 'n':
			dst = appendPadded(dst, m.nano, e.count)
		case 'N':
			dst = appendPadded(dst, ofDay, e.count)
		case 'A':
			dst = appendPadded(dst, ofDay/1e6, e.count)
		}
	}
	return dst
}

func pow(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

func eraName(year, count int) string {
	names := [...]string{"AD", "Anno Domini", "A"}
	if year < 1 {
		names = [...]string{"BC", "Before Christ", "B"}
	}
	return names[max(0, count-3)]
}

// fields is what a text said. Unset ones are -1; years may be anything.
type fields struct {
	year, era                    int
	hasYear, hasEraYear, bc      bool
	month, day, dayOfYear        int
	hour, hour12, minute, second int
	pm                           int
	nano, milliOfDay, weekday    int
}

// errNotThatPattern is returned by parse for text that the pattern doesn't match.
var errNotThatPattern = errors.New("text does not match the date pattern")

// errNoSuchTime is returned by parse for text that matches and says something impossible in parts that are not checked
// against one another, such as February 31 without a year.
var errNoSuchTime = errors.New("no such date or time")

// parse reads the whole of s. What the text doesn't say is 1970-01-01 00:00:00, field by field.
func (f *dateFormatter) parse(s string) (moment, error) {
	got := fields{month: -1, day: -1, dayOfYear: -1, hour: -1, hour12: -1, minute: -1, second: -1, pm: -1, nano: -1,
		milliOfDay: -1, weekday: -1}
	at := 0
	for i := range f.elements {
		e := &f.elements[i]
		used, ok := 0, true
		switch {
		case e.letter == 0:
			used, ok = len(e.text), strings.HasPrefix(s[at:], e.text)
		case e.isNumber():
			var n int
			n, used = e.takeDigits(s[at:])
			ok = used > 0 && got.set(e, n)
		case e.letter == 'M' || e.letter == 'L':
			names := monthNames[:]
			if e.count == 3 {
				names = shortNames(names)
			}
			var index int
			if index, used = takeName(s[at:], names, 0, false); used > 0 {
				ok = setOnce(&got.month, index+1)
			}
			ok = ok && used > 0
		case e.letter == 'E' || e.letter == 'e' || e.letter == 'c':
			names := weekdayNames[:]
			if e.count <= 3 {
				names = shortNames(names)
			}
			var index int
			if index, used = takeName(s[at:], names, 0, false); used > 0 {
				ok = setOnce(&got.weekday, index+1)
			}
			ok = ok && used > 0
		case e.letter == 'a':
			var index int
			if index, used = takeName(s[at:], []string{"AM", "PM"}, 0, false); used > 0 {
				ok = setOnce(&got.pm, index)
			}
			ok = ok && used > 0
		case e.letter == 'G':
			var index int
			index, used = takeName(s[at:], []string{eraName(1, e.count), eraName(0, e.count)}, 0, false)
			got.bc, ok = index == 1, used > 0
		case e.letter == 'X' && strings.HasPrefix(s[at:], "Z"):
			used = 1
		case e.letter == 'X' || e.letter == 'x' || e.letter == 'Z':
			_, used = takeOffset(s[at:])
			ok = used > 0
		default:
			ok = false // names of quarters
		}
		if !ok {
			return moment{}, errNotThatPattern
		}
		at += used
	}
	if at != len(s) {
		return moment{}, errNotThatPattern
	}
	return got.resolve()
}

func shortNames(names []string) []string {
	short := slices.Clone(names)
	for i := range short {
		short[i] = short[i][:3]
	}
	return short
}

// takeDigits reads a number by java.time's strict rules and returns the bytes used, 0 when it isn't one.
func (e *element) takeDigits(s string) (n, used int) {
	least, most := e.count, e.count
	switch {
	case e.reserve < 0:
	case e.isFixed():
		most += e.reserve
	default:
		most = 19 + e.reserve
	}
	at, sign := 0, byte(0)
	year := e.letter == 'u' || e.letter == 'y' || e.letter == 'Y'
	if at < len(s) && (s[at] == '+' || s[at] == '-') {
		if e.isFixed() || s[at] == '+' && (!year || e.count < 4) {
			return 0, 0
		}
		sign = s[at]
		at++
	}
	digits := 0
	for at+digits < len(s) && digits < most && isDigit(s[at+digits]) {
		digits++
	}
	if e.reserve > 0 {
		digits = min(digits, max(least, digits-e.reserve))
	}
	if digits < least || digits > 18 {
		return 0, 0
	}
	for _, c := range []byte(s[at : at+digits]) {
		n = n*10 + int(c-'0')
	}
	if year && e.count >= 4 { // a sign says that there are more digits than letters
		if sign == '+' && digits <= e.count || sign == 0 && digits > e.count {
			return 0, 0
		}
	}
	if sign == '-' {
		n = -n
	}
	return n, at + digits
}

// set stores a number; false when it is out of its range or contradicts another.
func (g *fields) set(e *element, n int) bool {
	in := func(to *int, low, high int) bool { return n >= low && n <= high && setOnce(to, n) }
	switch e.letter {
	case 'u', 'y':
		if e.count == 2 {
			n += 2000
		}
		if n < -999999999 || n > 999999999 {
			return false
		}
		if e.letter == 'y' {
			g.era, g.hasEraYear = n, true
			return n >= 1
		}
		g.year, g.hasYear = n, true
		return true
	case 'M', 'L':
		return in(&g.month, 1, 12)
	case 'd':
		return in(&g.day, 1, 31)
	case 'D':
		return in(&g.dayOfYear, 1, 366)
	case 'H':
		return in(&g.hour, 0, 24) // 24:00 is the next midnight
	case 'k':
		if n < 1 || n > 24 {
			return false
		}
		return setOnce(&g.hour, n%24)
	case 'h':
		if n < 1 || n > 12 {
			return false
		}
		return setOnce(&g.hour12, n%12)
	case 'K':
		return in(&g.hour12, 0, 11)
	case 'm':
		return in(&g.minute, 0, 59)
	case 's':
		return in(&g.second, 0, 59)
	case 'S':
		for range 9 - e.count {
			n *= 10
		}
		return setOnce(&g.nano, n)
	case 'n':
		return in(&g.nano, 0, 999999999)
	case 'A':
		return in(&g.milliOfDay, 0, 86399999)
	}
	return n >= 0 // weeks and quarters say nothing that is used
}

func setOnce(to *int, n int) bool {
	if *to >= 0 && *to != n {
		return false
	}
	*to = n
	return true
}

// resolve puts the fields together: java.time's smart resolution, with defaults for what is missing.
func (g *fields) resolve() (moment, error) {
	m := moment{year: 1970, month: 1, day: 1}
	if g.hasEraYear {
		year := g.era
		if g.bc {
			year = 1 - year
		}
		if g.hasYear && g.year != year {
			return m, errNotThatPattern
		}
		g.year, g.hasYear = year, true
	}
	if g.hasYear {
		m.year = g.year
	}
	whole := g.hasYear // the date is known, not put together from parts
	switch {
	case g.hasYear && g.month > 0 && g.day > 0:
		m.month, m.day = g.month, g.day
		if g.day > temporal.DaysInMonth(m.year, m.month) {
			m.day = temporal.DaysInMonth(m.year, m.month)
		}
	case g.hasYear && g.dayOfYear > 0:
		if g.dayOfYear == 366 && !temporal.IsLeap(m.year) {
			return m, errNotThatPattern
		}
		m.year, m.month, m.day = temporal.Civil(temporal.Days(m.year, 1, 1) + g.dayOfYear - 1)
	default:
		whole = false
		m.month, m.day = max(1, g.month), max(1, g.day)
		if m.day > temporal.DaysInMonth(m.year, m.month) {
			return m, errNoSuchTime
		}
	}
	m.days = temporal.Days(m.year, m.month, m.day)
	if whole && (g.weekday > 0 && g.weekday != temporal.Weekday(m.days) || g.dayOfYear > 0 && g.dayOfYear != m.dayOfYear() ||
		g.month > 0 && g.month != m.month) {
		return m, errNotThatPattern
	}
	hour := g.hour
	if g.hour12 >= 0 && g.pm >= 0 {
		if !setOnce(&hour, g.hour12+12*g.pm) {
			return m, errNotThatPattern
		}
	}
	if g.milliOfDay >= 0 {
		ms := g.milliOfDay
		m.hour, m.minute, m.second, m.nano = ms/3600000, ms/60000%60, ms/1000%60, ms%1000*1e6
		return m, nil
	}
	m.hour, m.minute, m.second, m.nano = max(0, hour), max(0, g.minute), max(0, g.second), max(0, g.nano)
	if m.hour == 24 {
		if m.minute+m.second+m.nano > 0 {
			return m, errNotThatPattern
		}
		m.hour, m.days = 0, m.days+1
		m.year, m.month, m.day = temporal.Civil(m.days)
	}
	return m, nil
}
