package types

import "math/bits"

// Bitmap holds one validity bit per row, least significant first: Arrow's layout on a little-endian machine. A set
// bit means valid. Rows past the end are valid, so the nil Bitmap is a column without NULLs and appending a valid
// value never touches it.
type Bitmap []uint64

func words(n int) int { return (n + 63) >> 6 }

// Get reports whether row i is valid.
func (b Bitmap) Get(i int) bool {
	w := i >> 6
	return w >= len(b) || b[w]&(1<<(uint(i)&63)) != 0
}

// Set marks row i valid.
func (b Bitmap) Set(i int) {
	if w := i >> 6; w < len(b) {
		b[w] |= 1 << (uint(i) & 63)
	}
}

// Clear marks row i NULL; the bitmap must reach that far (see Grow).
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// Grow returns the bitmap with room for n rows, new ones valid.
func (b Bitmap) Grow(n int) Bitmap {
	for len(b) < words(n) {
		b = append(b, ^uint64(0))
	}
	return b
}

// And clears in b, which must cover every row in question, what is not set in c.
func (b Bitmap) And(c Bitmap) {
	for i := range min(len(b), len(c)) {
		b[i] &= c[i]
	}
}

// Count returns the number of valid rows among the first n.
func (b Bitmap) Count(n int) int {
	nulls := 0
	for i := 0; i < len(b) && i<<6 < n; i++ {
		w := ^b[i]
		if rest := n - i<<6; rest < 64 {
			w &= 1<<uint(rest) - 1
		}
		nulls += bits.OnesCount64(w)
	}
	return n - nulls
}

// AllValid reports whether the first n rows are valid.
func (b Bitmap) AllValid(n int) bool { return len(b) == 0 || b.Count(n) == n }
