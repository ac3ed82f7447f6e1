package task

import (
	"container/heap"
	"fmt"
	"math"
)

// A folder may hold more files than a process can open. So of a source that limits its readers, each subtask keeps some
// splits open and the others parked: with a position and a watermark, but without a reader. What is read is the same as
// if all were open, in nearly the same order: see next.

// quota is how many batches are read of a split that has been opened again, before one that is further behind may take
// its place. Reading on makes no row late, since the parked one holds the watermark back; and a compressed file is opened
// again by reading it from its start.
const quota = 64

// parked is a heap of splits without readers: the one that is furthest behind comes first, among equals the one that was
// assigned first.
type parked []*split

func (p parked) Len() int { return len(p) }
func (p parked) Less(i, j int) bool {
	if p[i].watermark != p[j].watermark {
		return p[i].watermark < p[j].watermark
	}
	return p[i].order < p[j].order
}
func (p parked) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *parked) Push(x any)   { *p = append(*p, x.(*split)) }
func (p *parked) Pop() any {
	last := len(*p) - 1
	sp := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return sp
}

// unpark has as many splits opened as may be.
func (s *scan) unpark() {
	for len(s.parked) > 0 && (s.maxOpen == 0 || len(s.reading) < s.maxOpen) {
		sp := heap.Pop(&s.parked).(*split)
		sp.batches, sp.sounding = 0, s.expression != nil && sp.watermark == math.MinInt64
		s.reading = append(s.reading, sp)
		s.enumerator.request(s, sp)
	}
}

// park closes the reader of the split that is furthest ahead, if one that is further behind waits for its place.
func (s *scan) park() (bool, error) {
	if len(s.parked) == 0 || len(s.reading) < s.maxOpen {
		return false, nil
	}
	at := -1
	for i, sp := range s.reading {
		if sp.reader != nil && sp.watermark > s.parked[0].watermark && (at < 0 || sp.watermark >= s.reading[at].watermark) {
			at = i
		}
	}
	if at < 0 {
		return false, nil
	}
	sp := s.reading[at]
	sp.position = append([]byte{}, sp.reader.Position()...)
	err := sp.reader.Close()
	sp.take(nil)
	s.shown.remove(sp)
	s.reading = append(s.reading[:at], s.reading[at+1:]...)
	s.unpark() // first, or it would be sp again
	heap.Push(&s.parked, sp)
	if err != nil {
		return false, fmt.Errorf("read table %s: %w", s.node.Table.Path, err)
	}
	return true, nil
}

// next returns the split to read next, or nil when none has anything that may be read now; parked says that another is
// being opened.
//
// Splits that come to an end are read by event time: the one furthest behind is next, among equals the one that was
// assigned first. So the ranges of a large file, and files of consecutive hours, are read one after the other, and a
// window is open while its time is read, not from the first split to the last. A split of which nothing is known yet is
// the furthest behind of all. Of splits without end every fourth is read in turn, so that one which has much to catch up
// with doesn't keep the others waiting for ever.
func (s *scan) next() (next *split, parked bool, err error) {
	inTurn := !s.ends && (s.expression == nil || s.polls%4 == 3)
	limit := int64(math.MaxInt64)
	if s.aligned != nil {
		limit = s.aligned.limit()
	}
	s.held = false
	for k := range s.reading {
		i := k
		if inTurn {
			i = (s.turn + k) % len(s.reading)
		}
		sp := s.reading[i]
		switch {
		case sp.reader == nil || sp.idle && !sp.woken.Load():
		case sp.watermark > limit:
			s.held = true
		case inTurn:
			s.turn = i + 1
			return sp, false, nil
		case s.mayRead(sp) && (next == nil || sp.watermark < next.watermark):
			next = sp
		}
	}
	if next == nil {
		parked, err = s.park()
	}
	return next, parked, err
}

// mayRead reports whether a split may be read although a parked one may be further behind.
func (s *scan) mayRead(sp *split) bool {
	if len(s.parked) == 0 || sp.watermark <= s.parked[0].watermark {
		return true
	}
	return s.parked[0].watermark != math.MinInt64 && sp.batches < quota && !(sp.sounding && sp.batches <= 1)
}
