package udf

import "time"

// Context is what a function may know of the job it runs in. It is read-only and shared by one operator's calls.
type Context struct {
	// Location is the session's time zone (table.local-time-zone).
	Location *time.Location
	// Now is the processing time, from the job's clock.
	Now func() time.Time
	// Started is when the query started, for functions that are constant within a bounded query.
	Started time.Time
	// Watermark is the operator's current watermark in milliseconds, math.MinInt64 before the first.
	Watermark int64
	// Seed is the job's seed for functions that draw random numbers.
	Seed int64
}
