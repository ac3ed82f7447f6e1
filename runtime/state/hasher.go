package state

import "github.com/weirsql/weir/types"

// KeyHasher hashes keys a batch at a time. It is the one place that decides how a key's hash, and with it its key group,
// is computed; exchanges and Keys both use it, so that rows arrive where their state is. By the storage of the columns:
//
//	one column of integers, dates, timestamps, BOOLEAN: HashInt64 of the value
//	one column of text or bytes:                        HashBytes of the bytes
//	anything else:                                      HashBytes of types.EncodeRow
//	a NULL in a single column:                          HashBytes of its encoding, in all cases
//
// Text and bytes may bring their hashes along: see types.Vector. Nullability plays no part, so both inputs of a join agree. Only one goroutine uses a KeyHasher.
type KeyHasher struct {
	cols   []*types.Vector
	hashes []uint64
	buf    []byte
}

// nullHash is the hash of a single NULL.
var nullHash = HashBytes([]byte{0})

// Hash returns the hashes of the keys, given by their columns, of the rows of b that count, in order. The slice is
// the hasher's own, or the batch's, until the next call.
func (h *KeyHasher) Hash(b *types.Batch, keys []int) []uint64 {
	h.cols = h.cols[:0]
	for _, k := range keys {
		h.cols = append(h.cols, b.Cols[k])
	}
	return h.HashColumns(h.cols, b.Sel, b.Rows())
}

// HashColumns is Hash for columns: it hashes the n rows that rows names, nil standing for 0, 1, 2, ….
func (h *KeyHasher) HashColumns(cols []*types.Vector, rows []int32, n int) []uint64 {
	h.hashes = resize(h.hashes, n)
	out := h.hashes
	if len(cols) != 1 {
		for k := range out {
			h.buf = types.EncodeRow(h.buf[:0], cols, row(rows, k))
			out[k] = HashBytes(h.buf)
		}
		return out
	}
	v := cols[0]
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		for k := range out {
			out[k] = HashInt64(boolInt(v.Bool[row(rows, k)]))
		}
	case types.StoreI8:
		hashInts(out, v.I8, rows)
	case types.StoreI16:
		hashInts(out, v.I16, rows)
	case types.StoreI32:
		hashInts(out, v.I32, rows)
	case types.StoreI64:
		hashInts(out, v.I64, rows)
	case types.StoreBytes:
		if len(v.Hashes) == v.N { // NULLs and all
			if rows == nil {
				return v.Hashes[:n]
			}
			for k, i := range rows[:n] {
				out[k] = v.Hashes[i]
			}
			return out
		}
		for k := range out {
			out[k] = HashBytes(v.Bytes(row(rows, k)))
		}
	default:
		for k := range out {
			h.buf = types.EncodeRow(h.buf[:0], cols, row(rows, k))
			out[k] = HashBytes(h.buf)
		}
		return out
	}
	if len(v.Valid) > 0 {
		for k := range out {
			if v.IsNull(row(rows, k)) {
				out[k] = nullHash
			}
		}
	}
	return out
}

func hashInts[T int8 | int16 | int32 | int64](out []uint64, x []T, rows []int32) {
	if rows == nil {
		for k, y := range x[:len(out)] {
			out[k] = HashInt64(int64(y))
		}
		return
	}
	for k, i := range rows[:len(out)] {
		out[k] = HashInt64(int64(x[i]))
	}
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// row is the k-th row of those that rows names.
func row(rows []int32, k int) int {
	if rows == nil {
		return k
	}
	return int(rows[k])
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, max(n, 2*cap(s)))
}
