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
//
// For the same reason a subtask without splits isn't idle as long as another one has some: it sends the watermarks of the
// others. What it sends and what they send goes through different queues. Were it idle, and had then been assigned a split, the
// others' watermarks, which follow its rows, could overtake the word that it is active again, behind a barrier by seconds.
type front struct {
	mu   sync.Mutex
	low  []int64  // by subtask: the lowest of its splits, idle ones aside; math.MaxInt64 when there is none
	held []func() // by subtask: wakes one that goes by what others do, else nil
	most int64    // the highest that a subtask has had without a split that isn't idle
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
	if low > was && least > was || was == math.MaxInt64 && low < was { // they may send more, or aren't idle any more
		for i, w := range f.held {
			if w != nil {
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

// idle says that a subtask has no split that isn't idle, with the highest watermark of its splits. If no other subtask has one
// either, the highest of all counts, and all is true. wake is called when that may have changed.
func (f *front) idle(subtask int, high int64, wake func()) (most int64, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.most = max(f.most, high)
	f.held[subtask] = wake
	for i, l := range f.low {
		if i != subtask && l != math.MaxInt64 {
			return 0, false
		}
	}
	return f.most, true
}
