package json

import (
	"bytes"
	"fmt"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Decoder implements format.Decoder for JSON objects: plain ones, or the records of a changelog,
// {"op":"+I","data":{…}}.
//
// Members are found by name, whatever their order; of a name that occurs twice the last counts; a missing one is NULL.
// Values are converted as Flink's json format does: numbers may stand in strings, anything may go to a text column. NULL
// in a NOT NULL column makes the record a bad one, except in a deletion, which may carry its key alone.
type Decoder struct {
	root      *object
	envelope  *object // of a changelog record: op and data; else nil
	changelog bool
	mode      types.ChangelogMode
	shape     shape // of plain records in lines

	failOnMissing, ignoreErrors bool
	ignored                     func(n int)

	// The state of the record being decoded.
	cols     []*types.Vector
	rows     int // rows in the batch before it
	op       types.RowKind
	null     *field // a NOT NULL column that got NULL
	nulled   int    // values that were unfit and became NULL
	err      error  // why a value is unfit
	wrapping []*types.Vector
	scratch  []byte
	name     []byte
}

var _ format.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for the needed columns. prefix is that of the options; changelog makes records look
// like {"op":"+I","data":{…}}.
func NewDecoder(c format.Config, prefix string, changelog bool) (*Decoder, error) {
	d := &Decoder{
		changelog:     changelog,
		mode:          c.Mode,
		failOnMissing: c.Options.Bool(prefix + "fail-on-missing-field"),
		ignoreErrors:  c.Options.Bool(prefix + "ignore-parse-errors"),
		ignored:       c.Skipped(),
	}
	if d.failOnMissing && d.ignoreErrors {
		return nil, option.Errorf(prefix+"fail-on-missing-field",
			"options %q and %q contradict each other; set one", prefix+"fail-on-missing-field", prefix+"ignore-parse-errors")
	}
	if d.mode == 0 {
		d.mode = types.AppendOnly
		if changelog {
			d.mode = types.Retract
		}
	}
	iso := c.Options.Enum(prefix+"timestamp-format.standard") == "ISO-8601"
	fields := make([]field, len(c.Needed))
	for i, n := range c.Needed {
		var err error
		col := c.Columns[n]
		if fields[i], err = newField(col.Name, col.Name, col.Type, iso, changelog); err != nil {
			return nil, err
		}
	}
	d.root = newObject(fields)
	if changelog {
		d.envelope = newObject([]field{{kind: kindOp, name: "op", path: "op"}, {kind: kindData, name: "data", path: "data"}})
		d.wrapping = []*types.Vector{types.NewVector(types.NullType), types.NewVector(types.NullType)}
	}
	return d, nil
}

// Decode implements format.Decoder. White space alone is no record.
func (d *Decoder) Decode(record []byte, out *types.Batch) error {
	d.cols, d.rows = out.Cols, out.N
	begin := blanks(record, 0, len(record))
	if begin == len(record) {
		return nil
	}
	if err := d.record(record, begin, len(record)); err != nil {
		format.Rollback(out, d.rows)
		if d.ignoreErrors {
			d.ignored(1)
			return nil
		}
		return err
	}
	if d.nulled > 0 {
		d.ignored(d.nulled)
	}
	out.AppendKind(d.op)
	return nil
}

// DecodeLines implements format.Decoder. Lines end in LF or CR LF; blank ones are no records.
func (d *Decoder) DecodeLines(data []byte, atEOF bool, out *types.Batch, max int) (consumed int, err error) {
	d.cols, d.rows = out.Cols, out.N
	limit := out.N + max
	p := 0
	for d.rows < limit {
		if len(d.shape.parts) > 0 && out.Kinds == nil {
			p = d.shape.decode(data, p, out, limit)
			if d.rows = out.N; d.rows == limit || p == len(data) {
				break
			}
		}
		next := len(data)
		end := next
		if n := bytes.IndexByte(data[p:], '\n'); n >= 0 {
			end = p + n
			next = end + 1
		} else if !atEOF {
			break
		}
		if end > p && data[end-1] == '\r' {
			end--
		}
		begin := p
		if p < end && data[p] != '{' {
			p = blanks(data, p, end)
		}
		if p == end {
			if p = next; p == len(data) {
				break
			}
			continue
		}
		if err := d.record(data, p, end); err != nil {
			format.Rollback(out, d.rows)
			p = next
			if d.ignoreErrors {
				d.ignored(1)
				continue
			}
			return p, &format.RecordError{Record: data[begin:end], Offset: begin, Err: err}
		}
		if data[next-1] == '\n' && !d.changelog {
			d.shape.saw(d.root, data[begin:next])
		}
		if d.nulled > 0 {
			d.ignored(d.nulled)
		}
		p = next
		d.rows++
		if d.op == types.Insert && out.Kinds == nil {
			out.N++
		} else {
			out.AppendKind(d.op)
		}
		if p == len(data) {
			break
		}
	}
	return p, nil
}

// record appends the values of the record from p, not a blank, to end. On an error some columns may have one value too
// many.
func (d *Decoder) record(data []byte, p, end int) error {
	d.op = types.Insert
	d.null, d.err, d.nulled = nil, nil, 0
	q := notJSON
	switch {
	case data[p] != '{':
		q = d.misfit(data, p, end)
		d.err = fmt.Errorf("expected a JSON object, found %s", describe(data, p, end))
	case d.changelog:
		d.wrapping[0].N, d.wrapping[1].N = 0, 0
		q = d.envelope.decode(d, data, p+1, end, d.wrapping, 0)
	default:
		q = d.root.decode(d, data, p+1, end, d.cols, d.rows)
	}
	if q >= 0 && q < end {
		if rest := blanks(data, q, end); rest < end {
			d.err = fmt.Errorf("expected nothing behind the object, found %s; a record is one object", describe(data, rest, end))
			q = unfit
		}
	}
	switch {
	case q == notJSON:
		return syntaxError(data[p:end])
	case q < 0:
		return d.err
	case d.null != nil && d.op != types.Delete:
		return fmt.Errorf("column %q is %s, but the record has no value for it", d.null.path, d.null.typ)
	case !d.mode.Has(d.op):
		return fmt.Errorf("the record is a %s, but the table carries %s only; see the option changelog-mode", d.op, d.mode)
	}
	return nil
}
