package kinesis

import (
	"math/rand/v2"
	"strconv"
	"unicode/utf8"

	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
)

// keys makes the partition keys of a writer.
type keys struct {
	random    *rand.Rand
	fixed     string // "" is random
	fields    []*types.Vector
	columns   []int // behind fields; empty: no PARTITIONED BY
	delimiter string
}

func newKeys(s *sink, columns []int, subtask int) *keys {
	k := &keys{delimiter: s.delimiter, columns: columns, fields: make([]*types.Vector, len(columns))}
	if s.partitioner == "fixed" {
		k.fixed = strconv.Itoa(subtask)
	}
	k.random = awsclient.Random(s.env.Seed, s.name+"/"+strconv.Itoa(subtask))
	return k
}

// bind takes the columns of the next batch.
func (k *keys) bind(b *types.Batch) {
	for i, c := range k.columns {
		k.fields[i] = b.Cols[c]
	}
}

// append appends the key of row i. Of PARTITIONED BY that is the fields' texts, `null` for NULL, with the delimiter between
// them, cut at 256 characters. AWS takes no empty key, so the empty text becomes `-`.
func (k *keys) append(dst []byte, i int) []byte {
	switch {
	case len(k.columns) > 0:
		from := len(dst)
		for n, v := range k.fields {
			if n > 0 {
				dst = append(dst, k.delimiter...)
			}
			if v.IsNull(i) {
				dst = append(dst, "null"...)
			} else {
				dst = scalar.AppendText(dst, v, i)
			}
		}
		if len(dst) == from {
			return append(dst, '-')
		}
		return cut(dst, from, maxKeyChars)
	case k.fixed != "":
		return append(dst, k.fixed...)
	}
	const hex = "0123456789abcdef"
	for n := k.random.Uint64() | 1<<63; n != 0; n >>= 4 { // always 16 digits
		dst = append(dst, hex[n&15])
	}
	return dst
}

// cut shortens the text that begins at from to so many characters.
func cut(b []byte, from, chars int) []byte {
	if len(b)-from <= chars {
		return b
	}
	for at := from; at < len(b); chars-- {
		if chars == 0 {
			return b[:at]
		}
		_, n := utf8.DecodeRune(b[at:])
		at += n
	}
	return b
}
