package filesystem

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// committer decides which partitions are complete, so that they get their file. The writers of a table share it: what one
// of them thinks complete another may still be filling.
//
// A partition is looked at when all writers have committed a checkpoint, and is complete
//
//   - by process time: when the delay has passed since rows were first published in it
//   - by partition time: when the lowest watermark has passed the time that its name says, and the delay
//   - when the input has ended
//
// One that gets rows later is complete once more. Source: Flink's ProcTimeCommitTrigger, PartitionTimeCommitTrigger.
type committer struct {
	delay time.Duration
	time  *partitionTime // nil: process time

	mu      sync.Mutex
	writers int
	at      map[int]commitPoint  // by subtask
	level   int64                // what all writers had committed when partitions were last looked at
	pending map[string]time.Time // folder → when rows were first published in it
}

// commitPoint is how far a writer has come.
type commitPoint struct{ checkpoint, watermark int64 }

// partition is one that isn't marked as complete.
type partition struct {
	Folder string    `json:"folder"`
	Since  time.Time `json:"since"`
}

func newCommitter(delay time.Duration, t *partitionTime) *committer {
	return &committer{delay: delay, time: t, at: map[int]commitPoint{}, pending: map[string]time.Time{}}
}

// join is called by each writer before it does anything else.
func (c *committer) join(subtask, parallelism int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writers != parallelism {
		clear(c.at)
	}
	delete(c.at, subtask)
	c.writers, c.level = parallelism, 0
}

// restore takes back what list returned.
func (c *committer) restore(pending []partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range pending {
		c.put(p.Folder, p.Since)
	}
}

// add notes that files have been published.
func (c *committer) add(files []partFile, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range files {
		c.put(strings.TrimRight(f.Folder, separator), now)
	}
}

func (c *committer) put(folder string, since time.Time) {
	if old, known := c.pending[folder]; !known || since.Before(old) {
		c.pending[folder] = since
	}
}

// list returns the partitions that are not marked.
func (c *committer) list() []partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []partition
	for folder, since := range c.pending {
		all = append(all, partition{folder, since})
	}
	slices.SortFunc(all, func(a, b partition) int { return strings.Compare(a.Folder, b.Folder) })
	return all
}

// committed notes that a writer has published its files of a checkpoint, with the watermark at its barrier, and returns
// the folders that are to be marked now.
func (c *committer) committed(subtask int, checkpoint, watermark int64, now time.Time) (due []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[subtask] = commitPoint{checkpoint, watermark}
	if len(c.at) < c.writers {
		return nil, nil
	}
	level, low := int64(math.MaxInt64), int64(math.MaxInt64)
	for _, p := range c.at {
		level, low = min(level, p.checkpoint), min(low, p.watermark)
	}
	if level <= c.level {
		return nil, nil
	}
	c.level = level
	// A job that is stopped takes its last checkpoint without the last watermark.
	ended := level == math.MaxInt64 && low == math.MaxInt64
	for folder, since := range c.pending {
		complete := ended
		switch {
		case ended:
		case c.time == nil:
			complete = c.delay == 0 || now.Sub(since) > c.delay
		default:
			at, err := c.time.of(folder)
			if err != nil {
				return nil, err
			}
			complete = low > at.Add(c.delay).UnixMilli()
		}
		if complete {
			due = append(due, folder)
		}
	}
	slices.Sort(due)
	return due, nil
}

// marked notes that folders have been marked.
func (c *committer) marked(folders []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range folders {
		delete(c.pending, f)
	}
}
