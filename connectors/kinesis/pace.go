package kinesis

import (
	"time"

	"github.com/weirsql/weir/runtime/clock"
)

// Of a server on this machine a request costs some hundred microseconds and takes nothing away from anybody, so it is asked
// again soon: what a record waits for here is most of its way through a job at rest. A shard in which nothing happens is
// asked less and less often, from every 20 ms to ten times a second when it has been quiet for 50 s.
const (
	shortest   = 20 * time.Millisecond
	longest    = 100 * time.Millisecond
	quietShare = 500 // which part of the time without records is waited
)

// pace is the times from one request of a shard to the next.
type pace struct {
	more  time.Duration // after a page with records behind which there are more
	some  time.Duration // after another page with records, or an empty one behind which there are some
	none  time.Duration // after a page without any
	grows bool          // none is the least, and grows while nothing comes
	// spacing is the least time between requests of all readers of a shard in this process, 0 if they needn't take turns.
	spacing time.Duration
}

// newPace returns AWS's pace, which gives five answers in a second of a shard, or a faster one for a server on this machine.
// What the table says counts before both. strict is AWS's pace whatever the server: for one that has refused an answer.
func newPace(s *source, strict bool) pace {
	const interval, emptyInterval = "scan.shard.getrecords.intervalmillis", "source.reader.empty-records-fetch-interval"
	v := s.table.Options
	between, none := v.Duration(interval), v.Duration(emptyInterval)
	p := pace{more: between, some: between, none: none, spacing: min(between, readSpacing)}
	if strict {
		return p
	}
	// In time that jumps, waiting is free, and it is the requests that cost time.
	if _, real := s.env.Clock.(clock.Real); real && s.settings.OnThisMachine() {
		p = pace{some: shortest, none: shortest, grows: true}
	} else if s.settings.Embedded {
		p = pace{some: none, none: none}
	}
	if v.Given(interval) {
		p.more, p.some = between, between
	}
	if v.Given(emptyInterval) {
		p.none, p.grows = none, false
	}
	return p
}

// pause is the time from a request to the next, by how many records it brought, whether there is more, and for how long
// there were none.
func (p pace) pause(records int, more bool, quiet time.Duration) time.Duration {
	switch {
	case more && records > 0:
		return p.more
	case more || records > 0:
		return p.some
	case p.grows:
		return max(p.none, min(quiet/quietShare, longest))
	}
	return p.none
}
