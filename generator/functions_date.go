package generator

import (
	"encoding/json"
	"fmt"
	"time"
)

func compileDateNow(a argument) (value, error) {
	return compileDate(a, "YYYY-MM-DDTHH:mm:ssZ", func(t time.Time) time.Time { return t })
}

func compileDateUTC(a argument) (value, error) {
	return compileDate(a, "YYYY-MM-DDTHH:mm:ss[Z]", time.Time.UTC)
}

// compileDate compiles a format of moment.js, or its default for the kind of time.
func compileDate(a argument, format string, in func(time.Time) time.Time) (value, error) {
	if a.given() {
		format = a.str()
	}
	f := compileMoment(format)
	return value{render: func(dst []byte, s *Source) []byte { return f.append(dst, in(s.Now)) }}, nil
}

// jsDate is how JavaScript prints a date.
const jsDate = "Mon Jan 02 2006 15:04:05 GMT-0700 (MST)"

const day = 24 * time.Hour

// around is a placeholder of a moment at least one second before or after now (direction -1 or 1), at most as many units
// as its argument says, of which there are no more than 200 years.
func around(unit time.Duration, direction time.Duration) func(argument) (value, error) {
	const most = 200 * 365 * day
	return func(a argument) (value, error) {
		units := 1.0
		if a.given() {
			err := json.Unmarshal([]byte(a.text), &units)
			if limit := float64(most / unit); err != nil || units*float64(unit) < float64(time.Second) || units > limit {
				return value{}, fmt.Errorf("has the argument %s; it takes a number above 0 and up to %v", a.text, limit)
			}
		}
		milliseconds := uint64(units*float64(unit/time.Millisecond)) - 1000 + 1
		return value{render: func(dst []byte, s *Source) []byte {
			away := time.Second + time.Duration(s.uint64n(milliseconds))*time.Millisecond
			return s.Now.Add(direction*away).AppendFormat(dst, jsDate)
		}}, nil
	}
}

func compileDateBetween(a argument) (value, error) {
	var r struct{ From, To string }
	if err := a.decode(&r); err != nil {
		return value{}, err
	}
	from, err := parseDate(r.From)
	if err != nil {
		return value{}, err
	}
	to, err := parseDate(r.To)
	if err != nil {
		return value{}, err
	}
	if to.Before(from) {
		return value{}, fmt.Errorf("goes from %s to %s, which is before", r.From, r.To)
	}
	count := uint64(to.UnixMilli()-from.UnixMilli()) + 1
	return value{render: func(dst []byte, s *Source) []byte {
		at := time.UnixMilli(from.UnixMilli() + int64(s.uint64n(count)))
		return at.In(s.Now.Location()).AppendFormat(dst, jsDate)
	}}, nil
}

// parseDate reads ISO 8601; without a time zone it is UTC.
func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("has the date %q; dates are written like 2026-01-31 or 2026-01-31T18:30:00Z", text)
}

// calendarNames is a placeholder of names, or with {"abbr":true} of their first three letters.
func calendarNames(names []string) func(argument) (value, error) {
	return func(a argument) (value, error) {
		var form struct {
			Abbr    bool
			Context bool // within a sentence: the same in English
		}
		if a.given() {
			if err := a.decode(&form); err != nil {
				return value{}, err
			}
		}
		if !form.Abbr {
			return value{render: pickFrom(names)}, nil
		}
		short := make([]string, len(names))
		for i, name := range names {
			short[i] = name[:3]
		}
		return value{render: pickFrom(short)}, nil
	}
}

var (
	months   = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	weekdays = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)
