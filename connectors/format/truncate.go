package format

import "github.com/weirsql/weir/types"

// Truncate cuts a vector back to its first n rows, and takes back what has been appended of a value that isn't complete:
// entries of a list, fields of a row. Decoders use it when a record turns out not to decode.
func Truncate(v *types.Vector, n int) {
	for i := n; i < v.N && i>>6 < len(v.Valid); i++ {
		v.Valid.Set(i) // rows past the end count as valid
	}
	v.N = n
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		v.Bool = v.Bool[:n]
	case types.StoreI8:
		v.I8 = v.I8[:n]
	case types.StoreI16:
		v.I16 = v.I16[:n]
	case types.StoreI32:
		v.I32 = v.I32[:n]
	case types.StoreI64:
		v.I64 = v.I64[:n]
	case types.StoreF32:
		v.F32 = v.F32[:n]
	case types.StoreF64:
		v.F64 = v.F64[:n]
	case types.StoreDec:
		v.Dec = v.Dec[:n]
	case types.StoreBytes:
		v.Offsets = v.Offsets[:n+1]
		v.Data = v.Data[:v.Offsets[n]]
	case types.StoreList:
		v.Offsets = v.Offsets[:n+1]
		for _, c := range v.Children {
			Truncate(c, int(v.Offsets[n]))
		}
	case types.StoreRow:
		for _, c := range v.Children {
			Truncate(c, n)
		}
	}
}

// Rollback cuts a batch back to its first n rows and takes back values of a row that was begun but not counted.
func Rollback(b *types.Batch, n int) {
	for _, c := range b.Cols {
		Truncate(c, n)
	}
	b.N = n
	if b.Kinds != nil {
		b.Kinds = b.Kinds[:n]
	}
}
