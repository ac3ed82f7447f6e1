package task

import (
	"math"
	"sync"
)

// front is the lowest watermark of all splits of a source that may find further ones while it is read, over its subtasks. No
// subtask sends a higher one.
//
// A split that takes another's place, as a shard does that has been split from it, may fall to any subtask. There the other
// splits can be far ahead of the one that it follows, and what that subtask has sent can't be taken back: the rows of the
// new split would be late, although nothing behind the scans has seen a watermark above them before. As long as its
// predecessor is there, it holds all subtasks back; and when it goes, its successor does.
type front struct {
	mu   sync.Mutex
	low  []int64  // by subtask: the lowest of its splits, idle ones aside; math.MaxInt64 when there is none
	held []func() // by subtask: wakes one that may send more when others have come further, else nil
	most int64    // the highest that a subtask had when it fell idle
}

func newFront(parallelism int) *front {
	f := &front{low: make([]int64, parallelism), held: make([]func(), parallelism), most: math.MinInt64}
	for i := range f.low {
		f.low[i] = math.MinInt64 // it hasn't been assigned anything yet
	}
	return f
}

// set says where a subtask is, and returns what it may send. wake is called when that has become more.
func (f *front) set(subtask int, low int64, wake func()) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.low[subtask]
	f.low[subtask] = low
	least := low
	for _, l := range f.low {
		least = min(least, l)
	}
	if low > was {
		for i, w := range f.held {
			if w != nil && least > was {
				w()
				f.held[i] = nil
			}
		}
	}
	f.held[subtask] = nil
	if low > least {
		f.held[subtask] = wake
	}
	return least
}

// idle says that a subtask falls idle, with the highest watermark of its splits, and returns what it may send before. It gets
// no further than the others are, or what it has sent would count when the last of them falls idle, although a split may just
// have been assigned in place of theirs. When none of them has a split that isn't idle, the highest of all counts.
func (f *front) idle(subtask int, high int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.most = max(f.most, high)
	least := int64(math.MaxInt64)
	for i, l := range f.low {
		if i != subtask {
			least = min(least, l)
		}
	}
	if least == math.MaxInt64 {
		return f.most
	}
	return min(high, least)
}
