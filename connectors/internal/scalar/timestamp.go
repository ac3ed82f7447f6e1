package scalar

import (
	"encoding/binary"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// Timestamps parses the timestamps of one column. It remembers the minute it last saw, so that on a stream which is
// roughly in order only seconds and fraction are read. Not safe for concurrent use.
type Timestamps struct {
	precision int
	separator byte
	zulu      bool // TIMESTAMP_LTZ: the text ends in Z

	// The remembered minute: its sixteen characters `yyyy-MM-dd HH:mm` and its ticks.
	minute0, minute1 uint64
	base             int64

	perMilli int64  // ticks in a millisecond; 0 when the column is coarser
	layout   uint64 // the characters of `:ss.fff"` that aren't digits
}

// NewTimestamps returns a parser for a TIMESTAMP or TIMESTAMP_LTZ column in the notation of Flink's SQL standard
// (`2023-08-22 13:46:30.123`, LTZ with a Z behind it), or with iso in that of ISO-8601, which has a T in the middle.
func NewTimestamps(t types.Type, iso bool) *Timestamps {
	p := &Timestamps{precision: t.Precision, separator: ' ', zulu: t.Kind == types.TimestampLTZ}
	if iso {
		p.separator = 'T'
	}
	if t.Precision >= 3 {
		p.perMilli = t.TicksPerSecond() / 1000
	}
	p.layout = uint64(':') | uint64('.')<<24 | uint64('"')<<56
	if p.zulu {
		p.layout = uint64(':') | uint64('.')<<24 | uint64('Z')<<56
	}
	return p
}

// Form shows the expected notation.
func (t *Timestamps) Form() string {
	form := "yyyy-MM-dd" + string(t.separator) + "HH:mm:ss[.fff]"
	if t.zulu {
		form += "Z"
	}
	return form
}

// Masks over the eight characters `:ss.fff"`, the first in the lowest byte.
const (
	layoutBytes = 0xff000000_ff0000ff
	zeroDigits  = 0x00303030_00303000
	aboveNine   = 0x76767676_76767676 // added to a byte, sets its top bit unless it is 0..9
	topBits     = 0x80808080_80808080
)

// Quoted reads the timestamp that begins at data[p] and ends in a double quote, if it lies in the remembered minute and
// has exactly three fraction digits. It returns the position behind the quote, or 0: then Parse decides.
func (t *Timestamps) Quoted(data []byte, p int) (ticks int64, next int) {
	if p+25 > len(data) || t.perMilli == 0 {
		return 0, 0
	}
	text := data[p : p+25 : p+25]
	if binary.LittleEndian.Uint64(text) != t.minute0 || binary.LittleEndian.Uint64(text[8:]) != t.minute1 {
		return 0, 0
	}
	x := binary.LittleEndian.Uint64(text[16:])
	digits := x&^uint64(layoutBytes) ^ zeroDigits
	if x&layoutBytes != t.layout || ((digits+aboveNine)|digits)&topBits&^uint64(layoutBytes) != 0 {
		return 0, 0
	}
	second := digits >> 8 & 0xff * 10
	second += digits >> 16 & 0xff
	if second > 59 {
		return 0, 0
	}
	next = p + 24
	if t.zulu {
		if text[24] != '"' {
			return 0, 0
		}
		next++
	}
	milli := (digits>>32&0xff)*100 + (digits>>40&0xff)*10 + digits>>48
	return t.base + int64(second*1000+milli)*t.perMilli, next
}

// Parse reads the text of a timestamp: four digits of the year, two of each other part, up to nine of a fraction, of
// which the column's precision is kept. As java.time does for these formats, SQL notation takes a day 29 to 31 that the
// month lacks for its last, and 24:00:00 for the next midnight. ISO notation may leave the seconds out.
func (t *Timestamps) Parse(text []byte) (ticks int64, ok bool) {
	if t.zulu {
		n := len(text) - 1
		if n < 0 || text[n] != 'Z' {
			return 0, false
		}
		text = text[:n]
	}
	if ticks, ok = temporal.ParseTimestampFixed(text, t.separator, t.precision); ok {
		t.remember(text, ticks)
		return ticks, true
	}
	return t.parseOdd(text)
}

func (t *Timestamps) remember(text []byte, ticks int64) {
	t.minute0, t.minute1 = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])
	t.base = ticks - temporal.FloorMod(ticks, 60*types.TicksPerSecond(t.precision))
}

// parseOdd reads what java.time's formatters take besides the plain form.
func (t *Timestamps) parseOdd(text []byte) (int64, bool) {
	// Without seconds, with a point but no digits, with a 24th hour or a day the month lacks: bring it to the plain form.
	var buf [32]byte
	if len(text) < 16 || len(text) > 29 {
		return 0, false
	}
	plain := append(buf[:0], text...)
	iso := t.separator == 'T'
	switch {
	case len(plain) == 16 && iso:
		plain = append(plain, ":00"...)
	case len(plain) == 20 && plain[19] == '.':
		plain = plain[:19]
	}
	if len(plain) < 19 || plain[4] != '-' || plain[7] != '-' {
		return 0, false
	}
	// The ISO formatter for TIMESTAMP resolves strictly; all others, smartly.
	if strict := iso && !t.zulu; strict {
		return temporal.ParseTimestampFixed(plain, t.separator, t.precision)
	}
	var extra int64
	if string(plain[11:13]) == "24" {
		for _, c := range plain[13:] {
			if c >= '1' && c <= '9' {
				return 0, false
			}
		}
		plain[11], plain[12] = '0', '0'
		extra = 86_400 * types.TicksPerSecond(t.precision)
	}
	year, okYear := number(plain[:4])
	month, okMonth := number(plain[5:7])
	day, okDay := number(plain[8:10])
	if !okYear || !okMonth || !okDay || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	if last := temporal.DaysInMonth(year, month); day > last {
		plain[8], plain[9] = byte('0'+last/10), byte('0'+last%10)
	}
	ticks, ok := temporal.ParseTimestampFixed(plain, t.separator, t.precision)
	return ticks + extra, ok
}

// number reads decimal digits alone, few enough for an int.
func number(text []byte) (n int, ok bool) {
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// Date reads `yyyy-MM-dd`; the day must exist.
func Date(text []byte) (days int32, ok bool) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	year, okYear := number(text[:4])
	month, okMonth := number(text[5:7])
	day, okDay := number(text[8:])
	if !okYear || !okMonth || !okDay || month < 1 || month > 12 || day < 1 || day > temporal.DaysInMonth(year, month) {
		return 0, false
	}
	return int32(temporal.Days(year, month, day)), true
}

// Time reads `HH:mm:ss` with up to nine digits of a fraction, cut to precision and to milliseconds, which is all that a
// TIME holds. With shortForm the seconds may be left out, as CSV allows.
func Time(text []byte, precision int, shortForm bool) (millis int32, ok bool) {
	if len(text) == 5 && shortForm {
		var buf [8]byte
		return Time(append(append(buf[:0], text...), ":00"...), precision, false)
	}
	if len(text) < 8 || text[2] != ':' || text[5] != ':' {
		return 0, false
	}
	hour, okHour := number(text[:2])
	minute, okMinute := number(text[3:5])
	second, okSecond := number(text[6:8])
	if !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	millis = int32(hour*temporal.Hour + minute*temporal.Minute + second*temporal.Second)
	if text = text[8:]; len(text) == 0 {
		return millis, true
	}
	if text[0] != '.' || len(text) > 10 {
		return 0, false
	}
	unit := int32(100)
	for i, c := range text[1:] {
		if c -= '0'; c > 9 {
			return 0, false
		} else if i < precision {
			millis += int32(c) * unit
		}
		unit /= 10
	}
	return millis, true
}
