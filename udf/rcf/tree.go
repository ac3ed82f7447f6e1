package rcf

// none is the node number of nothing: the root of an empty tree, the parent of a root.
const none = int32(-1)

// node is an inner node or a leaf of a tree. Inner nodes have numbers below tree.leafBase, leaves from there on; a
// leaf uses only parent and mass.
type node struct {
	parent, left, right int32
	mass                int32 // points below, copies counted
	cut                 cut
	rangeSum            float64 // inner nodes: the sum of the box's side lengths
}

// tree is one random cut tree over at most capacity points. Equal points share a leaf. All storage is allocated at
// the start, so inserting and deleting never allocate.
type tree struct {
	dims     int
	leafBase int32
	root     int32
	seed     int64     // of the generator for the next insertion that cuts
	nodes    []node    // capacity-1 inner nodes, then capacity leaves
	boxes    []float32 // per inner node dims minima, then dims maxima
	points   []float32 // per leaf dims values
	freeNode []int32   // unused inner nodes
	freeLeaf []int32
}

func newTree(capacity, dims int) tree {
	return tree{
		dims:     dims,
		leafBase: int32(capacity - 1),
		nodes:    make([]node, 2*capacity-1),
		boxes:    make([]float32, 2*dims*(capacity-1)),
		points:   make([]float32, dims*capacity),
		freeNode: make([]int32, 0, capacity-1),
		freeLeaf: make([]int32, 0, capacity),
	}
}

func (t *tree) reset(seed int64) {
	t.seed, t.root = seed, none
	t.freeNode, t.freeLeaf = t.freeNode[:0], t.freeLeaf[:0]
	for id := int32(len(t.nodes)) - 1; id >= t.leafBase; id-- {
		t.freeLeaf = append(t.freeLeaf, id)
	}
	for id := t.leafBase - 1; id >= 0; id-- {
		t.freeNode = append(t.freeNode, id)
	}
}

// mass is the number of points in the tree, copies counted.
func (t *tree) mass() int32 {
	if t.root == none {
		return 0
	}
	return t.nodes[t.root].mass
}

func (t *tree) point(leaf int32) []float32 {
	i := int(leaf-t.leafBase) * t.dims
	return t.points[i : i+t.dims : i+t.dims]
}

// box returns the bounding box below a node; writing to an inner node's changes it.
func (t *tree) box(id int32) (lo, hi []float32) {
	if id >= t.leafBase {
		p := t.point(id)
		return p, p
	}
	i := int(id) * 2 * t.dims
	j := i + t.dims
	return t.boxes[i:j:j], t.boxes[j : j+t.dims : j+t.dims]
}

// find walks down to the leaf on x's side of every cut. The tree must not be empty. depth counts from 0 at the root.
func (t *tree) find(x []float32) (leaf int32, depth int) {
	id := t.root
	for id < t.leafBase {
		n := &t.nodes[id]
		if n.cut.goesLeft(x) {
			id = n.left
		} else {
			id = n.right
		}
		depth++
	}
	return id, depth
}

// insert adds a point and returns the leaf that now stores it.
func (t *tree) insert(x []float32) int32 {
	if t.root == none {
		t.root = t.newLeaf(x, none)
		return t.root
	}
	found, _ := t.find(x)
	if samePoint(x, t.point(found)) {
		for id := found; id != none; id = t.nodes[id].parent {
			t.nodes[id].mass++
		}
		return found
	}
	below, c := t.chooseCut(found, x)
	return t.split(below, c, x)
}

// chooseCut climbs from the leaf found for x and draws one cut per level, until the box holds x. The highest cut that
// separates x from the box wins: x becomes the sibling of that box's node. At the leaf every cut separates.
func (t *tree) chooseCut(found int32, x []float32) (below int32, c cut) {
	random := newJavaRandom(t.seed)
	t.seed = random.nextLong()
	for id := found; ; id = t.nodes[id].parent {
		lo, hi := t.box(id)
		// The draw comes first even where x is already inside: the reference draws there, too.
		drawn := randomCut(random.nextDouble(), lo, hi, x)
		if drawn.separates(x, lo, hi) {
			below, c = id, drawn
		}
		if id == t.root || contains(lo, hi, x) {
			return below, c
		}
	}
}

// split puts a new inner node with the given cut in the place of node below, which becomes the sibling of x's leaf.
func (t *tree) split(below int32, c cut, x []float32) int32 {
	last := len(t.freeNode) - 1
	id := t.freeNode[last]
	t.freeNode = t.freeNode[:last]
	leaf := t.newLeaf(x, id)

	parent := t.nodes[below].parent
	n := &t.nodes[id]
	*n = node{parent: parent, left: below, right: leaf, mass: t.nodes[below].mass + 1, cut: c}
	if c.goesLeft(x) {
		n.left, n.right = leaf, below
	}
	t.replaceChild(parent, below, id)
	t.nodes[below].parent = id

	lo, hi := t.box(id)
	belowLo, belowHi := t.box(below)
	copy(lo, belowLo)
	copy(hi, belowHi)
	grow(lo, hi, x)
	n.rangeSum = rangeSum(lo, hi)

	inside := false
	for id := parent; id != none; id = t.nodes[id].parent {
		n := &t.nodes[id]
		n.mass++
		if inside {
			continue // a box that x doesn't change lies in boxes that x doesn't change
		}
		lo, hi := t.box(id)
		if inside = contains(lo, hi, x); !inside {
			grow(lo, hi, x)
			n.rangeSum = rangeSum(lo, hi)
		}
	}
	return leaf
}

// remove takes one copy of the leaf's point out of the tree.
func (t *tree) remove(leaf int32) {
	parent := t.nodes[leaf].parent
	if t.nodes[leaf].mass > 1 {
		for id := leaf; id != none; id = t.nodes[id].parent {
			t.nodes[id].mass--
		}
		return
	}
	t.freeLeaf = append(t.freeLeaf, leaf)
	if parent == none {
		t.root = none
		return
	}
	sibling := t.nodes[parent].left
	if sibling == leaf {
		sibling = t.nodes[parent].right
	}
	above := t.nodes[parent].parent
	t.replaceChild(above, parent, sibling)
	t.nodes[sibling].parent = above
	t.freeNode = append(t.freeNode, parent)

	for id := above; id != none; id = t.nodes[id].parent {
		t.nodes[id].mass--
		t.rebox(id)
	}
}

// rebox recomputes a node's box from those of its children.
func (t *tree) rebox(id int32) {
	n := &t.nodes[id]
	lo, hi := t.box(id)
	leftLo, leftHi := t.box(n.left)
	rightLo, rightHi := t.box(n.right)
	for i := range lo {
		lo[i] = min(leftLo[i], rightLo[i])
		hi[i] = max(leftHi[i], rightHi[i])
	}
	n.rangeSum = rangeSum(lo, hi)
}

func (t *tree) newLeaf(x []float32, parent int32) int32 {
	last := len(t.freeLeaf) - 1
	leaf := t.freeLeaf[last]
	t.freeLeaf = t.freeLeaf[:last]
	t.nodes[leaf] = node{parent: parent, mass: 1}
	copy(t.point(leaf), x)
	return leaf
}

// replaceChild makes child stand where old stood under parent; no parent means at the root.
func (t *tree) replaceChild(parent, old, child int32) {
	switch {
	case parent == none:
		t.root = child
	case t.nodes[parent].left == old:
		t.nodes[parent].left = child
	default:
		t.nodes[parent].right = child
	}
}

func samePoint(a, b []float32) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

func contains(lo, hi, x []float32) bool {
	for i, v := range x {
		if v < lo[i] || v > hi[i] {
			return false
		}
	}
	return true
}

func grow(lo, hi, x []float32) {
	for i, v := range x {
		lo[i] = min(lo[i], v)
		hi[i] = max(hi[i], v)
	}
}

func rangeSum(lo, hi []float32) float64 {
	var sum float64
	for i, h := range hi {
		sum += float64(h - lo[i])
	}
	return sum
}
