package kinesis

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors/option"
)

// initial is where a new job begins.
type initial struct {
	kind string // LATEST, TRIM_HORIZON or AT_TIMESTAMP
	at   time.Time
}

func (s *stream) readInitial() (initial, error) {
	v := s.table.Options
	in := initial{kind: v.Enum("scan.stream.initpos")}
	const timestamp = "scan.stream.initpos-timestamp"
	key, text := s.spelling(timestamp), v.String(timestamp)
	if in.kind != "AT_TIMESTAMP" {
		if text != "" {
			return in, &option.Error{Key: key, Msg: fmt.Sprintf("option %q needs %q = 'AT_TIMESTAMP'", key, s.spelling("scan.stream.initpos"))}
		}
		return in, nil
	}
	if text == "" {
		pos := s.spelling("scan.stream.initpos")
		return in, &option.Error{Key: pos, OnValue: true, Msg: fmt.Sprintf("option %q: AT_TIMESTAMP needs the option %q", pos, key)}
	}
	var err error
	in.at, err = s.readTime(timestamp)
	return in, err
}

// readTime reads the time that an option gives, in seconds since 1970 or in the table's format. It may not be to come.
func (s *stream) readTime(name string) (at time.Time, err error) {
	const format = "scan.stream.initpos-timestamp-format"
	v := s.table.Options
	key, text, pattern := s.spelling(name), v.String(name), s.spelling(format)
	layout, err := goLayout(v.String(format))
	if err != nil {
		return at, option.Errorf(pattern, "option %q: %v", pattern, err)
	}
	if seconds, e := strconv.ParseFloat(text, 64); e == nil && seconds >= 0 && seconds < 1e11 {
		at = time.UnixMilli(int64(math.Round(seconds * 1000)))
	} else if at, err = time.Parse(layout, text); err != nil {
		return at, option.Errorf(key, "option %q: %q is neither seconds since 1970 nor a date in the format %s, such as %s", key, text,
			v.String(format), time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC).Format(layout))
	}
	if at.After(s.env.Clock.Now()) {
		return at, option.Errorf(key, "option %q: %s is in the future", key, at.UTC().Format(time.RFC3339))
	}
	return at, nil
}

// end is where a job ends by itself.
type end struct {
	kind string // NONE, LATEST or AT_TIMESTAMP
	at   time.Time
}

func (s *stream) readEnd(start initial) (e end, err error) {
	const mode, timestamp, begin = "scan.stream.end", "scan.stream.end-timestamp", "scan.stream.initpos"
	v := s.table.Options
	e.kind = v.Enum(mode)
	given := v.Given(timestamp)
	switch {
	case e.kind != "AT_TIMESTAMP" && given:
		return e, &option.Error{Key: timestamp, Msg: fmt.Sprintf("option %q needs %q = 'AT_TIMESTAMP'", timestamp, mode)}
	case e.kind == "AT_TIMESTAMP" && !given:
		return e, &option.Error{Key: mode, OnValue: true, Msg: fmt.Sprintf("option %q: AT_TIMESTAMP needs the option %q", mode, timestamp)}
	case e.kind != "NONE" && start.kind == "LATEST":
		hint := fmt.Sprintf("set '%s' = 'TRIM_HORIZON', or 'AT_TIMESTAMP'", s.spelling(begin))
		return e, &option.Error{Key: mode, Msg: fmt.Sprintf("nothing lies between '%s' = 'LATEST' and '%s' = '%s'", s.spelling(begin), mode, e.kind), Hint: hint}
	case e.kind != "AT_TIMESTAMP":
		return e, nil
	}
	if e.at, err = s.readTime(timestamp); err == nil && start.kind == "AT_TIMESTAMP" && !start.at.Before(e.at) {
		err = option.Errorf(timestamp, "option %q: the end, %s, is not after the start, %s", timestamp, e.at.UTC().Format(time.RFC3339Nano), start.at.UTC().Format(time.RFC3339Nano))
	}
	return e, err
}

// until is the position.Until of a job that starts now: what arrived at the time of AT_TIMESTAMP isn't read, so that another
// job may begin there.
func (e end) until(now moment) int64 {
	switch e.kind {
	case "LATEST":
		return now.latest
	case "AT_TIMESTAMP":
		return min(e.at.UnixMilli()-1, now.latest)
	}
	return 0
}

// goLayout turns a pattern of Java's SimpleDateFormat, of numbers and offsets only, into a layout of package time.
func goLayout(pattern string) (string, error) {
	layouts := map[string]string{
		"yyyy": "2006", "yy": "06", "MM": "01", "M": "1", "dd": "02", "d": "2", "HH": "15", "H": "15", "mm": "04", "m": "4",
		"ss": "05", "s": "5", "SSS": "000", "XXX": "Z07:00", "XX": "Z0700", "X": "Z07", "Z": "-0700",
	}
	var out strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		end := i + 1
		switch {
		case c == '\'':
			n := strings.IndexByte(pattern[end:], '\'')
			if n < 0 {
				return "", errors.New("a quote is not closed")
			}
			if text := pattern[end : end+n]; n == 0 {
				out.WriteByte('\'')
			} else if text != "T" && text != "Z" && strings.ContainsAny(text, "0123456789JMPUZT") {
				return "", fmt.Errorf("the text '%s' is not supported", text)
			} else {
				out.WriteString(text)
			}
			end += n + 1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			for end < len(pattern) && pattern[end] == c {
				end++
			}
			layout, ok := layouts[pattern[i:end]]
			if before := out.String(); c == 'S' && !strings.HasSuffix(before, ".") && !strings.HasSuffix(before, ",") {
				ok = false // which is the only place where package time takes a fraction
			}
			if !ok {
				return "", fmt.Errorf("%q is not supported; use yyyy, MM, dd, HH, mm, ss, .SSS and XXX", pattern[i:end])
			}
			out.WriteString(layout)
		default:
			out.WriteByte(c)
		}
		i = end
	}
	return out.String(), nil
}
