package rcf

// lanes is how many trees are walked at once. A step down has to wait for the memory of the step before, and the steps
// of other trees fit in between.
const lanes = 4

// walk is find in several trees, none of them empty. It has no jumps but the loop's: a lane that has come to a leaf goes
// on reading the tree's node 0 and stays where it is.
func walk(trees *[lanes]tree, x []float32, ids, depths *[lanes]int32) {
	nodesA, nodesB, nodesC, nodesD := trees[0].nodes, trees[1].nodes, trees[2].nodes, trees[3].nodes
	if min(len(nodesA), len(nodesB), len(nodesC), len(nodesD)) == 0 {
		for i := range trees { // a tree that has been a single leaf so far has no node 0
			id, depth := trees[i].find(x)
			ids[i], depths[i] = id, int32(depth)
		}
		return
	}
	a, b, c, d := trees[0].root, trees[1].root, trees[2].root, trees[3].root
	var depthA, depthB, depthC, depthD int32
	for a&b&c&d >= 0 {
		a, depthA = descend(nodesA, a, depthA, x)
		b, depthB = descend(nodesB, b, depthB, x)
		c, depthC = descend(nodesC, c, depthC, x)
		d, depthD = descend(nodesD, d, depthD, x)
	}
	*ids = [lanes]int32{a, b, c, d}
	*depths = [lanes]int32{depthA, depthB, depthC, depthD}
}

// descend goes one step down, or stays at a leaf.
func descend(nodes []node, id, depth int32, x []float32) (int32, int32) {
	atLeaf := id >> 31 // all ones at a leaf
	n := &nodes[id&^atLeaf]
	next := n.child[side(x[n.cut.dim] > n.cut.value)]
	return next&^atLeaf | id&atLeaf, depth + 1 + atLeaf
}
