package kinesis

import "sync"

// lineage keeps the order of resharding: a shard that came from others is read when they have been, so that the records
// of a key stay in order.
//
//	parent  … records … | drained: Poll has given its last row, but not yet Ended
//	child               | is read; with its opening the parent's split ends
//
// That the parent's split stays until its children are open keeps the watermark from running ahead of them meanwhile.
// What it knows comes from ListShards and, after a restore, from the checkpoint. Methods may be called from any goroutine.
type lineage struct {
	mu       sync.Mutex
	parents  map[string][]string
	children map[string][]string
	splits   map[string]bool // shards that are read by this job, or will be
	drained  map[string]bool
	opened   map[string]bool
	watchers map[string]func() // by shard: to be called when something changes
}

func newLineage() *lineage {
	return &lineage{
		parents: map[string][]string{}, children: map[string][]string{}, splits: map[string]bool{},
		drained: map[string]bool{}, opened: map[string]bool{}, watchers: map[string]func(){},
	}
}

// found notes that a shard is read by this job.
func (l *lineage) found(shard string, parents ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.splits[shard] = true
	if l.parents[shard] != nil {
		return
	}
	for _, p := range parents {
		l.parents[shard] = append(l.parents[shard], p)
		l.children[p] = append(l.children[p], shard)
	}
}

// open notes that a shard is being read; watch is called when another has been drained or opened.
func (l *lineage) open(shard string, watch func()) {
	l.change(func() {
		l.splits[shard], l.opened[shard], l.watchers[shard] = true, true, watch
	})
}

// close ends the calls of watch.
func (l *lineage) close(shard string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watchers, shard)
}

// drain notes that all rows of a shard are on their way.
func (l *lineage) drain(shard string) {
	l.change(func() { l.splits[shard], l.drained[shard] = true, true })
}

func (l *lineage) change(f func()) {
	l.mu.Lock()
	f()
	watchers := make([]func(), 0, len(l.watchers))
	for _, w := range l.watchers {
		watchers = append(watchers, w)
	}
	l.mu.Unlock()
	for _, w := range watchers {
		w()
	}
}

// ready reports whether a shard may be read: those it came from have been, or are not read by this job at all.
func (l *lineage) ready(shard string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.parents[shard] {
		if l.splits[p] && !l.drained[p] {
			return false
		}
	}
	return true
}

// succeeded reports whether all shards that came from one, those named and those known, are being read.
func (l *lineage) succeeded(shard string, named []string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, children := range [][]string{named, l.children[shard]} {
		for _, c := range children {
			if !l.opened[c] && !l.drained[c] {
				return false
			}
		}
	}
	return true
}
