package rcf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// The portable form of a forest, everything little-endian:
//
//	magic    "rcf" and the version, a byte
//	options  with all defaults filled in
//	updates  uvarint; then the shingle, with internal shingling
//	trees    per tree: its seed, its sampler's seed, the nodes from the root down, left before right, the heap in its order
//	crc      32-bit Castagnoli checksum of all of the above
//
// An inner node is a 0, the cut's dimension and value; a leaf is its mass, which isn't 0, and its point. An entry of the heap
// is a weight and which leaf, counted as the leaves come. Everything else (boxes, masses, bounds) follows from these.
const (
	forestMagic   = "rcf"
	forestVersion = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBinary appends the forest in a portable form, from which UnmarshalBinary makes one whose future is the same bit for
// bit. It implements encoding.BinaryAppender; the error is always nil.
func (f *Forest) AppendBinary(dst []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, forestMagic...)
	dst = append(dst, forestVersion)
	dst = f.options.append(dst)
	dst = binary.AppendUvarint(dst, uint64(f.updates))
	dst = appendFloats(dst, f.shingle)
	for i := range f.trees {
		dst = f.appendTree(dst, &f.trees[i], &f.samplers[i])
	}
	return appendSum(dst, start), nil
}

// MarshalBinary is AppendBinary to nothing. It implements encoding.BinaryMarshaler.
func (f *Forest) MarshalBinary() ([]byte, error) { return f.AppendBinary(nil) }

// UnmarshalBinary makes the forest the one that MarshalBinary was called on. It implements encoding.BinaryUnmarshaler. An error
// says that data is damaged or of another version; the forest is then as it was.
func (f *Forest) UnmarshalBinary(data []byte) error {
	r, err := openReader(data, forestMagic, forestVersion)
	if err != nil {
		return fmt.Errorf("random cut forest: %w", err)
	}
	restored, err := readForest(r)
	if err == nil {
		err = r.close()
	}
	if err != nil {
		return fmt.Errorf("random cut forest: %w", err)
	}
	*f = *restored
	return nil
}

const (
	flagShingling = 1 << iota
	flagRotation
)

func (o *Options) append(dst []byte) []byte {
	flags := uint64(0)
	if o.InternalShingling {
		flags |= flagShingling
	}
	if o.InternalRotation {
		flags |= flagRotation
	}
	for _, n := range []uint64{uint64(o.Dimensions), uint64(o.ShingleSize), flags, uint64(o.Trees), uint64(o.SampleSize), uint64(o.OutputAfter)} {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = appendFloat64(dst, *o.TimeDecay)
	dst = appendFloat64(dst, o.InitialAcceptFraction)
	return binary.LittleEndian.AppendUint64(dst, uint64(o.Seed))
}

func readOptions(r *reader) (Options, error) {
	o := Options{Dimensions: r.int(), ShingleSize: r.int()}
	flags := r.int()
	o.InternalShingling, o.InternalRotation = flags&flagShingling != 0, flags&flagRotation != 0
	o.Trees, o.SampleSize, o.OutputAfter = r.int(), r.int(), r.int()
	o.TimeDecay, o.InitialAcceptFraction, o.Seed = new(r.float64()), r.float64(), int64(r.uint64())
	switch {
	case r.err != nil:
		return o, r.err
	case flags > flagShingling|flagRotation:
		return o, r.fail("flags are %d", flags)
	}
	filled, err := o.withDefaults()
	switch {
	case err != nil:
		return o, r.fail("%w", err)
	case filled != o:
		return o, r.fail("its options have gaps")
	}
	return o, nil
}

func (f *Forest) appendTree(dst []byte, t *tree, s *sampler) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(t.seed))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.seed))
	dst = binary.AppendUvarint(dst, uint64(len(s.heap)))
	if t.empty() {
		return dst
	}
	if n := len(t.leaves); cap(f.ordinals) < n {
		f.ordinals = make([]int32, n)
	}
	ordinals, next := f.ordinals[:len(t.leaves)], int32(0)
	for id := t.root; ; {
		for id >= 0 {
			n := &t.nodes[id]
			dst = append(dst, 0)
			dst = binary.AppendUvarint(dst, uint64(n.cut.dim))
			dst = appendFloat32(dst, n.cut.value)
			id = n.child[0]
		}
		dst = binary.AppendUvarint(dst, uint64(t.leaves[^id].mass))
		dst = appendFloats(dst, t.point(id))
		ordinals[^id] = next
		next++
		// On to the nearest right child that hasn't been visited.
		up := t.parent(id)
		for up != none && t.nodes[up].child[1] == id {
			id, up = up, t.nodes[up].parent
		}
		if up == none {
			break
		}
		id = t.nodes[up].child[1]
	}
	for _, e := range s.heap {
		dst = appendFloat32(dst, e.weight)
		dst = binary.AppendUvarint(dst, uint64(ordinals[^e.leaf]))
	}
	return dst
}

func readForest(r *reader) (*Forest, error) {
	o, err := readOptions(r)
	if err != nil {
		return nil, err
	}
	if least := 17 * o.Trees; len(r.data) < least {
		return nil, r.fail("%d bytes are left for %d trees", len(r.data), o.Trees)
	}
	f, err := New(o)
	if err != nil {
		return nil, err
	}
	updates := r.uvarint()
	if updates > math.MaxInt64 {
		return nil, r.fail("%d points were added", updates)
	}
	f.updates = int64(updates)
	r.points(f.shingle)
	for i := range f.trees {
		if err := readTree(r, &f.trees[i], &f.samplers[i]); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return f, r.err
}

// readTree fills an empty tree and its sampler. It checks all that the code relies on, so that data which was made up can't
// make it fail later.
func readTree(r *reader, t *tree, s *sampler) error {
	t.seed, s.seed = int64(r.uint64()), int64(r.uint64())
	size := r.int()
	if size > int(t.capacity) {
		return r.fail("the sample has %d points, at most %d are possible", size, t.capacity)
	}
	if r.err != nil || size == 0 {
		return r.err
	}
	if err := readNodes(r, t, size); err != nil {
		return err
	}
	rest := make([]int32, len(t.leaves)) // copies that have no entry in the heap yet
	for i, l := range t.leaves {
		rest[i] = l.mass
	}
	s.heap = extend(s.heap, size, int(t.capacity))
	for i := range s.heap {
		e := sampled{r.float32(), 0}
		leaf := r.int()
		switch {
		case r.err != nil:
			return r.err
		case leaf >= len(rest) || rest[leaf] == 0:
			return r.fail("an entry of the sample is of leaf %d, which hasn't so many copies", leaf)
		case !(e.weight <= math.MaxFloat32): // minus infinity may be: a decay can be that steep
			return r.fail("a weight is %v", e.weight)
		case i > 0 && e.weight > s.heap[(i-1)/2].weight:
			return r.fail("the weights are in disorder")
		}
		e.leaf = ^int32(leaf) // readNodes numbers leaves as they come
		rest[leaf]--
		s.heap[i] = e
	}
	return nil
}

// readNodes reads the nodes of a tree of the given mass.
func readNodes(r *reader, t *tree, size int) error {
	x := make([]float32, t.dims)
	mass := 0
	parent, slot := none, 0 // where the next node goes
	for {
		var id int32
		copies := r.int()
		if copies == 0 {
			c := cut{int32(min(r.int(), math.MaxInt32)), r.float32()}
			switch {
			case r.err != nil:
				return r.err
			case c.dim >= t.dims || c.value-c.value != 0:
				return r.fail("a cut is at %v in dimension %d", c.value, c.dim)
			case len(t.nodes) >= size-1:
				return r.fail("%d points have more than %d inner nodes", size, size-1)
			}
			id = t.newNode()
			t.nodes[id] = node{child: [2]int32{none, none}, parent: parent, cut: c}
		} else {
			r.points(x)
			mass += min(copies, size+1)
			switch {
			case r.err != nil:
				return r.err
			case mass > size:
				return r.fail("the leaves have more than the %d points of the sample", size)
			}
			id = t.newLeaf(x, parent)
			t.leaves[^id].mass = int32(copies)
		}
		if parent == none {
			t.root = id
		} else {
			t.nodes[parent].child[slot] = id
		}
		if id >= 0 {
			parent, slot = id, 0
			continue
		}
		for parent != none && t.nodes[parent].child[1] != none {
			if err := t.complete(parent); err != nil {
				return r.fail("%w", err)
			}
			parent = t.nodes[parent].parent
		}
		if parent == none {
			break
		}
		slot = 1
	}
	if mass != size {
		return r.fail("the leaves have %d points, the sample %d", mass, size)
	}
	return nil
}

var errCut = errors.New("a cut doesn't part the points below it")

// complete gives an inner node that has its children the mass and box that follow from them.
func (t *tree) complete(id int32) error {
	n := &t.nodes[id]
	n.mass = t.massOf(n.child[0]) + t.massOf(n.child[1])
	t.rebox(id)
	lo, hi := t.box(id)
	n.rangeSum = rangeSum(lo, hi)
	_, leftHi := t.box(n.child[0])
	rightLo, _ := t.box(n.child[1])
	if d := n.cut.dim; leftHi[d] > n.cut.value || rightLo[d] <= n.cut.value {
		return errCut
	}
	return nil
}

func appendFloat64(dst []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
}

func appendFloat32(dst []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
}

func appendFloats(dst []byte, xs []float32) []byte {
	for _, x := range xs {
		dst = appendFloat32(dst, x)
	}
	return dst
}

// appendSum appends the checksum of what dst has from start on.
func appendSum(dst []byte, start int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// reader takes values off data. After the first error it gives zeros.
type reader struct {
	data []byte
	err  error
}

// openReader checks checksum, magic and version.
func openReader(data []byte, magic string, version byte) (*reader, error) {
	header := len(magic) + 1
	switch {
	case len(data) < header+4 || string(data[:len(magic)]) != magic:
		return nil, fmt.Errorf("data of %d bytes doesn't begin as a state does; was it written by something else?", len(data))
	case data[len(magic)] != version:
		return nil, fmt.Errorf("state is of version %d, this program knows version %d", data[len(magic)], version)
	}
	body := data[:len(data)-4]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(data[len(body):]); got != want {
		return nil, fmt.Errorf("state is damaged: its checksum is %08x, it says %08x", got, want)
	}
	return &reader{data: body[header:]}, nil
}

// fail records an error, unless there is one already, and returns the first.
func (r *reader) fail(format string, args ...any) error {
	if r.err == nil {
		r.err = fmt.Errorf("state is damaged: "+format, args...)
	}
	r.data = nil
	return r.err
}

func (r *reader) close() error {
	if r.err == nil && len(r.data) > 0 {
		return r.fail("%d bytes follow its end", len(r.data))
	}
	return r.err
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.fail("it ends early")
		return 0
	}
	r.data = r.data[size:]
	return n
}

// int reads a number that is no index beyond any memory.
func (r *reader) int() int {
	n := r.uvarint()
	if n > math.MaxInt32 {
		r.fail("a number is %d", n)
		return 0
	}
	return int(n)
}

func (r *reader) uint64() uint64 {
	if len(r.data) < 8 {
		r.fail("it ends early")
		return 0
	}
	n := binary.LittleEndian.Uint64(r.data)
	r.data = r.data[8:]
	return n
}

func (r *reader) float64() float64 { return math.Float64frombits(r.uint64()) }

func (r *reader) float32() float32 {
	if len(r.data) < 4 {
		r.fail("it ends early")
		return 0
	}
	n := binary.LittleEndian.Uint32(r.data)
	r.data = r.data[4:]
	return math.Float32frombits(n)
}

// points fills x with numbers that may be in points: finite, and no minus zero.
func (r *reader) points(x []float32) {
	for i := range x {
		v := r.float32()
		if v-v != 0 || v == 0 && math.Signbit(float64(v)) {
			r.fail("a point has %v", v)
			return
		}
		x[i] = v
	}
}
