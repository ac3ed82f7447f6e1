package temporal

import (
	"strings"

	"github.com/weirsql/weir/types"
)

// ParseDate reads a date by the rules of Flink's CAST(STRING AS DATE): year[-month[-day]], each part in any number of
// digits with blanks around it, and whatever follows a blank is ignored ('2017-12-12 09:30:00'). Years are 0..9999, and
// the day must exist.
func ParseDate(s string) (days int32, ok bool) {
	if i := strings.IndexByte(s, ' '); i > 0 {
		s = s[:i]
	}
	part, s, more := strings.Cut(s, "-")
	y, ok := digits(trim(part))
	m, d := 1, 1
	if ok && more {
		part, s, more = strings.Cut(s, "-")
		if m, ok = digits(trim(part)); ok && more {
			d, ok = digits(trim(s))
		}
	}
	if !ok || y > 9999 || m < 1 || m > 12 || d < 1 || d > DaysInMonth(y, m) {
		return 0, false
	}
	return int32(Days(y, m, d)), true
}

// ParseTime reads a time by the rules of Flink's CAST(STRING AS TIME): hour[:minute[:second[.fraction]]], optionally
// followed by an offset +hh[:mm] that is added. The fraction is rounded to milliseconds and then cut to precision. A
// result outside the day is refused, minute 60 within it is not.
func ParseTime(s string, precision int) (millis int32, ok bool) {
	sign, offset := 1, 0
	if i := strings.IndexByte(s, '-'); i >= 0 {
		sign = -1
		offset, ok = hoursMinutes(s[i+1:])
		s = s[:i]
	} else if i := strings.IndexByte(s, '+'); i >= 0 {
		offset, ok = hoursMinutes(s[i+1:])
		s = s[:i]
	} else {
		ok = true
	}
	if !ok {
		return 0, false
	}
	var total int
	hour, rest, more := strings.Cut(s, ":")
	if !more {
		total, ok = digits(trim(hour))
		total *= Hour
	} else {
		var second, fraction string
		s, second, more = strings.Cut(rest, ":")
		total, ok = hoursMinutes(hour + ":" + s)
		if ok && more {
			second, fraction, _ = strings.Cut(second, ".")
			var n int
			n, ok = digits(trim(second))
			total += n*Second + roundedMillis(trim(fraction))
		}
	}
	total += sign * offset
	if !ok || total < 0 || total >= Day {
		return 0, false
	}
	if precision < 3 {
		total -= total % int(pow10[3-max(precision, 0)])
	}
	return int32(total), true
}

func hoursMinutes(s string) (millis int, ok bool) {
	hour, minute, more := strings.Cut(s, ":")
	h, ok := digits(trim(hour))
	m := 0
	if ok && more {
		m, ok = digits(trim(minute))
	}
	return h*Hour + m*Minute, ok
}

func roundedMillis(fraction string) int {
	n, unit := 0, 100
	for i := 0; i < len(fraction) && i < 4; i++ {
		d := int(fraction[i]) - '0'
		if d < 0 || d > 9 {
			d = 0
		}
		if i == 3 {
			if d >= 5 {
				n++
			}
			break
		}
		n += d * unit
		unit /= 10
	}
	return n
}

// ParseTimestamp reads a timestamp by the rules of Flink's CAST(STRING AS TIMESTAMP(p)): `yyyy-M-d` or
// `yyyy-M-d H:m:s[.fraction]`, one or two digits each but four for the year 1..9999, one blank between date and time,
// up to nine fraction digits of which precision are kept. A day 29 to 31 that the month lacks becomes its last (java.time's
// smart resolution), and 24:00:00 is the next midnight. Years that nanoseconds don't reach are refused at precision 7
// and more.
func ParseTimestamp(s string, precision int) (ticks int64, ok bool) {
	if len(s) >= 19 && s[:4] != "0000" {
		if ticks, ok = ParseTimestampFixed(s, ' ', precision); ok {
			return ticks, true
		}
	}
	p := scanner{s: s}
	year := p.number(4, 4)
	p.expect('-')
	month := p.number(1, 2)
	p.expect('-')
	day := p.number(1, 2)
	var hour, minute, second, nanos int
	if p.i < len(s) {
		p.expect(' ')
		hour = p.number(1, 2)
		p.expect(':')
		minute = p.number(1, 2)
		p.expect(':')
		second = p.number(1, 2)
		if p.i < len(s) {
			p.expect('.')
			from := p.i
			nanos = p.number(0, 9)
			for range 9 - (p.i - from) {
				nanos *= 10
			}
		}
	}
	midnight := hour == 24 && minute == 0 && second == 0 && nanos == 0
	if p.failed || p.i < len(s) || year < 1 || month < 1 || month > 12 || day < 1 || day > 31 ||
		hour > 23 && !midnight || minute > 59 || second > 59 {
		return 0, false
	}
	days := Days(year, month, min(day, DaysInMonth(year, month)))
	return fromParts(days, hour*3600+minute*60+second, nanos, precision)
}

// fromParts puts a timestamp together; false when it is out of the reach of nanoseconds.
func fromParts(days, second, nanos, precision int) (int64, bool) {
	perSecond := types.TicksPerSecond(precision)
	if perSecond == 1e9 && (days < minNanoDay || days > maxNanoDay) {
		return 0, false
	}
	fraction := int64(nanos) / (1e9 / perSecond)
	if precision < 9 {
		fraction -= fraction % (perSecond / pow10[precision])
	}
	return (int64(days)*86_400+int64(second))*perSecond + fraction, true
}

// The days whose every nanosecond fits an int64.
const (
	minNanoDay = -106_751
	maxNanoDay = 106_750
)

// scanner reads numbers and separators; the first mismatch makes all that follows fail.
type scanner struct {
	s      string
	i      int
	failed bool
}

func (p *scanner) number(minDigits, maxDigits int) int {
	n, from := 0, p.i
	for p.i < len(p.s) && p.i-from < maxDigits && '0' <= p.s[p.i] && p.s[p.i] <= '9' {
		n = n*10 + int(p.s[p.i]-'0')
		p.i++
	}
	p.failed = p.failed || p.i-from < minDigits
	return n
}

func (p *scanner) expect(c byte) {
	if p.i >= len(p.s) || p.s[p.i] != c {
		p.failed = true
		return
	}
	p.i++
}

// ParseTimestampFixed reads exactly `yyyy-MM-dd?HH:mm:ss[.fraction]`, where ? is separator and the fraction has one to
// nine digits of which precision are kept; false for everything else, nothing after it allowed. Unlike ParseTimestamp
// it takes no day that doesn't exist, and year 0 it does. This is the path for machine-written text.
func ParseTimestampFixed[S ~string | ~[]byte](s S, separator byte, precision int) (ticks int64, ok bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != separator || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	// Wrapping around below zero turns month 00 into a large number, so one comparison checks both ends.
	c, y, m, d := pair(s[0], s[1]), pair(s[2], s[3]), pair(s[5], s[6]), pair(s[8], s[9])
	hh, mm, ss := pair(s[11], s[12]), pair(s[14], s[15]), pair(s[17], s[18])
	if c > 99 || y > 99 || m-1 > 11 || d-1 > 30 || hh > 23 || mm > 59 || ss > 59 {
		return 0, false
	}
	year, month, day := int(c*100+y), int(m), int(d)
	if day > 28 && day > DaysInMonth(year, month) {
		return 0, false
	}
	nanos := 0
	if len(s) > 19 {
		n := len(s) - 20
		if s[19] != '.' || n < 1 || n > 9 {
			return 0, false
		}
		for i := 20; i < len(s); i++ {
			c := s[i] - '0'
			if c > 9 {
				return 0, false
			}
			nanos = nanos*10 + int(c)
		}
		nanos *= int(pow10[9-n])
	}
	return fromParts(Days(year, month, day), int(hh*3600+mm*60+ss), nanos, precision)
}

func pair(a, b byte) uint {
	a -= '0'
	b -= '0'
	if a > 9 || b > 9 {
		return 255
	}
	return uint(a)*10 + uint(b)
}

// digits reads a number of decimal digits alone.
func digits(s string) (n int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// trim is Java's String.trim: it cuts control characters as well as blanks.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}
