package udf

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/weirsql/weir/types"
)

// Table defines a table function of one argument, which makes rows out of a row by calling emit for each, as in
// FROM t, LATERAL TABLE(F(t.a)) AS x. R is a struct whose fields are Native types, the columns of the rows, named after the
// fields in snake case or as a tag says: `sql:"name"`, `sql:"-"` for a field that is no column. Or it is a Native type, for
// rows of one column named like the function.
//
// An error fails the job. For a row with a NULL argument the function isn't called and there are no rows, unless A is a
// Null. emit must not be called after the function has returned.
func Table[A Native, R any](name string, f func(a A, emit func(R)) error, options ...Option) Spec {
	ca := codecOf[A]()
	return tableSpec(name, given(f, options), func() tableRun[R] {
		var a []A
		return tableRun[R]{
			load: func(ctx *Context, args []*types.Vector, rows []int32, n int) {
				a = ca.load(ctx, args[0], rows, n, new([]A))
			},
			call: func(k int, emit func(R)) error { return f(a[k], emit) },
		}
	}, ca.parameter)
}

// Table2 is Table for two arguments.
func Table2[A, B Native, R any](name string, f func(a A, b B, emit func(R)) error, options ...Option) Spec {
	ca, cb := codecOf[A](), codecOf[B]()
	return tableSpec(name, given(f, options), func() tableRun[R] {
		var a []A
		var b []B
		return tableRun[R]{
			load: func(ctx *Context, args []*types.Vector, rows []int32, n int) {
				a, b = ca.load(ctx, args[0], rows, n, new([]A)), cb.load(ctx, args[1], rows, n, new([]B))
			},
			call: func(k int, emit func(R)) error { return f(a[k], b[k], emit) },
		}
	}, ca.parameter, cb.parameter)
}

// tableRun is one evaluation of a table function on a batch.
type tableRun[R any] struct {
	load func(ctx *Context, args []*types.Vector, rows []int32, n int)
	call func(k int, emit func(R)) error
}

func tableSpec[R any](name string, options []Option, start func() tableRun[R], params ...parameter) Spec {
	d := define(name, options, false, params...)
	row, columns := rowOf(d, reflect.TypeFor[R]())
	if d.returns.Kind != types.Invalid {
		d.fail("Returns is for functions that return one value")
	}
	d.spec.Table = func(c *Call) (*BoundTable, error) {
		args, _, sees, err := d.bind(c, false, params)
		if err != nil {
			return nil, err
		}
		b := &BoundTable{Args: args, Columns: columns, Nulls: NullIfAny}
		if sees {
			b.Nulls = NullsSeen
		}
		b.Eval = func(ctx *Context, args []*types.Vector, n int, out *TableOutput) error {
			f := frame{at: -1}
			f.list = make([]int32, 0, n)
			run, count := start(), f.chosen(args, params, n)
			run.load(ctx, args, f.rows, count)
			made := new(R) // once for all rows
			emit := func(r R) {
				*made = r
				row.push(ctx, out.Cols, unsafe.Pointer(made))
				out.Rows = append(out.Rows, int32(f.row(f.at)))
			}
			return f.guard(func() error {
				for k := range count {
					f.at = k
					if err := run.call(k, emit); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return b, nil
	}
	return d.done()
}

// chosen sets rows to those without a NULL in an argument that the function doesn't see NULLs of, and returns their number.
func (f *frame) chosen(args []*types.Vector, params []parameter, n int) int {
	all := true
	for i, v := range args {
		all = all && (params[i].nullable || v.Valid.AllValid(n))
	}
	if all {
		return n
	}
rows:
	for row := range n {
		for i, v := range args {
			if !params[i].nullable && v.IsNull(row) {
				continue rows
			}
		}
		f.list = append(f.list, int32(row))
	}
	f.rows = f.list
	return len(f.rows)
}

// rowPusher appends a row in Go to columns.
type rowPusher struct {
	fields  []pusher
	offsets []uintptr
}

func (r *rowPusher) push(ctx *Context, cols []*types.Vector, p unsafe.Pointer) {
	for i, f := range r.fields {
		f.pushFrom(ctx, cols[i], unsafe.Add(p, r.offsets[i]))
	}
}

// rowOf makes columns of a struct's fields, or one of a Native type.
func rowOf(d *definition, t reflect.Type) (*rowPusher, []types.Field) {
	r := &rowPusher{}
	var columns []types.Field
	add := func(name string, t reflect.Type, offset uintptr) bool {
		p, err := pusherOf(t)
		if err != nil {
			d.fail("the column %s %w", name, err)
			return false
		}
		c := p.describe()
		r.fields, r.offsets = append(r.fields, p), append(r.offsets, offset)
		columns = append(columns, types.Field{Name: name, Type: c.otherwise.WithNotNull(!c.nullable && c.otherwise.Kind != types.Decimal)})
		return true
	}
	if _, native := anyCodec(reflect.Zero(t).Interface()).(pusher); native || t.Kind() != reflect.Struct {
		add(strings.ToLower(d.spec.Name), t, 0)
		return r, columns
	}
	seen := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("sql")
		switch {
		case name == "-":
			continue
		case !f.IsExported():
			d.fail("the field %s of %s is not exported; export it, or mark it `sql:\"-\"`", f.Name, t)
			continue
		case name == "":
			name = snake(f.Name)
		}
		if seen[strings.ToLower(name)] {
			d.fail("two fields of %s make a column %s", t, name)
			continue
		}
		seen[strings.ToLower(name)] = true
		add(name, f.Type, f.Offset)
	}
	if len(columns) == 0 && len(d.errs) == 0 {
		d.fail("%s has no field that makes a column", t)
	}
	return r, columns
}

// snake turns UserID into user_id.
func snake(name string) string {
	var b strings.Builder
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	lower := func(i int) bool { return i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	for i := range len(name) {
		if upper(i) && i > 0 && (!upper(i-1) || lower(i+1)) && name[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteByte(name[i])
	}
	return strings.ToLower(b.String())
}
