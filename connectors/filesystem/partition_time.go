package filesystem

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types/temporal"
)

// partitionTime reads the time of a partition from its values. Source: Flink's DefaultPartTimeExtractor.
type partitionTime struct {
	keys    []string
	pattern string // "": the first value
	format  *timeFormat
	zone    *time.Location
}

func newPartitionTime(t *table) (*partitionTime, error) {
	const patternKey, formatKey, zoneKey = "partition.time-extractor.timestamp-pattern",
		"partition.time-extractor.timestamp-formatter", "sink.partition-commit.watermark-time-zone"
	p := &partitionTime{pattern: t.options.String(patternKey)}
	for _, f := range t.partitions {
		p.keys = append(p.keys, f.Name)
	}
	for _, name := range variable.FindAllString(p.pattern, -1) {
		if !slices.Contains(p.keys, name[1:]) && !slices.ContainsFunc(p.keys, func(k string) bool { return strings.HasPrefix(name[1:], k) }) {
			e := option.Errorf(patternKey, "option %q: %s is not a partition key", patternKey, name)
			e.Hint = "partition keys: " + strings.Join(p.keys, ", ")
			return nil, e
		}
	}
	// Of two keys the longer one first, lest $h be found in $hour.
	slices.SortFunc(p.keys, func(a, b string) int { return len(b) - len(a) })
	var err error
	if p.format, err = newTimeFormat(t.options.String(formatKey)); err != nil {
		return nil, option.Errorf(formatKey, "option %q: %v", formatKey, err)
	}
	if p.zone, err = temporal.ParseZone(t.options.String(zoneKey)); err != nil {
		return nil, option.Errorf(zoneKey, "option %q: %v", zoneKey, err)
	}
	return p, nil
}

var variable = regexp.MustCompile(`\$[\pL_][\pL\pN_]*`)

// of returns the time of the partition in a folder.
func (p *partitionTime) of(folder string) (time.Time, error) {
	text := p.pattern
	values := map[string]string{}
	for i, part := range strings.Split(folder, separator) {
		key, value, _ := strings.Cut(part, "=")
		values[unescape(key)] = unescape(value)
		if i == 0 && text == "" {
			text = unescape(value)
			break
		}
	}
	for _, k := range p.keys {
		text = strings.ReplaceAll(text, "$"+k, values[k])
	}
	at, ok := p.format.parse(text, p.zone)
	if !ok {
		return at, fmt.Errorf("partition %s: %q is not a time such as %s, which 'sink.partition-commit.trigger' = 'partition-time' needs; "+
			"see 'partition.time-extractor.timestamp-pattern'", folder, text, p.format.example())
	}
	return at, nil
}

const separator = string(filepath.Separator)

// timeFormat is how a time is written, as a list of what is expected one after the other.
type timeFormat struct {
	text  string // as the table gives it
	items []timeItem
}

// timeItem is a field, or a text between fields.
type timeItem struct {
	field byte // y M d H m s, or 0
	width int  // digits; 1: as many as there are
	text  string
}

// newTimeFormat reads a pattern of Java's DateTimeFormatter that has numbers only. "" is the one that Flink uses by
// default, in which the time of day may be missing and numbers may be short.
func newTimeFormat(pattern string) (*timeFormat, error) {
	f := &timeFormat{text: pattern}
	if pattern == "" {
		pattern = "y-M-d H:m:s"
	}
	add := func(text string) { f.items = append(f.items, timeItem{text: text}) }
	for i := 0; i < len(pattern); {
		c := pattern[i]
		width := len(pattern[i:]) - len(strings.TrimLeft(pattern[i:], string(c)))
		switch {
		case c == 'u':
			c = 'y'
			fallthrough
		case strings.IndexByte("yMdHms", c) >= 0:
			if width == 3 || width > 4 || width > 2 && c != 'y' {
				return nil, fmt.Errorf("%s is not supported; supported are yyyy, MM, dd, HH, mm, ss and texts in between", pattern[i:i+width])
			}
			f.items = append(f.items, timeItem{field: c, width: width})
			i += width
		case c == '\'':
			text, _, closed := strings.Cut(pattern[i+1:], "'")
			if !closed {
				return nil, fmt.Errorf("the text that begins with %s has no end", pattern[i:])
			}
			if i += len(text) + 2; text == "" {
				text = "'"
			}
			add(text)
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("[]{}#", c) >= 0:
			return nil, fmt.Errorf("%c is not supported; supported are yyyy, MM, dd, HH, mm, ss and texts in between", c)
		default:
			add(pattern[i : i+1])
			i++
		}
	}
	return f, nil
}

// parse reads a whole text. What follows the date may be missing. Numbers that are too large count on, as Flink's do: the
// 24th hour is the next day's first.
func (f *timeFormat) parse(text string, zone *time.Location) (time.Time, bool) {
	value := map[byte]int{'M': 1, 'd': 1}
	found := map[byte]bool{}
	for _, item := range f.items {
		if text == "" && found['y'] && !found['H'] {
			break
		}
		if item.field == 0 {
			var ok bool
			if text, ok = strings.CutPrefix(text, item.text); !ok {
				return time.Time{}, false
			}
			continue
		}
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		if item.width > 1 {
			if digits < item.width {
				return time.Time{}, false
			}
			digits = item.width
		}
		n, err := strconv.Atoi(text[:digits])
		if err != nil {
			return time.Time{}, false
		}
		if item.field == 'y' && item.width == 2 {
			n += 2000
		}
		value[item.field], found[item.field] = n, true
		text = text[digits:]
	}
	if f.text == "" { // a fraction of a second may follow
		if rest, ok := strings.CutPrefix(text, "."); ok && rest != "" && found['s'] {
			text = strings.TrimLeft(rest, "0123456789")
		}
	}
	if text != "" || !found['y'] {
		return time.Time{}, false
	}
	return time.Date(value['y'], time.Month(value['M']), value['d'], value['H'], value['m'], value['s'], 0, zone), true
}

// example is a text that parse takes.
func (f *timeFormat) example() string {
	if f.text != "" {
		return f.text
	}
	return "2023-08-22 or 2023-08-22 13:46:30"
}
