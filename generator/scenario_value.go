package generator

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parseTime reads a moment in UTC, to the second or coarser.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), t.Nanosecond() == 0
		}
	}
	return time.Time{}, false
}

// maxDuration is what a scenario may last, and more than any time within it: a hundred years.
const maxDuration = 100 * 365 * 24 * time.Hour

var errDuration = errors.New("not a duration")

// parseDuration reads whole numbers with the units d, h, m and s, the greater ones first, like 1d12h or 90s.
func parseDuration(text string) (time.Duration, error) {
	units := []struct {
		letter byte
		length time.Duration
	}{{'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}
	sum := time.Duration(0)
	for rest := text; ; {
		end := 0
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		n, err := strconv.ParseInt(rest[:end], 10, 64)
		if err != nil || end == len(rest) {
			return 0, errDuration
		}
		for len(units) > 0 && units[0].letter != rest[end] {
			units = units[1:]
		}
		if len(units) == 0 || n > int64((maxDuration-sum)/units[0].length) {
			return 0, errDuration
		}
		sum += time.Duration(n) * units[0].length
		units = units[1:]
		if rest = rest[end+1:]; rest == "" {
			return sum, nil
		}
	}
}

// durationText writes whole seconds as a scenario file does.
func durationText(d time.Duration) string {
	text := d.String()
	if whole, ok := strings.CutSuffix(text, "m0s"); ok {
		text = whole + "m"
	}
	if whole, ok := strings.CutSuffix(text, "h0m"); ok {
		text = whole + "h"
	}
	return text
}

// parseRate reads records per second: 5, 5/s, 300/m, 1000/h, 20000/d.
func parseRate(text string) (float64, bool) {
	number, unit, ok := strings.Cut(text, "/")
	seconds := 1.0
	if ok {
		switch strings.TrimSpace(unit) {
		case "s":
		case "m":
			seconds = 60
		case "h":
			seconds = 3600
		case "d":
			seconds = 86400
		default:
			return 0, false
		}
	}
	v, ok := parseNumber(number)
	return v / seconds, ok && v >= 0
}

// parseShare reads a factor: 0.12 or 12%.
func parseShare(text string) (float64, bool) {
	number, percent := strings.CutSuffix(text, "%")
	v, ok := parseNumber(number)
	if percent {
		v /= 100
	}
	return v, ok
}

func parseNumber(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// parseHour reads a time of day in hours: 18 or 18:30.
func parseHour(text string) (float64, bool) {
	hours, minutes, given := strings.Cut(text, ":")
	h, err := strconv.ParseUint(hours, 10, 8)
	m := uint64(0)
	if err == nil && given {
		m, err = strconv.ParseUint(minutes, 10, 8)
	}
	return float64(h) + float64(m)/60, err == nil && h < 24 && m < 60
}

// dayNames are by time.Weekday.
var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseDays reads a day, or some that follow each other: sat, mon-fri, sat-sun.
func parseDays(text string) (days []int, ok bool) {
	from, to, several := strings.Cut(text, "-")
	first, last := slices.Index(dayNames, from), slices.Index(dayNames, to)
	if !several {
		last = first
	}
	if first < 0 || last < 0 || several && first == last {
		return nil, false
	}
	for day := first; ; day = (day + 1) % 7 {
		if days = append(days, day); day == last {
			return days, true
		}
	}
}

// wholeTicks refuses a step that a scenario can't be counted in.
func wholeTicks(step time.Duration) error {
	if step <= 0 || step%tick != 0 {
		return errors.New("a step of " + step.String() + " is not a number of whole seconds above 0")
	}
	return nil
}
