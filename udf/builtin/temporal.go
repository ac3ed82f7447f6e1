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

// param says what a function takes in one place.
type param struct {
	what    string // for messages: "text", "a number"
	accepts func(types.Type) bool
	to      types.Type // what the argument is cast to; Invalid: its own type
	null    types.Type // the type that an untyped NULL takes
}

var (
	textParam      = param{"text", types.Type.IsCharacter, types.StringType, types.StringType}
	binaryParam    = param{"bytes", types.Type.IsBinary, types.BytesType, types.BytesType}
	integerParam   = param{"an integer", types.Type.IsInteger, types.IntType, types.IntType}
	bigintParam    = param{"an integer", types.Type.IsInteger, types.BigIntType, types.BigIntType}
	numberParam    = param{"a number", types.Type.IsNumeric, types.Type{}, types.IntType}
	datetimeParam  = param{"a date or time", types.Type.IsDatetime, types.Type{}, types.TimestampType(3)}
	timestampParam = param{"a timestamp", types.Type.IsTimestamp, types.Type{}, types.TimestampType(3)}
	symbolParam    = param{"a keyword", func(t types.Type) bool { return t.Kind == types.Symbol }, types.Type{}, types.SymbolType}
	anyParam       = param{"a value", func(t types.Type) bool { return t.Kind != types.Symbol }, types.Type{}, types.NullType}
)

// signature checks a call's arguments against params, of which the first required ones must be there, and returns the
// types to cast them to and whether none of them can be NULL.
func signature(c *udf.Call, required int, params ...param) (args []types.Type, notNull bool, err error) {
	if n := len(c.Args); n < required || n > len(params) {
		return nil, false, wrongArity(c, required, len(params))
	}
	notNull = true
	for i, a := range c.Args {
		p := params[i]
		switch {
		case a.Type.Kind == types.Null:
			args = append(args, p.null)
			notNull = false
			continue
		case !p.accepts(a.Type):
			return nil, false, udf.Errorf(i, "%s takes %s here, not %s", c.Name, p.what, a.Type)
		}
		to := p.to
		if to.Kind == types.Invalid || to.SameStorage(a.Type) {
			to = a.Type.WithAttr(types.NoTime)
		}
		args = append(args, to.WithNotNull(a.Type.NotNull))
		notNull = notNull && (a.Type.NotNull || a.Type.Kind == types.Symbol)
	}
	return args, notNull, nil
}

func wrongArity(c *udf.Call, from, to int) error {
	switch {
	case from == to && from == 1:
		return udf.Errorf(-1, "%s takes one argument, not %d", c.Name, len(c.Args))
	case from == to:
		return udf.Errorf(-1, "%s takes %d arguments, not %d", c.Name, from, len(c.Args))
	}
	return udf.Errorf(-1, "%s takes %d to %d arguments, not %d", c.Name, from, to, len(c.Args))
}

// literalText returns the value of argument i when it is a text literal that isn't NULL.
func literalText(c *udf.Call, i int) (string, bool) {
	if i >= len(c.Args) || !c.Args[i].Literal {
		return "", false
	}
	s, ok := c.Args[i].Value.(string)
	return s, ok
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
