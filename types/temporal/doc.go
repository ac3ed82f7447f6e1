// Package temporal is the calendar of SQL's DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ and INTERVAL values: numbers to text
// and back, between precisions, and across time zones, without a time.Time per value.
//
// Values are the integers of types.Vector: days since 1970-01-01, milliseconds of the day, and ticks since
// 1970-01-01 00:00:00 whose length follows from the precision (types.TicksPerSecond). The calendar is the proleptic
// Gregorian one, as in java.time. Patterns such as 'yyyy-MM-dd' of DATE_FORMAT are not here but in udf/builtin.
//
// Start reading at Civil (days to year, month, day); then format.go, parse.go and zone.go.
package temporal
