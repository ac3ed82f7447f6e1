package rcf

import "math"

// Attribution says which numbers of a point its score comes from, and whether they were too high or too low. There is an
// entry for each dimension of the trees' points, in their layout: without rotation the oldest input point of the shingle
// first, with each input point's numbers in their order; entry i belongs to input number i % InputDimensions either way.
// The sum of all entries is the score, up to rounding.
type Attribution struct {
	High, Low []float64
}

// Sum returns high and low of one input number, summed over the shingle.
func (a *Attribution) Sum(input, inputDimensions int) (high, low float64) {
	for i := input; i < len(a.High); i += inputDimensions {
		high += a.High[i]
		low += a.Low[i]
	}
	return high, low
}

// Attribution splits the score of a point into what each of its numbers contributed, into a, whose slices are used again.
// As Score it changes nothing that later calls could see; entries are 0 as long as Score gives 0. The error is as for
// Score. Source: getAnomalyAttribution of the reference, equal bit for bit.
func (f *Forest) Attribution(point []float64, a *Attribution) error {
	x := f.scratch
	if f.shingle != nil {
		f.slide(x)
	}
	if err := f.narrow(x, point); err != nil {
		return err
	}
	d := len(x)
	a.High, a.Low = zeros(a.High, d), zeros(a.Low, d)
	if !f.outputReady() {
		return nil
	}
	if f.attributor.high == nil {
		f.attributor = newAttributor(d)
	}
	for i := range f.trees {
		f.attributor.tree(&f.trees[i], x, f.ln)
		for k := range d {
			a.High[k] += f.attributor.high[k]
			a.Low[k] += f.attributor.low[k]
		}
	}
	scale := 1 / float64(len(f.trees)) // multiplied, unlike the score, which is divided
	for k := range d {
		a.High[k] *= scale
		a.Low[k] *= scale
	}
	return nil
}

// zeros returns n zeros, in the memory of s if that suffices.
func zeros(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// attributor is the memory in which one tree's attribution is computed.
type attributor struct {
	high, low    []float64 // the result of tree
	above, below []float64 // how far x lies outside of the box, by dimension
	inside       []bool    // dimensions in which x was found inside of a box: no box above changes that
	lo, hi       []float32 // for a known point: the box of the tree without it
}

func newAttributor(d int) attributor {
	return attributor{
		high: make([]float64, d), low: make([]float64, d), above: make([]float64, d), below: make([]float64, d),
		inside: make([]bool, d), lo: make([]float32, d), hi: make([]float32, d),
	}
}

func (a *attributor) bytes() int { return len(a.high) * (4*8 + 2*4 + 1) }

// tree computes the attribution of one tree, which must not be empty.
func (a *attributor) tree(t *tree, x []float32, ln []float64) {
	clear(a.inside)
	id, depth := t.find(x)
	known := samePoint(x, t.point(id))
	var saved float64
	if known {
		saved = t.seen(id, depth, ln)
		share := saved / float64(2*len(x))
		for i := range x {
			a.high[i], a.low[i] = share, share
		}
	} else {
		saved = 1 / float64(depth+1)
		p := t.point(id)
		extent, _ := a.outside(p, p, x)
		for i := range x {
			a.high[i] = float64(saved*a.above[i]) / extent
			a.low[i] = float64(saved*a.below[i]) / extent
		}
	}
	// For a known point the boxes are those of a tree without its leaf: the union of the siblings on the way up.
	from := id
	for id := t.parent(id); id != none; id = t.nodes[id].parent {
		lo, hi := t.box(id)
		if known {
			n := &t.nodes[id]
			siblingLo, siblingHi := t.box(n.child[side(n.child[0] == from)])
			if from < 0 {
				copy(a.lo, siblingLo)
				copy(a.hi, siblingHi)
			} else {
				grow(a.lo, a.hi, siblingLo)
				grow(a.lo, a.hi, siblingHi)
			}
			lo, hi, from = a.lo, a.hi, id
		}
		extent, out := a.outside(lo, hi, x)
		p := out / extent
		if p <= 0 {
			break
		}
		score := 1 / float64(depth) // depth is that of the node below
		for i := range x {
			a.high[i] = float64(a.above[i]/extent*score) + float64((1-p)*a.high[i])
			a.low[i] = float64(a.below[i]/extent*score) + float64((1-p)*a.low[i])
		}
		depth--
	}
	if known {
		a.rescale(saved)
	}
	scale := ln[t.mass()+1]
	for i := range x {
		a.high[i] = float64(a.high[i]*scale) / math.Ln2
		a.low[i] = float64(a.low[i]*scale) / math.Ln2
	}
}

// outside sets above and below to how far x lies outside of the box, and returns the sum of these and the sum of the
// sides of the box extended by x.
func (a *attributor) outside(lo, hi, x []float32) (extent, out float64) {
	for i, v := range x {
		low, high := min(lo[i], v), max(hi[i], v)
		extent += float64(high - low)
		a.above[i], a.below[i] = 0, 0
		if a.inside[i] {
			continue
		}
		// In float64, unlike the sides.
		a.above[i] = max(float64(high)-float64(hi[i]), 0)
		a.below[i] = max(float64(lo[i])-float64(low), 0)
		sum := a.below[i] + a.above[i]
		a.inside[i] = sum == 0
		out += sum
	}
	return extent, out
}

// rescale makes the entries add up to sum.
func (a *attributor) rescale(sum float64) {
	var now float64
	for i := range a.high {
		now += a.high[i] + a.low[i]
	}
	if now <= 0 {
		return
	}
	factor := sum / now
	for i := range a.high {
		a.high[i] *= factor
		a.low[i] *= factor
	}
}
