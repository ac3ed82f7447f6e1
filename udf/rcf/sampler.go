package rcf

import "math"

// sampler is a time-decayed weighted reservoir: it keeps the points with the smallest weights seen so far, where
// a newer point tends to get a smaller one. The heaviest sits at the root of a max-heap and is the next to leave.
//
// Weights are float32 and tie once sequence numbers are large, so the order of every comparison is observable.
type sampler struct {
	capacity int
	decay    float64
	fraction float64 // of the capacity that fills unconditionally
	seed     int64   // of the generator for the next draw
	weights  []float32
	leaves   []int32 // parallel to weights: the leaf of the tree that stores the point
}

func newSampler(o *Options) sampler {
	return sampler{
		capacity: o.SampleSize,
		decay:    *o.TimeDecay,
		fraction: o.InitialAcceptFraction,
		weights:  make([]float32, 0, o.SampleSize),
		leaves:   make([]int32, 0, o.SampleSize),
	}
}

func (s *sampler) reset(seed int64) {
	s.seed = seed
	s.weights = s.weights[:0]
	s.leaves = s.leaves[:0]
}

// draw makes a new generator for every number, and that generator also seeds the next one.
func (s *sampler) draw() float64 {
	r := newJavaRandom(s.seed)
	s.seed = r.nextLong()
	return r.nextDouble()
}

// offer decides on the point with the given sequence number and returns the weight it would have. Accepted with
// evict set means that the root has to make room: the caller calls evict, then insert; otherwise insert alone.
func (s *sampler) offer(sequence int64) (weight float32, accepted, evict bool) {
	weight = s.weigh(sequence)
	if len(s.weights) < s.capacity && s.draw() < s.fillProbability() {
		return weight, true, false
	}
	if len(s.weights) > 0 && weight < s.weights[0] {
		return weight, true, true
	}
	return weight, false, false
}

func (s *sampler) weigh(sequence int64) float32 {
	u := s.draw()
	for u == 0 {
		u = s.draw()
	}
	return float32(-float64(float64(sequence)*s.decay) + math.Log(-math.Log(u)))
}

// fillProbability is the chance that a point enters while there is room: 1 up to the initial fraction of the
// capacity, falling to 0 at the capacity.
func (s *sampler) fillProbability() float64 {
	size, capacity := float64(len(s.weights)), float64(s.capacity)
	switch {
	case size < float64(s.fraction*capacity):
		return 1
	case s.fraction >= 1:
		return 0
	}
	return 1 - (size/capacity-s.fraction)/(1-s.fraction)
}

// evict removes the heaviest point and returns its leaf.
func (s *sampler) evict() int32 {
	w, l := s.weights, s.leaves
	evicted, last := l[0], len(w)-1
	w[0], l[0] = w[last], l[last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && w[child+1] > w[child] {
			child++
		}
		if !(w[child] > w[i]) {
			break
		}
		w[i], w[child] = w[child], w[i]
		l[i], l[child] = l[child], l[i]
		i = child
	}
	s.weights, s.leaves = w[:last], l[:last]
	return evicted
}

// insert adds a point that offer accepted.
func (s *sampler) insert(weight float32, leaf int32) {
	w, l := append(s.weights, weight), append(s.leaves, leaf)
	for i := len(w) - 1; i > 0; {
		parent := (i - 1) / 2
		if !(w[parent] < w[i]) {
			break
		}
		w[i], w[parent] = w[parent], w[i]
		l[i], l[parent] = l[parent], l[i]
		i = parent
	}
	s.weights, s.leaves = w, l
}
