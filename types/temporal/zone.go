package temporal

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weirsql/weir/types"
)

// Zone converts between instants (TIMESTAMP_LTZ) and the clock on the wall (TIMESTAMP) of a location. It remembers the
// span between two changes of the clock it was last asked about, so that a column of neighbouring times costs two
// comparisons each. Only one goroutine may use a Zone; make one for each call.
type Zone struct {
	location *time.Location

	offset             int64 // seconds east of UTC for instants in [from, to)
	from, to           int64
	localFrom, localTo int64 // the readings of the clock, in seconds, that mean offset without doubt
}

// NewZone returns the Zone of a location; nil is UTC.
func NewZone(location *time.Location) *Zone {
	if location == nil {
		location = time.UTC
	}
	return &Zone{location: location, from: 1, localFrom: 1}
}

// farPast and farFuture stand for spans without a beginning or an end, far enough from overflow.
const (
	farPast   = math.MinInt64 / 4
	farFuture = math.MaxInt64 / 4
)

// Offset returns the offset from UTC in seconds, positive east of it, at an instant in seconds since 1970.
func (z *Zone) Offset(second int64) int64 {
	if second < z.from || second >= z.to {
		z.move(second)
	}
	return z.offset
}

// move makes the span around an instant the current one.
func (z *Zone) move(second int64) {
	t := time.Unix(second, 0).In(z.location)
	_, off := t.Zone()
	z.offset, z.from, z.to = int64(off), farPast, farFuture
	start, end := t.ZoneBounds()
	// At either end of the span the clock jumps; whichever way, these readings are clear of it.
	z.localFrom, z.localTo = farPast, farFuture
	if !start.IsZero() {
		z.from = start.Unix()
		_, before := start.Add(-time.Second).Zone()
		z.localFrom = z.from + max(z.offset, int64(before))
	}
	if !end.IsZero() {
		z.to = end.Unix()
		_, after := end.Zone()
		z.localTo = z.to + min(z.offset, int64(after))
	}
}

// ToLocal returns what the clock on the wall shows at an instant, both in ticks of the precision.
func (z *Zone) ToLocal(ticks int64, precision int) int64 {
	perSecond := types.TicksPerSecond(precision)
	return ticks + z.Offset(FloorDiv(ticks, perSecond))*perSecond
}

// ToInstant returns the instant at which the clock on the wall shows ticks. As in Java's ZonedDateTime, the earlier one
// of two when the clock is set back, and the reading moved forward by the gap when it skips over it.
func (z *Zone) ToInstant(ticks int64, precision int) int64 {
	perSecond := types.TicksPerSecond(precision)
	local := FloorDiv(ticks, perSecond)
	if local < z.localFrom || local >= z.localTo || z.from > z.to {
		return ticks - z.offsetOfLocal(local)*perSecond
	}
	return ticks - z.offset*perSecond
}

func (z *Zone) offsetOfLocal(local int64) int64 {
	// Offsets lie within a day, and so do the readings around a change.
	before := z.Offset(local - 86_400)
	change := z.to
	if change > local+86_400 {
		return before
	}
	after := z.Offset(change)
	if local < change+max(before, after) {
		return before
	}
	return z.Offset(local - after)
}

// ParseZone finds a time zone as java.util.TimeZone and ZoneId name them: an IANA name (Europe/Berlin), UTC, GMT, Z, or
// an offset: GMT+08:00, UTC-3, +05:30.
func ParseZone(name string) (*time.Location, error) {
	if rest, ok := strings.CutPrefix(name, "GMT"); ok {
		return parseOffset(name, rest)
	}
	if rest, ok := strings.CutPrefix(name, "UTC"); ok {
		return parseOffset(name, rest)
	}
	if name == "Z" {
		return time.UTC, nil
	}
	if name != "" && (name[0] == '+' || name[0] == '-') {
		return parseOffset(name, name)
	}
	if name == "" || name == "Local" {
		return nil, unknownZone(name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, unknownZone(name)
	}
	return location, nil
}

func parseOffset(name, s string) (*time.Location, error) {
	if s == "" {
		return time.UTC, nil
	}
	sign := 1
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return nil, unknownZone(name)
	}
	hours, minutes, found := strings.Cut(s[1:], ":")
	if !found && len(hours) > 2 {
		hours, minutes, found = hours[:len(hours)-2], hours[len(hours)-2:], true
	}
	h, ok := digits(hours)
	m, okMinutes := 0, true
	if found {
		m, okMinutes = digits(minutes)
	}
	if !ok || !okMinutes || len(hours) > 2 || found && len(minutes) != 2 || h > 18 || m > 59 {
		return nil, unknownZone(name)
	}
	return time.FixedZone(name, sign*(h*3600+m*60)), nil
}

func unknownZone(name string) error {
	return fmt.Errorf("unknown time zone %q; use a name like Europe/Berlin, UTC, or an offset like GMT+08:00", name)
}
