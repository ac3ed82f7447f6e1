package datagen

// random is a sequence of numbers that looks random (splitmix64, Steele et al. 2014), begun afresh for every value.
type random uint64

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// at returns the sequence for one value: stream tells columns and their parts apart.
func at(stream, row uint64) random { return random(mix(stream + mix(row+0x9e3779b97f4a7c15))) }

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	return mix(uint64(*r))
}

// upTo returns a number from 0 to n, n included.
func (r *random) upTo(n uint64) uint64 {
	if n+1 == 0 {
		return r.next()
	}
	return r.next() % (n + 1)
}

// fraction returns a number in [0, 1).
func (r *random) fraction() float64 { return float64(r.next()>>11) / (1 << 53) }

// stream names the sequences of a column.
func stream(seed uint64, path string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(path) {
		h = (h ^ uint64(path[i])) * 1099511628211
	}
	return mix(h ^ mix(seed))
}
