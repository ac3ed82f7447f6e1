package operator

import "github.com/weirsql/weir/runtime/state"

// purge looks for keys on disk whose time is over: a few with every batch, and all of them about twice in a TTL.
type purge struct {
	next int64 // when the search begins anew, in milliseconds
}

// purged is how many keys on disk a batch looks at.
const purged = 256

func (p *purge) advance(keys *state.Store, now, ttl int64, expired func(value []byte) bool) error {
	if keys.Spilled() == 0 || now < p.next {
		return nil
	}
	more, err := keys.Purge(purged, expired)
	if !more {
		p.next = now + ttl/2
	}
	return err
}
