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
	// Running is where those who call functions say so; nil: nobody asks.
	Running *Running
}

// Call calls f, which calls a function that text describes, and makes a *PanicError of a panic. Everybody who calls functions
// does so here: while it lasts c.Running has text, unless that is nil. A nil Context will do.
func (c *Context) Call(text *string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Panicked(r)
		}
		if c != nil && text != nil {
			if gone := c.Running.End(); gone != nil {
				err = gone
			}
		}
	}()
	if c != nil && text != nil {
		c.Running.Begin(text)
	}
	return f()
}
