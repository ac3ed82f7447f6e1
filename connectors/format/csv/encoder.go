package csv

import (
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
)

// Encoder implements format.Encoder. It quotes where Jackson does: more than it would have to.
type Encoder struct {
	dialect
	scientific bool
	safe       byte // no character from here on needs quotes
	scratch    []byte
}

var _ format.Encoder = (*Encoder)(nil)

func newEncoder(c format.Config) (*Encoder, error) {
	e := &Encoder{scientific: c.Options.Bool("csv.write-bigdecimal-in-scientific-notation")}
	var err error
	if e.dialect, err = newDialect(c.Options); err != nil {
		return nil, err
	}
	for _, f := range c.Columns {
		if err := checkType(f.Name, f.Type, false); err != nil {
			return nil, err
		}
	}
	e.safe = byte(max(int(e.separator), e.quote, e.escape, '\r')) + 1
	return e, nil
}

// Encode implements format.Encoder.
func (e *Encoder) Encode(dst []byte, b *types.Batch, i int) ([]byte, error) {
	for k, v := range b.Cols {
		if k > 0 {
			dst = append(dst, e.separator)
		}
		if v.IsNull(i) {
			dst = append(dst, e.null...)
			continue
		}
		switch v.Type.Kind {
		case types.Array:
			e.scratch = e.appendElements(e.scratch[:0], v.Children[:1], int(v.Offsets[i]), int(v.Offsets[i+1]))
		case types.Row:
			e.scratch = e.scratch[:0]
			for j, c := range v.Children {
				if j > 0 {
					e.scratch = append(e.scratch, e.elements...)
				}
				e.scratch = e.appendElement(e.scratch, c, i)
			}
		case types.Char, types.Varchar:
			dst = e.appendField(dst, v.Bytes(i), len(b.Cols) == 1)
			continue
		default:
			e.scratch = e.appendScalar(e.scratch[:0], v, i)
			if numeric := v.Type.IsInteger() || v.Type.IsApproximate() || v.Type.IsInterval(); numeric {
				dst = append(dst, e.scratch...)
				continue
			}
		}
		dst = e.appendField(dst, e.scratch, len(b.Cols) == 1)
	}
	return dst, nil
}

func (e *Encoder) appendElements(dst []byte, cols []*types.Vector, from, to int) []byte {
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, e.elements...)
		}
		dst = e.appendElement(dst, cols[0], i)
	}
	return dst
}

func (e *Encoder) appendElement(dst []byte, v *types.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, e.null...)
	}
	return e.appendScalar(dst, v, i)
}

func (e *Encoder) appendScalar(dst []byte, v *types.Vector, i int) []byte {
	if v.Type.Kind == types.Decimal {
		return scalar.AppendDecimalStripped(dst, v.Dec[i], v.Type.Scale, e.scientific)
	}
	return scalar.AppendText(dst, v, i)
}

// appendField appends a field, in quotes if it is long or holds a character that might need them. Alone on its line,
// an empty field gets quotes too, since an empty line is no record.
func (e *Encoder) appendField(dst, text []byte, alone bool) []byte {
	if e.quote < 0 || !e.needsQuotes(text) && (len(text) > 0 || !alone) {
		if e.escape < 0 {
			return append(dst, text...)
		}
		for _, c := range text {
			if int(c) == e.escape || e.quote < 0 && c == e.separator {
				dst = append(dst, byte(e.escape))
			}
			dst = append(dst, c)
		}
		return dst
	}
	dst = append(dst, byte(e.quote))
	for _, c := range text {
		if int(c) == e.quote || int(c) == e.escape {
			dst = append(dst, c)
		}
		dst = append(dst, c)
	}
	return append(dst, byte(e.quote))
}

// longText is the length beyond which Jackson quotes without looking.
const longText = 24

func (e *Encoder) needsQuotes(text []byte) bool {
	if len(text) > longText {
		return true
	}
	for _, c := range text {
		if c < e.safe {
			return true
		}
	}
	return false
}
