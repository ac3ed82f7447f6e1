package rcf

import (
	"math"
	"unsafe"
)

// none is the node number of nothing: the parent of a root, the end of a free list.
const none = int32(math.MinInt32)

// node is an inner node. Half a cache line, since walking down is where the time goes. Node numbers from 0 on are inner
// nodes, negative ones are leaves: the leaf i has the number ^i.
type node struct {
	child    [2]int32 // left, right
	parent   int32
	mass     int32 // points below, copies counted
	cut      cut
	rangeSum float64 // the sum of the box's side lengths
}

// leaf is a point of the sample and how many copies of it there are.
type leaf struct {
	parent int32
	mass   int32
}

// tree is one random cut tree over at most capacity points. Equal points share a leaf. Storage grows with the sample and
// is then used again: a full tree doesn't allocate.
type tree struct {
	dims               int32
	capacity           int32
	root               int32
	freeNode, freeLeaf int32 // lists of unused numbers, linked by parent
	seed               int64 // of the generator for the next insertion that cuts
	nodes              []node
	boxes              []float32 // per inner node dims minima, then dims maxima
	leaves             []leaf
	points             []float32 // per leaf dims values
}

func newTree(capacity, dims int) tree {
	return tree{dims: int32(dims), capacity: int32(capacity)}
}

func (t *tree) reset(seed int64) {
	t.seed, t.root, t.freeNode, t.freeLeaf = seed, none, none, none
	t.nodes, t.boxes, t.leaves, t.points = t.nodes[:0], t.boxes[:0], t.leaves[:0], t.points[:0]
}

// bytes is the memory that the tree holds.
func (t *tree) bytes() int {
	return int(unsafe.Sizeof(*t)) + 32*cap(t.nodes) + 8*cap(t.leaves) + 4*(cap(t.boxes)+cap(t.points))
}

func (t *tree) empty() bool { return t.root == none }

// mass is the number of points in the tree, copies counted.
func (t *tree) mass() int32 {
	if t.root == none {
		return 0
	}
	return t.massOf(t.root)
}

// massOf is the number of points below a node.
func (t *tree) massOf(id int32) int32 {
	if id < 0 {
		return t.leaves[^id].mass
	}
	return t.nodes[id].mass
}

func (t *tree) point(id int32) []float32 {
	d := int(t.dims)
	i := int(^id) * d
	return t.points[i : i+d : i+d]
}

// box returns the bounding box below a node; writing to an inner node's changes it.
func (t *tree) box(id int32) (lo, hi []float32) {
	if id < 0 {
		p := t.point(id)
		return p, p
	}
	d := int(t.dims)
	i := int(id) * 2 * d
	j := i + d
	return t.boxes[i:j:j], t.boxes[j : j+d : j+d]
}

func (t *tree) parent(id int32) int32 {
	if id < 0 {
		return t.leaves[^id].parent
	}
	return t.nodes[id].parent
}

func (t *tree) setParent(id, parent int32) {
	if id < 0 {
		t.leaves[^id].parent = parent
	} else {
		t.nodes[id].parent = parent
	}
}

// find walks down to the leaf on x's side of every cut. The tree must not be empty. depth counts from 0 at the root.
func (t *tree) find(x []float32) (id int32, depth int) {
	id = t.root
	nodes := t.nodes
	for id >= 0 {
		n := &nodes[id]
		id = n.child[side(x[n.cut.dim] > n.cut.value)]
		depth++
	}
	return id, depth
}

// side is 1 for true. It compiles to an instruction without a jump, and which way a point goes can't be predicted.
func side(right bool) int {
	var i int
	if right {
		i = 1
	}
	return i & 1
}

// insert adds a point and returns the leaf that now stores it.
func (t *tree) insert(x []float32) int32 {
	if t.root == none {
		t.root = t.newLeaf(x, none)
		return t.root
	}
	found, _ := t.find(x)
	if samePoint(x, t.point(found)) {
		l := &t.leaves[^found]
		l.mass++
		for id := l.parent; id != none; id = t.nodes[id].parent {
			t.nodes[id].mass++
		}
		return found
	}
	if len(x) == 1 {
		below, c := t.chooseCut1(found, x[0])
		return t.split(below, c, x)
	}
	below, c := t.chooseCut(found, x)
	return t.split(below, c, x)
}

// chooseCut climbs from the leaf found for x and draws one cut per level, until the box holds x. The highest cut that
// separates x from the box wins: x becomes the sibling of that box's node. At the leaf every cut separates.
func (t *tree) chooseCut(found int32, x []float32) (below int32, c cut) {
	random := newJavaRandom(t.seed)
	t.seed = random.nextLong()
	for id := found; ; id = t.parent(id) {
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

// chooseCut1 is chooseCut in one dimension.
func (t *tree) chooseCut1(found int32, x float32) (below int32, c cut) {
	random := newJavaRandom(t.seed)
	t.seed = random.nextLong()
	lo := t.points[^found]
	hi := lo
	for id := found; ; {
		value := randomCut1(random.nextDouble(), min(lo, x), max(hi, x))
		if x <= value && value < lo || x > value && value >= hi {
			below, c = id, cut{value: value}
		}
		if id == t.root || lo <= x && x <= hi {
			return below, c
		}
		id = t.parent(id)
		lo, hi = t.boxes[2*id], t.boxes[2*id+1]
	}
}

// split puts a new inner node with the given cut in the place of node below, which becomes the sibling of x's leaf.
func (t *tree) split(below int32, c cut, x []float32) int32 {
	parent := t.parent(below)
	id := t.newNode()
	added := t.newLeaf(x, id)

	n := &t.nodes[id]
	*n = node{child: [2]int32{below, added}, parent: parent, mass: t.massOf(below) + 1, cut: c}
	if c.goesLeft(x) {
		n.child = [2]int32{added, below}
	}
	t.replaceChild(parent, below, id)
	t.setParent(below, id)

	lo, hi := t.box(id)
	belowLo, belowHi := t.box(below)
	copy(lo, belowLo)
	copy(hi, belowHi)
	grow(lo, hi, x)
	n.rangeSum = rangeSum(lo, hi)

	id = parent
	for ; id != none; id = t.nodes[id].parent {
		lo, hi := t.box(id)
		if contains(lo, hi, x) {
			break // a box that x doesn't change lies in boxes that x doesn't change
		}
		grow(lo, hi, x)
		n := &t.nodes[id]
		n.rangeSum = rangeSum(lo, hi)
		n.mass++
	}
	for ; id != none; id = t.nodes[id].parent {
		t.nodes[id].mass++
	}
	return added
}

// remove takes one copy of the leaf's point out of the tree.
func (t *tree) remove(id int32) {
	l := &t.leaves[^id]
	parent := l.parent
	l.mass--
	if l.mass > 0 {
		for id := parent; id != none; id = t.nodes[id].parent {
			t.nodes[id].mass--
		}
		return
	}
	l.parent, t.freeLeaf = t.freeLeaf, id
	if parent == none {
		t.root = none
		return
	}
	n := &t.nodes[parent]
	sibling := n.child[side(n.child[0] == id)]
	above := n.parent
	t.replaceChild(above, parent, sibling)
	t.setParent(sibling, above)
	n.parent, t.freeNode = t.freeNode, parent

	id = above
	for ; id != none; id = t.nodes[id].parent {
		t.nodes[id].mass--
		if !t.rebox(id) {
			id = t.nodes[id].parent
			break // the boxes above are made of this one, which stayed as it was
		}
	}
	for ; id != none; id = t.nodes[id].parent {
		t.nodes[id].mass--
	}
}

// rebox recomputes a node's box from those of its children, and tells whether that changed it.
func (t *tree) rebox(id int32) (changed bool) {
	n := &t.nodes[id]
	lo, hi := t.box(id)
	leftLo, leftHi := t.box(n.child[0])
	rightLo, rightHi := t.box(n.child[1])
	for i := range lo {
		l, h := min(leftLo[i], rightLo[i]), max(leftHi[i], rightHi[i])
		changed = changed || l != lo[i] || h != hi[i]
		lo[i], hi[i] = l, h
	}
	if changed {
		n.rangeSum = rangeSum(lo, hi)
	}
	return changed
}

// newNode returns the number of an unused inner node, whose fields and box are to be set.
func (t *tree) newNode() int32 {
	if id := t.freeNode; id != none {
		t.freeNode = t.nodes[id].parent
		return id
	}
	id := len(t.nodes)
	t.nodes = extend(t.nodes, 1, int(t.capacity-1))
	t.boxes = extend(t.boxes, int(2*t.dims), int(2*t.dims*(t.capacity-1)))
	return int32(id)
}

func (t *tree) newLeaf(x []float32, parent int32) int32 {
	id := t.freeLeaf
	if id != none {
		t.freeLeaf = t.leaves[^id].parent
	} else {
		id = ^int32(len(t.leaves))
		t.leaves = extend(t.leaves, 1, int(t.capacity))
		t.points = extend(t.points, int(t.dims), int(t.dims*t.capacity))
	}
	t.leaves[^id] = leaf{parent: parent, mass: 1}
	copy(t.point(id), x)
	return id
}

// extend makes s n longer. The capacity doubles, up to most: a young forest is small, and a full one has no waste.
func extend[T any](s []T, n, most int) []T {
	length := len(s) + n
	if length > cap(s) {
		grown := make([]T, len(s), min(max(4*n, 2*cap(s)), most))
		copy(grown, s)
		s = grown
	}
	return s[:length]
}

// replaceChild makes child stand where old stood under parent; no parent means at the root.
func (t *tree) replaceChild(parent, old, child int32) {
	if parent == none {
		t.root = child
		return
	}
	n := &t.nodes[parent]
	n.child[side(n.child[1] == old)] = child
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
