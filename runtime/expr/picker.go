package expr

import "github.com/weirsql/weir/types"

// picker puts a column together from several: source k provides the rows rows[k].
type picker struct {
	out  *types.Vector
	from []*types.Vector
	rows [][]int32
	// gathered: value j of the source is for row rows[k][j]; otherwise the source has a value for every row.
	gathered []bool

	source, at []int32 // by row, for values that are appended in order
}

func newPicker(t types.Type, sources int) picker {
	return picker{
		out: types.NewVector(t), from: make([]*types.Vector, sources), rows: make([][]int32, sources),
		gathered: make([]bool, sources),
	}
}

func (p *picker) reset() {
	for k := range p.rows {
		p.from[k], p.rows[k], p.gathered[k] = nil, p.rows[k][:0], false
	}
}

// merge returns the column of n rows. Every row has a source; with several, the last one counts.
func (p *picker) merge(n int) *types.Vector {
	out := p.out
	out.Resize(n)
	for k, v := range p.from {
		rows := p.rows[k]
		if len(rows) == 0 {
			continue
		}
		if v.Type.Kind.Storage() == types.StoreNone { // an untyped NULL
			for _, i := range rows {
				out.SetNull(int(i))
			}
			continue
		}
		if len(rows) == n && (!p.gathered[k] || v.N == n) && p.only(k) {
			return v
		}
		switch out.Type.Kind.Storage() {
		case types.StoreBool:
			scatter(out.Bool, v.Bool, rows, p.gathered[k])
		case types.StoreI8:
			scatter(out.I8, v.I8, rows, p.gathered[k])
		case types.StoreI16:
			scatter(out.I16, v.I16, rows, p.gathered[k])
		case types.StoreI32:
			scatter(out.I32, v.I32, rows, p.gathered[k])
		case types.StoreI64:
			scatter(out.I64, v.I64, rows, p.gathered[k])
		case types.StoreF32:
			scatter(out.F32, v.F32, rows, p.gathered[k])
		case types.StoreF64:
			scatter(out.F64, v.F64, rows, p.gathered[k])
		case types.StoreDec:
			scatter(out.Dec, v.Dec, rows, p.gathered[k])
		case types.StoreNone:
		default:
			return p.append(n)
		}
		p.scatterValid(k)
	}
	return out
}

// only reports whether no source but k has rows.
func (p *picker) only(k int) bool {
	for j, rows := range p.rows {
		if j != k && len(rows) > 0 {
			return false
		}
	}
	return true
}

func scatter[T any](out, in []T, rows []int32, gathered bool) {
	if gathered {
		for j, i := range rows {
			out[i] = in[j]
		}
		return
	}
	for _, i := range rows {
		out[i] = in[i]
	}
}

func (p *picker) scatterValid(k int) {
	v := p.from[k]
	if len(v.Valid) == 0 && len(p.out.Valid) == 0 {
		return
	}
	for j, i := range p.rows[k] {
		at := int(i)
		if p.gathered[k] {
			at = j
		}
		if v.IsNull(at) {
			p.out.SetNull(int(i))
		} else {
			p.out.Valid.Set(int(i))
		}
	}
}

// append puts together text, bytes and nested values, which can only be written in order.
func (p *picker) append(n int) *types.Vector {
	p.source, p.at = resize(p.source, n), resize(p.at, n)
	for k, rows := range p.rows {
		for j, i := range rows {
			p.source[i], p.at[i] = int32(k), i
			if p.gathered[k] {
				p.at[i] = int32(j)
			}
		}
	}
	p.out.Reset()
	for i := range n {
		v := p.from[p.source[i]]
		if v.Type.Kind.Storage() == types.StoreNone {
			p.out.AppendNull()
			continue
		}
		p.out.AppendRow(v, int(p.at[i]))
	}
	return p.out
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, max(n, 2*cap(s)))
}
