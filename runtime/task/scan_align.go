package task

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// alignments holds the watermark alignment groups of a job by name: those of 'scan.watermark.alignment.group'. The zero
// value is ready to use.
//
// Source: Flink's FLIP-182 and FLIP-217. Different from Flink the minimum follows every watermark at once instead of every
// update-interval, so that a backlog isn't read at the pace of one max-drift per interval.
type alignments struct {
	mu     sync.Mutex
	groups map[string]*alignment
}

// alignment is a group of scans, none of whose splits is to run ahead of the slowest by more than the drift it may have.
type alignment struct {
	mu      sync.Mutex
	members atomic.Pointer[[]*aligned] // replaced, never changed
}

// aligned is one subtask of a scan in its group. All but low and paused are its own.
type aligned struct {
	group  *alignment
	drift  int64        // milliseconds
	low    atomic.Int64 // the lowest watermark of its splits, idle ones aside; math.MaxInt64 when there is none
	paused atomic.Bool  // it has a split to read and waits for others
	wake   func()
}

// join adds a member to a group, which it holds back until it has said where it is.
func (a *alignments) join(group string, drift time.Duration, wake func()) *aligned {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.groups[group]
	if g == nil {
		if a.groups == nil {
			a.groups = map[string]*alignment{}
		}
		g = &alignment{}
		g.members.Store(&[]*aligned{})
		a.groups[group] = g
	}
	m := &aligned{group: g, drift: drift.Milliseconds(), wake: wake}
	m.low.Store(math.MinInt64)
	g.mu.Lock()
	defer g.mu.Unlock()
	members := append(slices.Clone(*g.members.Load()), m)
	g.members.Store(&members)
	return m
}

// leave takes the member out of its group.
func (m *aligned) leave() {
	m.set(math.MaxInt64)
	m.group.mu.Lock()
	defer m.group.mu.Unlock()
	members := slices.DeleteFunc(slices.Clone(*m.group.members.Load()), func(o *aligned) bool { return o == m })
	m.group.members.Store(&members)
}

// set says where the member is now. When that raises the minimum of the group, those that wait for it look again.
func (m *aligned) set(low int64) {
	was := m.low.Load()
	if low == was {
		return
	}
	m.low.Store(low)
	if low < was {
		return
	}
	others := int64(math.MaxInt64)
	members := *m.group.members.Load()
	for _, o := range members {
		if o != m {
			others = min(others, o.low.Load())
		}
	}
	if was > others {
		return
	}
	for _, o := range members {
		if o != m && o.paused.Load() {
			o.wake()
		}
	}
}

// limit is the highest watermark that a split may have and be read.
func (m *aligned) limit() int64 {
	low := int64(math.MaxInt64)
	for _, o := range *m.group.members.Load() {
		low = min(low, o.low.Load())
	}
	if low > math.MaxInt64-m.drift {
		return math.MaxInt64
	}
	return low + m.drift
}
