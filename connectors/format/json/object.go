package json

import (
	"fmt"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/types"
)

// object decodes JSON objects into the columns of one row type: the record itself, or a ROW within it.
type object struct {
	fields []field
	byName map[string]int32
	leads  map[string]*lead
	begin  lead // stands in front of the first member
	odd    lead // stands in for leads that are not learned
}

func newObject(fields []field) *object {
	o := &object{fields: fields, byName: map[string]int32{}, leads: map[string]*lead{}}
	for i, f := range fields {
		o.byName[f.name] = int32(i)
	}
	o.begin = lead{likely: never, others: nothing}
	o.odd = lead{likely: never, others: nothing}
	return o
}

// decode appends the members of the object whose opening brace is in front of p to cols, all of which have row rows and
// then row+1. It returns the position behind the closing brace, or a negative number (see value).
func (o *object) decode(d *Decoder, data []byte, p, end int, cols []*types.Vector, row int) int {
	found := 0
	last := &o.begin
	for {
		next := last.likely
		if !next.at(data, p) {
			if next = o.unlikely(d, data, p, end, last); next == nil {
				return notJSON
			}
		}
		p += next.size
		last = next
		if next.field >= 0 {
			v := cols[next.field]
			if v.N != row {
				format.Truncate(v, row) // a name twice: the last one counts
				found--
			}
			if p = d.value(&o.fields[next.field], v, data, p, end); p < 0 {
				return p
			}
			found++
			continue
		}
		if next.field == closing {
			break
		}
		if p = skip(data, p, end, 0); p < 0 {
			return notJSON
		}
	}
	if found < len(o.fields) {
		if err := o.missing(d, cols, row); err != nil {
			d.err = err
			return unfit
		}
	}
	return p
}

// missing appends NULL to the columns that the object had no member for.
func (o *object) missing(d *Decoder, cols []*types.Vector, row int) error {
	for i := range o.fields {
		if cols[i].N != row {
			continue
		}
		f := &o.fields[i]
		if d.failOnMissing || f.kind == kindOp || f.kind == kindData {
			return fmt.Errorf("the record has no %q", f.path)
		}
		d.appendNull(f, cols[i])
	}
	return nil
}

// unlikely finds out what stands at p when it isn't what followed last the last time, and remembers it. It returns nil
// when it isn't JSON.
func (o *object) unlikely(d *Decoder, data []byte, p, end int, last *lead) *lead {
	for k, next := range last.others {
		if next.at(data, p) {
			last.follow(next, k)
			return next
		}
	}
	q := blanks(data, p, end)
	if q >= end {
		return nil
	}
	field := closing
	if data[q] == '}' {
		q++
	} else {
		if last != &o.begin {
			if data[q] != ',' {
				return nil
			}
			q = blanks(data, q+1, end)
		}
		if q >= end || data[q] != '"' {
			return nil
		}
		from := q + 1
		to, escaped := stringEnd(data, from, end)
		if to < 0 {
			return nil
		}
		name := data[from:to]
		if escaped {
			d.name = appendUnescaped(d.name[:0], name)
			name = d.name
		}
		var ok bool
		if field, ok = o.byName[string(name)]; !ok {
			field = skipped
		}
		if q = blanks(data, to+1, end); q >= end || data[q] != ':' {
			return nil
		}
		q = blanks(data, q+1, end)
	}
	text := data[p:q]
	next := o.leads[string(text)]
	if next == nil {
		if len(o.leads) >= maxLeads || !learnable(text) {
			o.odd.size, o.odd.field = len(text), field
			return &o.odd
		}
		next = newLead(text, field)
		o.leads[string(text)] = next
	}
	if last != &o.odd {
		last.follow(next, len(last.others)-1)
	}
	return next
}
