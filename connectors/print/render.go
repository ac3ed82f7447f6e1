package print

import (
	"strconv"

	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// appendRow appends a row as Java's Row.toString does, the values as their Java classes print: LocalDateTime
// 2023-08-22T13:46:30.123 (without seconds when there are none), Instant with a Z, Period P1Y2M, Duration PT1H, Map
// {a=1}, byte[] [1, -2].
func appendRow(dst []byte, cols []*types.Vector, i int) []byte {
	dst = append(dst, '[')
	for k, v := range cols {
		if k > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendValue(dst, v, i)
	}
	return append(dst, ']')
}

func appendValue(dst []byte, v *types.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch v.Type.Kind {
	case types.Binary, types.Varbinary:
		dst = append(dst, '[')
		for k, c := range v.Bytes(i) {
			if k > 0 {
				dst = append(dst, ", "...)
			}
			dst = strconv.AppendInt(dst, int64(int8(c)), 10)
		}
		return append(dst, ']')
	case types.Time:
		return appendClock(dst, int(v.I32[i]/1000), int(v.I32[i]%1000)*1e6, false)
	case types.Timestamp, types.TimestampLTZ:
		instant := v.Type.Kind == types.TimestampLTZ
		days, ofDay := temporal.Split(v.I64[i], v.Type.Precision)
		perSecond := v.Type.TicksPerSecond()
		dst = temporal.AppendDate(dst, days)
		dst = append(dst, 'T')
		dst = appendClock(dst, int(ofDay/perSecond), int(ofDay%perSecond*(1e9/perSecond)), instant)
		if instant {
			dst = append(dst, 'Z')
		}
		return dst
	case types.IntervalMonth:
		return appendPeriod(dst, v.I32[i])
	case types.IntervalMilli:
		return appendDuration(dst, v.I64[i])
	case types.Array:
		dst = append(dst, '[')
		from := int(v.Offsets[i])
		for k := from; k < int(v.Offsets[i+1]); k++ {
			if k > from {
				dst = append(dst, ", "...)
			}
			dst = appendValue(dst, v.Children[0], k)
		}
		return append(dst, ']')
	case types.Map, types.Multiset:
		dst = append(dst, '{')
		from := int(v.Offsets[i])
		for k := from; k < int(v.Offsets[i+1]); k++ {
			if k > from {
				dst = append(dst, ", "...)
			}
			dst = appendValue(dst, v.Children[0], k)
			dst = appendValue(append(dst, '='), v.Children[1], k)
		}
		return append(dst, '}')
	case types.Row:
		return appendRow(append(dst, "+I"...), v.Children, i)
	}
	return scalar.AppendText(dst, v, i)
}

// appendClock appends HH:mm, then seconds unless both they and the fraction are 0 (always for an Instant), then three,
// six or nine digits of a fraction, as many as needed.
func appendClock(dst []byte, second, nanos int, always bool) []byte {
	dst = temporal.AppendClock(dst, second)
	if second%60 == 0 && nanos == 0 && !always {
		return dst[:len(dst)-3]
	}
	if nanos == 0 {
		return dst
	}
	digits, unit := 9, 1
	for nanos%(unit*1000) == 0 {
		unit *= 1000
		digits -= 3
	}
	dst = append(dst, '.')
	text := strconv.Itoa(nanos / unit)
	for range digits - len(text) {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}

// appendPeriod appends months as java.time.Period of years and months does.
func appendPeriod(dst []byte, months int32) []byte {
	years, rest := int64(months/12), int64(months%12)
	dst = append(dst, 'P')
	if years != 0 {
		dst = append(strconv.AppendInt(dst, years, 10), 'Y')
	}
	if rest != 0 {
		dst = append(strconv.AppendInt(dst, rest, 10), 'M')
	}
	if months == 0 {
		dst = append(dst, "0D"...)
	}
	return dst
}

// appendDuration appends milliseconds as java.time.Duration does: PT1H2M3.5S.
func appendDuration(dst []byte, millis int64) []byte {
	if millis == 0 {
		return append(dst, "PT0S"...)
	}
	hours, minutes, rest := millis/3_600_000, millis%3_600_000/60_000, millis%60_000
	dst = append(dst, 'P', 'T')
	if hours != 0 {
		dst = append(strconv.AppendInt(dst, hours, 10), 'H')
	}
	if minutes != 0 {
		dst = append(strconv.AppendInt(dst, minutes, 10), 'M')
	}
	if rest == 0 {
		return dst
	}
	if rest < 0 {
		dst = append(dst, '-')
		rest = -rest
	}
	dst = strconv.AppendInt(dst, rest/1000, 10)
	if ms := int32(rest % 1000); ms != 0 {
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return append(dst, 'S')
}
