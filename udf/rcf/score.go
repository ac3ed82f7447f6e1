package rcf

import "math"

// score is the forest's score of x, which has the trees' dimensions; no tree may be empty.
func (f *Forest) score(x []float32) float64 {
	var sum float64
	trees := f.trees
	var ids, depths [lanes]int32
	for ; len(trees) >= lanes; trees = trees[lanes:] {
		walk((*[lanes]tree)(trees), x, &ids, &depths)
		for i := range lanes {
			sum += trees[i].scoreAt(ids[i], int(depths[i]), x, f.ln)
		}
	}
	for i := range trees {
		sum += trees[i].score(x, f.ln)
	}
	return sum / float64(len(f.trees))
}

// score is the expected inverse depth at which x would be cut off from the tree's points, scaled by the tree's mass:
// about 1 for ordinary points, more for outliers. ln is the table of logarithms; the tree must not be empty.
func (t *tree) score(x []float32, ln []float64) float64 {
	id, depth := t.find(x)
	return t.scoreAt(id, depth, x, ln)
}

// scoreAt is score when find is done.
func (t *tree) scoreAt(id int32, depth int, x []float32, ln []float64) float64 {
	var s float64
	switch {
	case samePoint(x, t.point(id)):
		s = t.seen(id, depth, ln)
	case len(x) == 1:
		s = t.climb1(t.leaves[^id].parent, depth, x[0], 1/float64(depth+1))
	default:
		s = t.climb(t.leaves[^id].parent, depth, x, 1/float64(depth+1))
	}
	return float64(s*ln[t.mass()+1]) / math.Ln2
}

// seen is the score of a point that equals a leaf's, before it is scaled: copies of it dampen the score and count as extra
// depth.
func (t *tree) seen(id int32, depth int, ln []float64) float64 {
	mass := t.leaves[^id].mass
	damped := 1 - float64(mass)/float64(2*float64(t.mass()))
	return float64(damped * (1 / (float64(depth) + ln[mass+1]/math.Ln2)))
}

// climb folds the ancestors into the score s of a leaf: at each box there is a chance, proportional to how far x lies
// outside, that a cut would already separate x there. The first box that holds x ends it. depth is that of the node below.
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
		s = float64(p*(1/float64(depth))) + float64((1-p)*s)
		id = n.parent
	}
	return s
}

// climb1 is climb in one dimension.
func (t *tree) climb1(id int32, depth int, x float32, s float64) float64 {
	for ; id != none; depth-- {
		box := t.boxes[2*id : 2*id+2]
		lo, hi := box[0], box[1]
		out := float64(max(lo-x, x-hi))
		if out <= 0 {
			break
		}
		n := &t.nodes[id]
		p := out / (n.rangeSum + out)
		s = float64(p*(1/float64(depth))) + float64((1-p)*s)
		id = n.parent
	}
	return s
}
