package rcf

import (
	"math"
	"unsafe"
)

// sampler is a time-decayed weighted reservoir: it keeps the points with the smallest weights seen so far, where
// a newer point tends to get a smaller one. The heaviest sits at the root of a max-heap and is the next to leave.
//
// Weights are float32 and tie once sequence numbers are large, so the order of every comparison is observable.
type sampler struct {
	seed  int64   // of the generator for the next draw
	bound float64 // see tooHeavy; grows by rules.growth with every point
	heap  []sampled
}

// sampled is an entry of the heap: a point's weight, and the leaf of the tree that stores it.
type sampled struct {
	weight float32
	leaf   int32
}

// rules are the settings that the samplers of a forest share.
type rules struct {
	capacity int
	decay    float64
	fraction float64 // of the capacity that fills unconditionally
	growth   float64 // of sampler.bound from point to point
}

func newRules(o *Options) rules {
	return rules{o.SampleSize, *o.TimeDecay, o.InitialAcceptFraction, math.Exp(*o.TimeDecay)}
}

func (s *sampler) reset(seed int64) { s.seed, s.bound, s.heap = seed, math.Inf(1), s.heap[:0] }

// bytes is the memory that the sampler holds.
func (s *sampler) bytes() int { return int(unsafe.Sizeof(*s)) + 8*cap(s.heap) }

// draw makes a new generator for every number, and that generator also seeds the next one.
func (s *sampler) draw() (u float64) {
	s.seed, u = longAndDouble(s.seed)
	return u
}

// offer decides on the point with the given sequence number and returns the weight it would have. Accepted with
// evict set means that the root has to make room: the caller calls evict, then insert; otherwise insert alone.
func (s *sampler) offer(r *rules, sequence int64) (weight float32, accepted, evict bool) {
	u := s.draw()
	for u == 0 {
		u = s.draw()
	}
	full := len(s.heap) == r.capacity
	if full {
		s.bound *= r.growth
		if s.tooHeavy(u) {
			return 0, false, false
		}
	}
	age := float64(float64(sequence) * r.decay)
	weight = float32(-age + math.Log(-math.Log(u)))
	if !full && s.draw() < s.fillProbability(r) {
		return weight, true, false
	}
	if len(s.heap) > 0 && weight < s.heap[0].weight {
		return weight, true, true
	}
	if full {
		s.rebound(age)
	}
	return weight, false, false
}

// tooHeavy tells of most draws, without logarithms, that the point's weight is not below the root's. With w the root's
// weight that is so when -ln(u) ≥ e^(w + age), and -ln(u) ≥ 1-u. bound is a little above e^(w + age), or +Inf when that
// isn't known.
func (s *sampler) tooHeavy(u float64) bool { return 1-u >= s.bound }

// rebound sets the bound, of a point of the given age·decay against the root as it is. The margin is far above the errors
// of all roundings until the next call; where age has none to spare there is no bound.
func (s *sampler) rebound(age float64) {
	s.bound = math.Inf(1)
	if age < 1e6 {
		s.bound = math.Exp(float64(s.heap[0].weight)+age) * (1 + 1e-7)
	}
}

// fillProbability is the chance that a point enters while there is room: 1 up to the initial fraction of the
// capacity, falling to 0 at the capacity.
func (s *sampler) fillProbability(r *rules) float64 {
	size, capacity := float64(len(s.heap)), float64(r.capacity)
	switch {
	case size < float64(r.fraction*capacity):
		return 1
	case r.fraction >= 1:
		return 0
	}
	return 1 - (size/capacity-r.fraction)/(1-r.fraction)
}

// evict removes the heaviest point and returns its leaf.
func (s *sampler) evict() int32 {
	h := s.heap
	evicted, last := h[0].leaf, len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1].weight > h[child].weight {
			child++
		}
		if !(h[child].weight > h[i].weight) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	s.heap = h
	return evicted
}

// insert adds a point that offer accepted.
func (s *sampler) insert(r *rules, weight float32, leaf int32) {
	h := extend(s.heap, 1, r.capacity)
	h[len(h)-1] = sampled{weight, leaf}
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !(h[parent].weight < h[i].weight) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
	s.heap, s.bound = h, math.Inf(1)
}
