package csv

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// Decoder implements format.Decoder.
type Decoder struct {
	dialect
	columns  int // of the table
	fields   []column
	comments bool
	ignore   bool
	ignored  func(n int)

	nulled  int // values of the record that were unfit and became NULL
	spans   []span
	scratch []byte
}

var _ format.Decoder = (*Decoder)(nil)

// column is a needed column.
type column struct {
	types.Field
	at    int                // its position in a record
	times *scalar.Timestamps // of a timestamp
}

func newDecoder(c format.Config) (*Decoder, error) {
	d := &Decoder{columns: len(c.Columns), comments: c.Options.Bool("csv.allow-comments"),
		ignore: c.Options.Bool("csv.ignore-parse-errors"), ignored: c.Skipped()}
	var err error
	if d.dialect, err = newDialect(c.Options); err != nil {
		return nil, err
	}
	for _, f := range c.Columns {
		if err := checkType(f.Name, f.Type, false); err != nil {
			return nil, err
		}
	}
	for _, n := range c.Needed {
		f := column{Field: c.Columns[n], at: n}
		if f.Type.IsTimestamp() {
			f.times = scalar.NewTimestamps(f.Type, false)
		}
		d.fields = append(d.fields, f)
	}
	return d, nil
}

// Decode implements format.Decoder.
func (d *Decoder) Decode(record []byte, out *types.Batch) error {
	n, err := d.DecodeLines(record, true, out, 1)
	var bad *format.RecordError
	if errors.As(err, &bad) {
		return bad.Err
	}
	if err == nil && n < len(record) && len(bytes.TrimSpace(record[n:])) > 0 {
		err = fmt.Errorf("expected one record, found more behind it: %.60q", record[n:])
		if d.ignore {
			err = nil // the first counts
			d.ignored(1)
		}
	}
	return err
}

// DecodeLines implements format.Decoder. Empty lines are no records.
func (d *Decoder) DecodeLines(data []byte, atEOF bool, out *types.Batch, max int) (consumed int, err error) {
	limit := out.N + max
	p := 0
	for out.N < limit && p < len(data) {
		if n := d.noRecord(data[p:], atEOF); n != 0 {
			if n < 0 {
				break
			}
			p += n
			continue
		}
		var next int
		if d.spans, next, err = d.cut(d.spans[:0], data, p, atEOF); err == errMore {
			break
		}
		rows := out.N
		if err == nil {
			err = d.record(data, out)
		}
		if err != nil {
			format.Rollback(out, rows)
			if d.ignore {
				d.ignored(1)
				p = next
				continue
			}
			record := bytes.TrimRight(data[p:next], "\r\n")
			return next, &format.RecordError{Record: record, Offset: p, Err: err}
		}
		if d.nulled > 0 {
			d.ignored(d.nulled)
		}
		out.AppendKind(types.Insert)
		p = next
	}
	return p, nil
}

// noRecord returns the length of an empty line or a comment at the start of data; 0 if there is none, -1 if the line
// isn't whole yet.
func (d *Decoder) noRecord(data []byte, atEOF bool) int {
	comment := d.comments && data[0] == '#'
	if !comment && data[0] != '\n' && data[0] != '\r' {
		return 0
	}
	n := bytes.IndexByte(data, '\n')
	switch {
	case n >= 0 && (comment || n <= 1):
		return n + 1
	case n >= 0:
		return 0
	case !atEOF:
		return -1
	case comment || len(data) == 1:
		return len(data)
	}
	return 0
}

// record appends the values of the record that was cut.
func (d *Decoder) record(data []byte, out *types.Batch) error {
	d.nulled = 0
	n := len(d.spans)
	if n == d.columns+1 && d.spans[n-1].from == d.spans[n-1].to {
		n-- // a delimiter behind the last field
	}
	if n > d.columns || n < d.columns && !d.ignore {
		return fmt.Errorf("expected %d fields, found %d", d.columns, n)
	}
	for k := range d.fields {
		f, v := &d.fields[k], out.Cols[k]
		if f.at >= n {
			if err := d.appendNull(f, v); err != nil {
				return err
			}
			continue
		}
		text := d.text(d.scratch, data, d.spans[f.at])
		if d.spans[f.at].raw {
			d.scratch = text
		}
		err := error(nil)
		if d.hasNull && string(text) == d.null {
			err = d.appendNull(f, v)
		} else if err = d.value(f, v, text); err == nil && f.Type.NotNull && v.IsNull(v.N-1) {
			err = d.nullError(f)
		} else if err != nil && d.ignore {
			format.Truncate(v, out.N)
			err = d.appendNull(f, v)
			d.nulled++
		} else if err != nil {
			err = fmt.Errorf("column %q: %w", f.Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Decoder) appendNull(f *column, v *types.Vector) error {
	if f.Type.NotNull {
		return d.nullError(f)
	}
	v.AppendNull()
	return nil
}

func (d *Decoder) nullError(f *column) error {
	return fmt.Errorf("column %q is %s, but the record has no value for it", f.Name, f.Type)
}

func (d *Decoder) value(f *column, v *types.Vector, text []byte) error {
	switch f.Type.Kind {
	case types.Timestamp, types.TimestampLTZ:
		ticks, ok := f.times.Parse(text)
		if !ok {
			return fmt.Errorf("expected %s as %s, found %q", f.Type.Nullable(), f.times.Form(), text)
		}
		v.I64 = append(v.I64, ticks)
		v.N++
		return nil
	case types.Array:
		if len(text) > 0 {
			for part := range bytes.SplitSeq(text, []byte(d.elements)) {
				if err := d.element(v.Children[0], part); err != nil {
					return err
				}
			}
		}
		v.EndList()
		return nil
	case types.Row:
		parts := bytes.Split(text, []byte(d.elements))
		if len(parts) != len(v.Children) && !d.ignore || len(parts) > len(v.Children) {
			return fmt.Errorf("expected %d fields of a row, found %d in %q", len(v.Children), len(parts), text)
		}
		for i, c := range v.Children {
			if i >= len(parts) {
				c.AppendNull()
			} else if err := d.element(c, parts[i]); err != nil {
				return err
			}
		}
		v.N++
		return nil
	}
	return plainValue(v, text)
}

// element appends an element of an array or a field of a row.
func (d *Decoder) element(v *types.Vector, text []byte) error {
	if d.hasNull && string(text) == d.null {
		v.AppendNull()
		return nil
	}
	err := plainValue(v, text)
	if err != nil && d.ignore {
		v.AppendNull()
		d.nulled++
		return nil
	}
	return err
}

func plainValue(v *types.Vector, text []byte) error {
	if v.Type.IsCharacter() && !utf8.Valid(text) {
		return fmt.Errorf("the text %.60q is not UTF-8", text)
	}
	err := scalar.ParseText(v, text)
	if err != nil && v.Type.Kind == types.Date {
		// java.sql.Date.valueOf takes single digits, too.
		if days, ok := temporal.ParseDate(string(text)); ok && len(text) >= 8 && bytes.Count(text, []byte("-")) == 2 {
			v.I32 = append(v.I32, days)
			v.N++
			return nil
		}
	}
	return err
}
