package kinesis

import "math/bits"

// sequence is what a sequence number encodes. On the wire it is one decimal number of 56 digits (186 bits), whose order is
// the order of the records in a shard. AWS does not document the layout; this is the one that clients have observed
// (and kinesalite recorded), in hexadecimal digits from the top:
//
//	2 | shard created, s (9) | shard mod 16 (1) | index (16) | 0 (2) | time, s (9) | shard (8) | 2
//
// index alone numbers the records of a shard, from 1; the time behind it is the record's arrival and never decides.
type sequence struct {
	created int64  // when the shard was made, seconds since the epoch
	shard   uint32 // the shard's number within its stream
	index   uint64
	time    int64 // seconds since the epoch
}

const (
	maxIndex        = 1<<63 - 1 // of the EndingSequenceNumber of a closed shard
	sequenceDigits  = 56
	sequenceVersion = 2
	time36          = 1<<36 - 1 // the two times have nine hexadecimal digits
)

// words returns the number's 192 bits, most significant word first.
func (s sequence) words() (w2, w1, w0 uint64) {
	t := uint64(s.time) & time36
	w0 = sequenceVersion | uint64(s.shard)<<4 | t<<36
	w1 = t>>28 | s.index<<16
	w2 = s.index>>48 | uint64(s.shard&0xf)<<16 | (uint64(s.created)&time36)<<20 | 2<<56
	return w2, w1, w0
}

// append appends the decimal digits.
func (s sequence) append(dst []byte) []byte {
	w2, w1, w0 := s.words()
	// Three divisions by 10^19 leave the digits in groups of 19, 19 and 18.
	const e19 = 10_000_000_000_000_000_000
	var r uint64
	div := func() uint64 {
		w2, r = bits.Div64(0, w2, e19)
		w1, r = bits.Div64(r, w1, e19)
		w0, r = bits.Div64(r, w0, e19)
		return r
	}
	low, mid := div(), div()
	high := w0
	n := len(dst)
	dst = append(dst, make([]byte, sequenceDigits)...)
	digits := dst[n:]
	putDigits(digits[:18], high)
	putDigits(digits[18:37], mid)
	putDigits(digits[37:], low)
	return dst
}

func putDigits(dst []byte, v uint64) {
	i := len(dst)
	for i >= 2 {
		q := v / 100
		p := (v - q*100) * 2
		dst[i-1], dst[i-2] = digitPairs[p+1], digitPairs[p]
		v, i = q, i-2
	}
	if i == 1 {
		dst[0] = byte('0' + v%10)
	}
}

const digitPairs = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"

func (s sequence) String() string { return string(s.append(nil)) }

// parseSequence reads a sequence number of the layout above; ok is false for any other number, among them those of AWS's
// older layouts, which no shard of this server has given out.
func parseSequence(text string) (s sequence, ok bool) {
	if len(text) != sequenceDigits {
		return s, false
	}
	var w2, w1, w0 uint64
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return s, false
		}
		// 56 digits fit into 187 bits: no overflow to check.
		var carry, add uint64
		add, w0 = bits.Mul64(w0, 10)
		w0, carry = bits.Add64(w0, uint64(c-'0'), 0)
		hi, lo := bits.Mul64(w1, 10)
		w1, carry = bits.Add64(lo, add, carry)
		w2 = w2*10 + hi + carry
	}
	s = sequence{
		created: int64(w2 >> 20 & time36),
		shard:   uint32(w0 >> 4),
		index:   w1>>16 | w2<<48,
		time:    int64(w1<<28&time36 | w0>>36),
	}
	// Whatever the fields don't reproduce was not made by append.
	v2, v1, v0 := s.words()
	return s, v2 == w2 && v1 == w1 && v0 == w0 && s.shard>>31 == 0
}
