package rcf

import "math"

// score is the expected inverse depth at which x would be cut off from the tree's points, scaled by the tree's mass:
// about 1 for ordinary points, more for outliers. ln is the table of logarithms; the tree must not be empty.
func (t *tree) score(x []float32, ln []float64) float64 {
	leaf, depth := t.find(x)
	total := t.nodes[t.root].mass
	n := &t.nodes[leaf]
	var s float64
	if samePoint(x, t.point(leaf)) {
		// A known point: copies beside it dampen the score and count as extra depth.
		damped := 1 - float64(n.mass)/float64(2*float64(total))
		s = float64(damped * (1 / (float64(depth) + ln[n.mass+1]/math.Ln2)))
	} else {
		s = t.climb(n.parent, depth-1, x, 1/float64(depth+1))
	}
	return float64(s*ln[total+1]) / math.Ln2
}

// climb folds the ancestors into the score s of a leaf: at each box there is a chance, proportional to how far x lies
// outside, that a cut would already separate x there. The first box that holds x ends it.
func (t *tree) climb(id int32, depth int, x []float32, s float64) float64 {
	for ; id != none; depth-- {
		lo, hi := t.box(id)
		var below, above float64
		for i, v := range x {
			below += float64(max(lo[i]-v, 0))
			above += float64(max(v-hi[i], 0))
		}
		out := above + below
		if out == 0 {
			break
		}
		n := &t.nodes[id]
		p := out / (n.rangeSum + out)
		s = float64(p*(1/float64(depth+1))) + float64((1-p)*s)
		id = n.parent
	}
	return s
}
