package types

// Batch is a set of columns that travel together: the unit in which records flow between operators.
//
// A row i is present when Sel is nil or names it. Kinds is nil when every row is an insert. Who receives a batch may
// read it until the call returns and must copy what it keeps; who made it may then reuse it.
type Batch struct {
	Schema *Schema
	Cols   []*Vector
	Kinds  []RowKind // one per physical row, or nil: all Insert
	N      int       // physical rows: the length of every column
	Sel    []int32   // the rows that count, ascending, or nil: all of them

	kinds []RowKind // the buffer behind Kinds, kept while Kinds is nil
}

// NewBatch returns an empty batch of the schema.
func NewBatch(s *Schema) *Batch {
	b := &Batch{Schema: s, Cols: make([]*Vector, len(s.Fields))}
	for i, f := range s.Fields {
		b.Cols[i] = NewVector(f.Type)
	}
	return b
}

// Reset empties the batch and keeps its buffers.
func (b *Batch) Reset() {
	for _, c := range b.Cols {
		c.Reset()
	}
	if b.Kinds != nil {
		b.kinds = b.Kinds[:0]
	}
	b.Kinds, b.Sel, b.N = nil, nil, 0
}

// Rows is the number of rows that count.
func (b *Batch) Rows() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// Kind is the row kind of physical row i.
func (b *Batch) Kind(i int) RowKind {
	if b.Kinds == nil {
		return Insert
	}
	return b.Kinds[i]
}

// AppendKind records the kind of the row whose values have just been appended to the columns, and counts it.
func (b *Batch) AppendKind(k RowKind) {
	if k != Insert && b.Kinds == nil {
		if b.Kinds = b.kinds[:0]; b.Kinds == nil {
			b.Kinds = make([]RowKind, 0, b.N+1) // not nil, even for the first row
		}
		for range b.N {
			b.Kinds = append(b.Kinds, Insert)
		}
	}
	if b.Kinds != nil {
		b.Kinds = append(b.Kinds, k)
	}
	b.N++
}

// AppendBatch appends the rows of src that count.
func (b *Batch) AppendBatch(src *Batch) {
	if src.Sel != nil {
		b.AppendSelected(src, src.Sel)
		return
	}
	for i, c := range b.Cols {
		c.AppendRange(src.Cols[i], 0, src.N)
	}
	if src.Kinds != nil || b.Kinds != nil {
		for i := range src.N {
			b.AppendKind(src.Kind(i))
		}
		return
	}
	b.N += src.N
}

// AppendSelected appends the physical rows of src that sel names.
func (b *Batch) AppendSelected(src *Batch, sel []int32) {
	for i, c := range b.Cols {
		c.AppendSelected(src.Cols[i], sel)
	}
	if src.Kinds != nil || b.Kinds != nil {
		for _, i := range sel {
			b.AppendKind(src.Kind(int(i)))
		}
		return
	}
	b.N += len(sel)
}

// Bytes estimates the memory that the batch's values take.
func (b *Batch) Bytes() int {
	n := len(b.Kinds)
	for _, c := range b.Cols {
		n += c.bytes()
	}
	return n
}

func (v *Vector) bytes() int {
	n := 8*len(v.Valid) + len(v.Bool) + len(v.I8) + 2*len(v.I16) + 4*len(v.I32) + 8*len(v.I64) + 4*len(v.F32) +
		8*len(v.F64) + 16*len(v.Dec) + 4*len(v.Offsets) + len(v.Data) + 8*len(v.Hashes)
	for _, c := range v.Children {
		n += c.bytes()
	}
	return n
}
