package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// temporals is the family of functions of dates and times.
func temporals() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{
		temporalUnix(), temporalParse(), temporalFormat(), temporalExtract(), temporalAdd(), temporalNow(),
	} {
		specs = append(specs, group...)
	}
	return specs
}

// timeUnit is a unit of calendar arithmetic, as symbols of EXTRACT, FLOOR, TIMESTAMPADD and their kin name it.
type timeUnit uint8

const (
	noUnit timeUnit = iota
	unitNanosecond
	unitMicrosecond
	unitMillisecond
	unitSecond
	unitMinute
	unitHour
	unitDay
	unitWeek
	unitMonth
	unitQuarter
	unitYear
	unitDecade
	unitCentury
	unitMillennium
	// Only in EXTRACT.
	unitEpoch
	unitDayOfYear
	unitDayOfWeek
	unitISODayOfWeek
	unitISOYear
)

var timeUnits = map[string]timeUnit{
	"NANOSECOND": unitNanosecond, "MICROSECOND": unitMicrosecond, "MILLISECOND": unitMillisecond, "SECOND": unitSecond,
	"MINUTE": unitMinute, "HOUR": unitHour, "DAY": unitDay, "WEEK": unitWeek, "MONTH": unitMonth,
	"QUARTER": unitQuarter, "YEAR": unitYear, "DECADE": unitDecade, "CENTURY": unitCentury,
	"MILLENNIUM": unitMillennium, "EPOCH": unitEpoch, "DOY": unitDayOfYear, "DOW": unitDayOfWeek,
	"ISODOW": unitISODayOfWeek, "ISOYEAR": unitISOYear,
	// Names of ODBC and abbreviations that Calcite's grammar takes for TIMESTAMPADD and TIMESTAMPDIFF.
	"FRAC_SECOND": unitMicrosecond, "SQL_TSI_MICROSECOND": unitMicrosecond, "SQL_TSI_FRAC_SECOND": unitNanosecond,
	"SQL_TSI_SECOND": unitSecond, "SQL_TSI_MINUTE": unitMinute, "SQL_TSI_HOUR": unitHour, "SQL_TSI_DAY": unitDay,
	"SQL_TSI_WEEK": unitWeek, "SQL_TSI_MONTH": unitMonth, "SQL_TSI_QUARTER": unitQuarter, "SQL_TSI_YEAR": unitYear,
}

// perDay is how many units make a day, for units up to the day.
func (u timeUnit) perDay() int64 {
	return [...]int64{unitNanosecond: 86400e9, unitMicrosecond: 86400e6, unitMillisecond: 86400e3, unitSecond: 86400,
		unitMinute: 1440, unitHour: 24, unitDay: 1}[u]
}

// unitArg returns the unit that argument i names.
func unitArg(c *udf.Call, i int) (timeUnit, error) {
	name, ok := c.Symbol(i)
	if !ok {
		return noUnit, udf.Errorf(i, "%s takes a time unit such as DAY here", c.Name)
	}
	u := timeUnits[name]
	if u == noUnit {
		return noUnit, udf.Errorf(i, "%s is not a time unit", name)
	}
	return u, nil
}

// moment is a date and time of day taken apart. The calendar is whatever its maker used.
type moment struct {
	year, month, day     int
	hour, minute, second int
	nano                 int
	days                 int // since 1970-01-01, for the day of the week
}

// momentOf takes a timestamp without zone apart.
func momentOf(ticks int64, precision int) moment {
	days, ofDay := temporal.Split(ticks, precision)
	perSecond := types.TicksPerSecond(precision)
	second := int(ofDay / perSecond)
	m := moment{days: days, hour: second / 3600, minute: second / 60 % 60, second: second % 60}
	m.nano = int(ofDay%perSecond) * int(1e9/perSecond)
	m.year, m.month, m.day = temporal.Civil(days)
	return m
}

// dayOfYear is 1 for January 1.
func (m *moment) dayOfYear() int { return m.days - temporal.Days(m.year, 1, 1) + 1 }

var (
	monthNames   = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	weekdayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

// usWeek returns the number of the week in which day number day of a period falls, and the length it is part of: weeks
// begin on Sunday and the first one may be short, as in Java's calendar of the United States. weekday is 0 for Sunday.
func usWeek(day, weekday int) int {
	first := temporal.FloorMod(weekday-(day-1), 7) // of the period
	return (day-1+first)/7 + 1
}
