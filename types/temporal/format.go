package temporal

import (
	"strconv"

	"github.com/weirsql/weir/types"
)

const digitPairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

func appendPair(dst []byte, n int) []byte { return append(dst, digitPairs[2*n], digitPairs[2*n+1]) }

// AppendDate appends yyyy-MM-dd. Years outside 0..9999 take the digits they need, with a sign when negative.
func AppendDate(dst []byte, days int) []byte {
	y, m, d := Civil(days)
	if 0 <= y && y <= 9999 {
		dst = appendPair(appendPair(dst, y/100), y%100)
	} else {
		dst = strconv.AppendInt(dst, int64(y), 10)
	}
	dst = append(dst, '-', digitPairs[2*m], digitPairs[2*m+1])
	return append(dst, '-', digitPairs[2*d], digitPairs[2*d+1])
}

// AppendClock appends HH:mm:ss for a second of the day 0..86399.
func AppendClock(dst []byte, second int) []byte {
	h, m, s := second/3600, second/60%60, second%60
	return append(dst, digitPairs[2*h], digitPairs[2*h+1], ':', digitPairs[2*m], digitPairs[2*m+1], ':', digitPairs[2*s],
		digitPairs[2*s+1])
}

// AppendTime appends HH:mm:ss and, for a precision above 0, a point and the milliseconds without trailing zeros but at
// least one digit and at most precision, as Flink's CAST(TIME(p) AS STRING) does: 12:34:56.5, 12:00:00.0.
func AppendTime(dst []byte, millis int32, precision int) []byte {
	millis = FloorMod(millis, Day)
	dst = AppendClock(dst, int(millis/Second))
	if precision <= 0 {
		return dst
	}
	ms := millis % Second
	dst = append(dst, '.')
	for range precision {
		dst = append(dst, byte('0'+ms/100))
		ms = ms % 100 * 10
		if ms == 0 {
			break
		}
	}
	return dst
}

// AppendTimestamp appends yyyy-MM-dd HH:mm:ss and, for a precision above 0, a point and exactly that many digits.
func AppendTimestamp(dst []byte, ticks int64, precision int) []byte {
	return appendTimestamp(dst, ticks, precision, ' ')
}

// AppendTimestampT is AppendTimestamp with the ISO-8601 separator T.
func AppendTimestampT(dst []byte, ticks int64, precision int) []byte {
	return appendTimestamp(dst, ticks, precision, 'T')
}

func appendTimestamp(dst []byte, ticks int64, precision int, separator byte) []byte {
	perSecond := types.TicksPerSecond(precision)
	seconds := FloorDiv(ticks, perSecond)
	fraction := ticks - seconds*perSecond
	days := FloorDiv(seconds, 86_400)
	dst = AppendDate(dst, int(days))
	dst = append(dst, separator)
	dst = AppendClock(dst, int(seconds-days*86_400))
	if precision <= 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := perSecond / 10; precision > 0; precision-- {
		dst = append(dst, byte('0'+fraction/unit%10))
		unit /= 10
	}
	return dst
}

// AppendIntervalMonth appends a month interval as Flink prints it: +10-03 is ten years and three months.
func AppendIntervalMonth(dst []byte, months int32) []byte {
	n := int64(months)
	sign := byte('+')
	if n < 0 {
		sign, n = '-', -n
	}
	dst = append(dst, sign)
	dst = strconv.AppendInt(dst, n/12, 10)
	return appendPair(append(dst, '-'), int(n%12))
}

// AppendIntervalMilli appends a day-time interval as Flink prints it: +1 10:17:36.789.
func AppendIntervalMilli(dst []byte, millis int64) []byte {
	sign, n := byte('+'), uint64(millis)
	if millis < 0 {
		sign, n = '-', -n
	}
	dst = append(dst, sign)
	dst = strconv.AppendUint(dst, n/Day, 10)
	dst = AppendClock(append(dst, ' '), int(n%Day/Second))
	ms := n % Second
	return append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}
