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
	pattern := s.spelling("scan.stream.initpos-timestamp-format")
	layout, err := goLayout(v.String("scan.stream.initpos-timestamp-format"))
	if err != nil {
		return in, option.Errorf(pattern, "option %q: %v", pattern, err)
	}
	if seconds, e := strconv.ParseFloat(text, 64); e == nil && seconds >= 0 && seconds < 1e11 {
		in.at = time.UnixMilli(int64(math.Round(seconds * 1000)))
	} else if in.at, err = time.Parse(layout, text); err != nil {
		return in, option.Errorf(key, "option %q: %q is neither seconds since 1970 nor a date in the format %s, such as %s", key, text,
			v.String("scan.stream.initpos-timestamp-format"), time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC).Format(layout))
	}
	if in.at.After(s.env.Clock.Now()) {
		return in, option.Errorf(key, "option %q: %s is in the future", key, in.at.UTC().Format(time.RFC3339))
	}
	return in, nil
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
