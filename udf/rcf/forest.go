package rcf

import (
	"errors"
	"fmt"
	"unsafe"
)

// ErrNotFinite is returned for a point with NaN, an infinity, or a number beyond the range of float32. The reference
// would score NaN and then fail inside an update, so such points never reach the trees.
var ErrNotFinite = errors.New("point is not finite as float32 (NaN, infinity or larger than 3.4e38);" +
	" filter such rows before the forest")

// Forest scores the points of one stream. The usual order is Score and then Update with the same point, so that a
// point is judged by what came before it.
//
//	f, err := rcf.New(rcf.Options{Dimensions: 1, Seed: 42})
//	score, err := f.Score([]float64{4.18})
//	err = f.Update([]float64{4.18})
//
// State: a sample of at most Trees·SampleSize points, whose memory grows with it: with full samples neither Score nor
// Update allocates. A Forest belongs to one goroutine at a time.
type Forest struct {
	options   Options
	inputDims int // length of the points that callers give
	trees     []tree
	samplers  []sampler
	rules     rules
	ln        []float64 // ln[k] is ln(k)
	updates   int64     // calls of Update so far
	ready     bool      // once true, scores are not held back any more
	shingle   []float32 // with internal shingling: the last points
	scratch   []float32 // the point being scored or added

	attributor attributor // made by the first Attribution
	ordinals   []int32    // of a tree's leaves, made by the first AppendBinary
}

// New returns an empty forest. The error names the option that is wrong and the values it may take.
func New(o Options) (*Forest, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("random cut forest: %w", err)
	}
	f := &Forest{
		options:   o,
		inputDims: o.Dimensions,
		trees:     make([]tree, o.Trees),
		samplers:  make([]sampler, o.Trees),
		rules:     newRules(&o),
		ln:        logarithms(o.SampleSize + 1),
		scratch:   make([]float32, o.Dimensions),
	}
	if o.InternalShingling {
		f.inputDims = o.Dimensions / o.ShingleSize
		f.shingle = make([]float32, o.Dimensions)
	}
	for i := range f.trees {
		f.trees[i] = newTree(o.SampleSize, o.Dimensions)
	}
	f.reset(o.Seed)
	return f, nil
}

// reset empties the forest and starts it afresh with another seed.
func (f *Forest) reset(seed int64) {
	random := newJavaRandom(seed)
	for i := range f.trees {
		f.trees[i].reset(random.nextLong())
		f.samplers[i].reset(random.nextLong())
	}
	f.updates, f.ready = 0, false
	clear(f.shingle)
}

// Options returns the settings, with the defaults filled in.
func (f *Forest) Options() Options {
	o := f.options
	o.TimeDecay = new(*o.TimeDecay)
	return o
}

// Bytes estimates the memory that the forest holds.
func (f *Forest) Bytes() int {
	n := int(unsafe.Sizeof(*f)) + 4*(cap(f.shingle)+cap(f.scratch)+cap(f.ordinals)) + f.attributor.bytes()
	for i := range f.trees {
		n += f.trees[i].bytes() + f.samplers[i].bytes()
	}
	return n
}

// InputDimensions is the length of the points that Score and Update take.
func (f *Forest) InputDimensions() int { return f.inputDims }

// Score returns the anomaly score of a point against the points added so far, and changes nothing that later calls
// could see. Around 1 is ordinary; the further above, the stranger. It is 0 until OutputAfter points have been added.
// The point stays the caller's. The error is ErrNotFinite or that the point has the wrong length.
func (f *Forest) Score(point []float64) (float64, error) {
	x := f.scratch
	if f.shingle != nil {
		f.slide(x)
	}
	if err := f.narrow(x, point); err != nil {
		return 0, err
	}
	if !f.outputReady() {
		return 0, nil
	}
	return f.score(x), nil
}

// Update adds a point to the stream: each tree's sampler decides whether the tree takes it. The point stays the
// caller's. After an error, which is as for Score, the forest is as before.
func (f *Forest) Update(point []float64) error {
	x := f.scratch
	if f.shingle != nil {
		f.slide(x)
	}
	if err := f.narrow(x, point); err != nil {
		return err
	}
	sequence := f.updates
	f.updates++
	if f.shingle != nil {
		copy(f.shingle, x)
		sequence -= int64(f.options.ShingleSize - 1)
		if sequence < 0 {
			return nil // the first shingle is still filling
		}
	}
	for i := range f.trees {
		t, s := &f.trees[i], &f.samplers[i]
		weight, accepted, evict := s.offer(&f.rules, sequence)
		if !accepted {
			continue
		}
		if evict {
			t.remove(s.evict())
		}
		s.insert(&f.rules, weight, t.insert(x))
	}
	return nil
}

// outputReady tells whether scores are given out. Trees never become empty again, so the answer stays true.
func (f *Forest) outputReady() bool {
	if f.ready {
		return true
	}
	if f.updates < int64(f.options.OutputAfter) {
		return false
	}
	for i := range f.trees {
		if f.trees[i].empty() {
			return false
		}
	}
	f.ready = true
	return true
}

// slide writes the shingle into x, shifted so that the next point goes to newest.
func (f *Forest) slide(x []float32) {
	if f.options.InternalRotation {
		copy(x, f.shingle) // nothing moves: the next point overwrites the oldest
		return
	}
	copy(x, f.shingle[f.inputDims:])
}

// newest returns where in a tree's point the next input point goes.
func (f *Forest) newest() int {
	if f.options.InternalRotation {
		return int(f.updates % int64(f.options.ShingleSize) * int64(f.inputDims))
	}
	return f.options.Dimensions - f.inputDims
}

// narrow converts an input point to float32 into its place in x. Minus zero becomes zero: the reference tells them
// apart in some places and not in others, and keeps only zero out of trouble.
func (f *Forest) narrow(x []float32, point []float64) error {
	if len(point) != f.inputDims {
		return fmt.Errorf("point has %d numbers, the forest takes %d", len(point), f.inputDims)
	}
	to := x[f.newest():]
	for i, v := range point {
		n := float32(v)
		if n-n != 0 { // NaN and infinities are what doesn't cancel
			return ErrNotFinite
		}
		if n == 0 {
			n = 0 // also for minus zero, and for what is too small for float32
		}
		to[i] = n
	}
	return nil
}
