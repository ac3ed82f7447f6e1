package rcf

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
)

// goldenNode is a subtree of the recording.
type goldenNode struct {
	Leaf        []float32
	Mass        int32
	Dim         int32
	Cut         float32
	Left, Right *goldenNode
}

// TestStateEqualsTheReferenceStepByStep compares seeds, heaps and trees of two tiny forests after every update. It
// finds the step at which a change goes wrong; the recordings of scores only tell that it did.
func TestStateEqualsTheReferenceStepByStep(t *testing.T) {
	var golden struct {
		Cases []struct {
			Name    string
			Builder goldenBuilder
			Seed    int64
			Initial []struct{ TreeSeed, SamplerSeed string }
			Steps   []struct {
				Input goldenPoint
				Score float64
				Trees []struct {
					ScoreBefore                     float64
					TreeSeedAfter, SamplerSeedAfter string
					HeapWeights                     []float32
					HeapPoints                      [][]float32
					Tree                            *goldenNode
				}
			}
		}
	}
	readGolden(t, "testdata/trace_small.json.gz", &golden)
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			c.Builder.TimeDecayExplicit, c.Builder.OutputAfterExplicit = true, true
			f := mustNew(t, c.Builder.options(c.Seed))
			for i, want := range c.Initial {
				if got := seeds(f, i); got != [2]string{want.TreeSeed, want.SamplerSeed} {
					t.Fatalf("tree %d starts with seeds %v, reference %v", i, got, want)
				}
			}
			for i, s := range c.Steps {
				before := make([]float64, len(f.trees))
				x := slices.Clone(s.Input)
				score, err := f.Score(x)
				if err != nil {
					t.Fatal(err)
				}
				for j := range f.trees {
					if f.trees[j].mass() > 0 {
						before[j] = f.trees[j].score(f.scratch, f.ln)
					}
				}
				if err := f.Update(x); err != nil {
					t.Fatal(err)
				}
				if score != s.Score {
					t.Errorf("step %d: score %v, reference %v", i, score, s.Score)
				}
				for j, want := range s.Trees {
					at := fmt.Sprintf("step %d, tree %d", i, j)
					if before[j] != want.ScoreBefore {
						t.Errorf("%s: score %v, reference %v", at, before[j], want.ScoreBefore)
					}
					if got := seeds(f, j); got != [2]string{want.TreeSeedAfter, want.SamplerSeedAfter} {
						t.Errorf("%s: seeds %v, reference %v", at, got, want)
					}
					tr, sm := &f.trees[j], &f.samplers[j]
					if len(sm.heap) != len(want.HeapWeights) {
						t.Fatalf("%s: heap of %d, reference %d", at, len(sm.heap), len(want.HeapWeights))
					}
					for k, e := range sm.heap {
						if e.weight != want.HeapWeights[k] || !slices.Equal(tr.point(e.leaf), want.HeapPoints[k]) {
							t.Errorf("%s: heap entry %d is %v with weight %v, reference %v with %v",
								at, k, tr.point(e.leaf), e.weight, want.HeapPoints[k], want.HeapWeights[k])
						}
					}
					compareNodes(t, at, tr, tr.root, want.Tree)
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

func seeds(f *Forest, i int) [2]string {
	return [2]string{strconv.FormatInt(f.trees[i].seed, 10), strconv.FormatInt(f.samplers[i].seed, 10)}
}

// compareNodes also checks what the recording leaves implicit: parents, boxes and range sums.
func compareNodes(t *testing.T, at string, tr *tree, id int32, want *goldenNode) {
	t.Helper()
	if want == nil {
		if id != none {
			t.Errorf("%s: tree has a root, the reference none", at)
		}
		return
	}
	if want.Leaf != nil {
		if id >= 0 || !slices.Equal(tr.point(id), want.Leaf) || tr.leaves[^id].mass != want.Mass {
			t.Errorf("%s: node %d isn't the reference's leaf %v of mass %d", at, id, want.Leaf, want.Mass)
		}
		return
	}
	if id < 0 {
		t.Errorf("%s: leaf %v where the reference has a cut", at, tr.point(id))
		return
	}
	n := tr.nodes[id]
	if n.mass != want.Mass {
		t.Errorf("%s: mass %d, reference %d", at, n.mass, want.Mass)
	}
	if n.cut != (cut{want.Dim, want.Cut}) {
		t.Errorf("%s: cut %+v, reference %d at %v", at, n.cut, want.Dim, want.Cut)
	}
	lo, hi := tr.box(id)
	oldLo, oldHi := slices.Clone(lo), slices.Clone(hi)
	if tr.rebox(id) || n.rangeSum != rangeSum(lo, hi) {
		t.Errorf("%s: box of node %d is %v–%v, its children's is %v–%v", at, id, oldLo, oldHi, lo, hi)
	}
	for child, golden := range map[int32]*goldenNode{n.child[0]: want.Left, n.child[1]: want.Right} {
		if tr.parent(child) != id {
			t.Errorf("%s: parent of node %d is %d, want %d", at, child, tr.parent(child), id)
		}
		compareNodes(t, at, tr, child, golden)
	}
}
