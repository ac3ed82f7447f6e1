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
}

func newFront(parallelism int) *front {
	f := &front{low: make([]int64, parallelism), held: make([]func(), parallelism)}
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
