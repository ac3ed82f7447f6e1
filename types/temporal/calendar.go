package temporal

// Lengths in milliseconds.
const (
	Second = 1000
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
)

const (
	daysPerEra = 146_097 // 400 Gregorian years
	eraShift   = 719_468 // days from 0000-03-01 to 1970-01-01
)

// Days returns the day number of a date, 1970-01-01 being 0. month may be any number: 13 is January of the next year,
// 0 December of the last; day may run past the month's end.
func Days(year, month, day int) int {
	month--
	year += FloorDiv(month, 12)
	month = FloorMod(month, 12) // 0..11
	// Years begin in March here, so that the leap day is a year's last.
	if month < 2 {
		year--
		month += 12
	}
	era := FloorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := (153*(month-2)+2)/5 + day - 1
	return era*daysPerEra + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - eraShift
}

// Civil returns the date of a day number: month 1..12, day 1..31, and astronomical years, where 0 is 1 BC.
func Civil(days int) (year, month, day int) {
	days += eraShift
	era := FloorDiv(days, daysPerEra)
	dayOfEra := uint32(days - era*daysPerEra)
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36_524 - dayOfEra/146_096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153 // 0 is March
	day = int(dayOfYear-(153*m+2)/5) + 1
	year = int(yearOfEra) + era*400
	month = int(m) + 3
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// IsLeap reports whether the year has a 29th of February.
func IsLeap(year int) bool { return year&3 == 0 && (year%100 != 0 || year%400 == 0) }

// DaysInMonth returns the length of a month 1..12.
func DaysInMonth(year, month int) int {
	switch month {
	case 2:
		if IsLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// AddMonths moves a day number by whole months. A day that the target month lacks becomes its last: January 31 plus
// one month is February 28 or 29.
func AddMonths(days, months int) int {
	y, m, d := Civil(days)
	m += months - 1
	y += FloorDiv(m, 12)
	m = FloorMod(m, 12) + 1
	return Days(y, m, min(d, DaysInMonth(y, m)))
}

// Weekday returns the ISO day of the week of a day number: 1 is Monday, 7 Sunday.
func Weekday(days int) int { return FloorMod(days+3, 7) + 1 }

// FloorDiv divides rounding towards negative infinity; b is positive.
func FloorDiv[T ~int | ~int32 | ~int64](a, b T) T {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// FloorMod is the remainder of FloorDiv, 0 ≤ r < b.
func FloorMod[T ~int | ~int32 | ~int64](a, b T) T {
	r := a % b
	if r < 0 {
		r += b
	}
	return r
}
