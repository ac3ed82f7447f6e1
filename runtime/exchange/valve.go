package exchange

import "math"

// valve combines the watermarks of several channels: the minimum over those that are neither idle nor, having been
// idle, still behind what has been passed on. When all are idle the largest counts.
//
// Source: Flink's StatusWatermarkValve.
type valve struct {
	channels []valveChannel
	last     int64 // the watermark passed on
	idle     bool  // all channels are idle
}

type valveChannel struct {
	watermark int64
	idle      bool
	behind    bool // became active again with a watermark below last
}

func newValve(n int) *valve {
	v := &valve{channels: make([]valveChannel, n), last: math.MinInt64}
	for i := range v.channels {
		v.channels[i].watermark = math.MinInt64
	}
	return v
}

// watermark takes the watermark of a channel and reports whether the combined one, v.last, has risen.
func (v *valve) watermark(i int, w int64) bool {
	c := &v.channels[i]
	if c.idle || w <= c.watermark {
		return false
	}
	c.watermark = w
	if c.behind && w >= v.last {
		c.behind = false
	}
	return v.raise()
}

// status takes the idleness of a channel; it reports whether v.last has risen and whether v.idle has changed.
func (v *valve) status(i int, idle bool) (rose, changed bool) {
	c := &v.channels[i]
	if c.idle == idle {
		return false, false
	}
	c.idle = idle
	if !idle {
		c.behind = c.watermark < v.last
		changed, v.idle = v.idle, false
		return false, changed
	}
	c.behind = false
	for j := range v.channels {
		if !v.channels[j].idle {
			return v.raise(), false
		}
	}
	v.idle = true
	highest := v.last
	if c.watermark == v.last { // it was the one that held the others back
		for j := range v.channels {
			highest = max(highest, v.channels[j].watermark)
		}
	}
	rose = highest > v.last
	v.last = highest
	return rose, true
}

func (v *valve) raise() bool {
	low, any := int64(math.MaxInt64), false
	for i := range v.channels {
		if c := &v.channels[i]; !c.idle && !c.behind {
			low, any = min(low, c.watermark), true
		}
	}
	if !any || low <= v.last {
		return false
	}
	v.last = low
	return true
}
