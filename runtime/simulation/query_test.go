package simulation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// query is what a simulated job computes: tables, and inserts that run as one job.
type query struct {
	tables  []*table
	outputs []*output
}

// table is an input.
type table struct {
	name   string
	upsert bool // a changelog with the key k, without -U rows
	timed  bool // has a watermark
	// disorder bounds how far a row of a split is behind the latest before it, in milliseconds: all of them, or with
	// late only most.
	disorder int64
	late     bool
	idle     bool // splits without rows for a while are left out of the watermark
	windowed bool // event time decides what becomes of a row
	strict   bool // a row at the watermark is late
	// unbounded: only some splits end by themselves, and unless windowed some are found late. The job is stopped with drain
	// when all is read.
	unbounded bool
	splits    []*split
}

// output is an insert and what it must have written in the end.
type output struct {
	name    string
	columns string // of the table that is written
	key     []int  // of an upsert sink: columns; nil: the sink takes all changes, or inserts only
	mode    string
	query   string
	want    func(tables map[string][]row) []row
	// bounds takes the place of want for queries whose result depends on the order of arrival.
	bounds func(tables []*table, got []row) error
	kind   string // the template's name
	once   bool   // exactly once; else at least once
}

func (t *table) ddl() string {
	name, key, mode, watermark := "k STRING", "", "I", ""
	if t.upsert {
		key, mode = ", PRIMARY KEY (k) NOT ENFORCED", "I,UA,D"
	}
	if t.timed {
		behind := t.disorder
		if t.strict {
			behind++
		}
		watermark = fmt.Sprintf(", WATERMARK FOR ts AS ts - INTERVAL '%d.%03d' SECOND(3,3)", behind/1000, behind%1000)
	}
	options := ""
	if t.idle {
		options = ", 'scan.watermark.idle-timeout' = '300 ms'"
	}
	return fmt.Sprintf("CREATE TABLE %s (%s, n BIGINT, v BIGINT, ts TIMESTAMP(3)%s%s) WITH ('connector' = 'simulated', 'is' = '%s', 'mode' = '%s'%s);\n",
		t.name, name, key, watermark, t.name, mode, options)
}

func (o *output) ddl() string {
	key := ""
	if o.key != nil {
		names := strings.Split(o.columns, ",")
		var parts []string
		for _, k := range o.key {
			parts = append(parts, strings.Fields(names[k])[0])
		}
		key = ", PRIMARY KEY (" + strings.Join(parts, ", ") + ") NOT ENFORCED"
	}
	return fmt.Sprintf("CREATE TABLE %s (%s%s) WITH ('connector' = 'simulated', 'is' = '%s', 'mode' = '%s');\n", o.name, o.columns, key, o.name, o.mode)
}

// sql is the whole script.
func (q *query) sql() string {
	var b strings.Builder
	for _, t := range q.tables {
		b.WriteString(t.ddl())
	}
	for _, o := range q.outputs {
		b.WriteString(o.ddl())
	}
	for _, o := range q.outputs {
		fmt.Fprintf(&b, "INSERT INTO %s %s;\n", o.name, o.query)
	}
	return b.String()
}

// template makes an output from random parameters.
type template struct {
	name string
	make func(r *rand.Rand, g *queryGenerator) *output
}

// queryGenerator gathers the tables that the outputs of a query need.
type queryGenerator struct {
	random *rand.Rand
	tables map[string]*table
}

func newQuery(r *rand.Rand) *query {
	g := &queryGenerator{random: r, tables: map[string]*table{}}
	q := &query{}
	n := 1
	if r.IntN(4) == 0 {
		n = 2
	}
	for i := range n {
		t := templates[r.IntN(len(templates))]
		o := t.make(r, g)
		o.name = fmt.Sprintf("out%d", i)
		o.kind = t.name
		q.outputs = append(q.outputs, o)
	}
	for _, name := range []string{"a", "b", "u", "l"} {
		if t := g.tables[name]; t != nil {
			q.tables = append(q.tables, t)
		}
	}
	return q
}

// windowed is use for queries with windows.
func (g *queryGenerator) windowed(name string) string {
	g.use(name)
	g.tables[name].windowed = true
	return name
}

// use makes sure that a base table exists: a and b have rows in time, u is an upsert changelog, l has late rows.
func (g *queryGenerator) use(name string) string {
	if g.tables[name] == nil {
		t := &table{name: name, timed: name != "u", upsert: name == "u", late: name == "l", disorder: 1 + g.random.Int64N(3000)}
		t.idle = t.late && g.random.IntN(2) == 0
		t.unbounded = g.random.IntN(3) == 0
		g.tables[name] = t
	}
	return name
}

// appendOnly gives an output a sink of inserts.
func (g *queryGenerator) appendOnly(o *output) *output {
	o.mode = "I"
	o.once = g.random.IntN(3) > 0
	return o
}

// changelog gives an output a sink of changes: all of them, or by key. It is exactly once: on the way to equal ends two
// attempts may give different changes, and one that a failed attempt has sent isn't taken back when the next one has no
// reason to change that row.
func (g *queryGenerator) changelog(o *output, key ...int) *output {
	if o.mode, o.once = "I,UB,UA,D", true; key != nil && g.random.IntN(2) == 0 {
		o.key, o.mode = key, "I,UA,D"
	}
	return o
}

// some picks aggregates, and returns them with their part of the SELECT list and of the table's columns.
func some(r *rand.Rand) (as []aggregate, sql, columns string) {
	for i := range 1 + r.IntN(4) {
		a := aggregates[r.IntN(len(aggregates))]
		as = append(as, a)
		sql += ", " + a.sql
		columns += fmt.Sprintf(", a%d BIGINT", i)
	}
	return as, sql, columns
}

// condition is a random filter over a base table.
func condition(r *rand.Rand) (sql string, keep func(row) bool) {
	switch r.IntN(4) {
	case 0:
		x := r.Int64N(100)
		return fmt.Sprintf("n > %d", x), func(r row) bool { n, ok := r[colN].(int64); return ok && n > x }
	case 1:
		return "k IS NOT NULL", func(r row) bool { return r[colK] != nil }
	case 2:
		x := r.Int64N(4)
		return fmt.Sprintf("v <> %d", x), func(r row) bool { return r[colV] != x }
	}
	return "n IS NULL OR n >= 0", func(r row) bool { n, ok := r[colN].(int64); return !ok || n >= 0 }
}

var templates = []template{
	{"calc", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.use("a")
		where, keep := condition(r)
		return g.appendOnly(&output{
			columns: "k STRING, x BIGINT, y STRING",
			query:   fmt.Sprintf("SELECT k, n * 2 + v, UPPER(k) FROM %s WHERE %s", from, where),
			want: func(in map[string][]row) []row {
				return project(filter(in[from], keep), func(r row) row {
					out := row{r[colK], nil, nil}
					if n, ok := r[colN].(int64); ok {
						out[1] = n*2 + r[colV].(int64)
					}
					if k, ok := r[colK].(string); ok {
						out[2] = strings.ToUpper(k)
					}
					return out
				})
			},
		})
	}},
	{"window", window},
	{"window", window},
	{"over", over},
	{"session", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.windowed("a")
		as, sql, columns := some(r)
		gap := 1 + r.Int64N(3)
		partition, by, fields, lead := " PARTITION BY k", []int{colK}, "k, ", "k STRING, "
		if r.IntN(4) == 0 {
			partition, by, fields, lead = "", nil, "", ""
		}
		return g.appendOnly(&output{
			columns: lead + "s TIMESTAMP(3), e TIMESTAMP(3)" + columns,
			query: fmt.Sprintf("SELECT %swindow_start, window_end%s FROM TABLE(SESSION(TABLE %s%s, DESCRIPTOR(ts), INTERVAL '%d' SECOND)) GROUP BY %swindow_start, window_end",
				fields, sql, from, partition, gap, fields),
			want: func(in map[string][]row) []row {
				return group(sessions(in[from], by, gap*1000), append(by[:len(by):len(by)], colTS+1, colTS+2), as)
			},
		})
	}},
	{"group", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.use("a")
		as, sql, columns := some(r)
		return g.changelog(&output{
			columns: "k STRING" + columns,
			query:   fmt.Sprintf("SELECT k%s FROM %s WHERE k IS NOT NULL GROUP BY k", sql, from),
			want: func(in map[string][]row) []row {
				return group(filter(in[from], func(r row) bool { return r[colK] != nil }), []int{colK}, as)
			},
		}, 0)
	}},
	{"regroup", func(r *rand.Rand, g *queryGenerator) *output {
		// The outer aggregation sees retractions of the inner one.
		from := g.use("a")
		as, sql, columns := some(r)
		return g.changelog(&output{
			columns: "v BIGINT" + columns,
			query:   fmt.Sprintf("SELECT v%s FROM (SELECT k, SUM(n) AS n, COUNT(*) AS v FROM %s GROUP BY k) GROUP BY v", sql, from),
			want: func(in map[string][]row) []row {
				inner := group(in[from], []int{colK}, []aggregate{aggregates[2], aggregates[0]})
				return group(inner, []int{colV}, as)
			},
		}, 0)
	}},
	{"distinct", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.use("a")
		return g.changelog(&output{
			columns: "k STRING, v BIGINT",
			query:   fmt.Sprintf("SELECT DISTINCT k, v FROM %s WHERE k IS NOT NULL", from),
			want: func(in map[string][]row) []row {
				return distinct(project(filter(in[from], func(r row) bool { return r[colK] != nil }), func(r row) row { return row{r[colK], r[colV]} }))
			},
		}, 0, 1)
	}},
	{"join", func(r *rand.Rand, g *queryGenerator) *output {
		a, b := g.use("a"), g.use("b")
		kind := r.IntN(4)
		word := [...]string{"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}[kind]
		sql, more := "", func(a, b row) bool { return true }
		if r.IntN(2) == 0 {
			sql, more = " AND x.v >= y.v", func(a, b row) bool { return a[colV].(int64) >= b[colV].(int64) }
		}
		o := &output{
			columns: "k STRING, n BIGINT, k2 STRING, n2 BIGINT",
			query:   fmt.Sprintf("SELECT x.k, x.n, y.k, y.n FROM %s x %s %s y ON x.k = y.k%s", a, word, b, sql),
			want: func(in map[string][]row) []row {
				all := join(in[a], in[b], colTS+1, colTS+1, kind == 1 || kind == 3, kind >= 2, func(x, y row) bool {
					return equal(x[colK], y[colK]) && more(x, y)
				})
				return project(all, func(r row) row { return row{r[colK], r[colN], r[colTS+1+colK], r[colTS+1+colN]} })
			},
		}
		if kind == 0 {
			return g.appendOnly(o)
		}
		return g.changelog(o)
	}},
	{"semi", func(r *rand.Rand, g *queryGenerator) *output {
		a, b := g.use("a"), g.use("b")
		anti := r.IntN(2) == 0
		not := ""
		if anti {
			not = "NOT "
		}
		return g.changelog(&output{
			columns: "k STRING, n BIGINT",
			query:   fmt.Sprintf("SELECT k, n FROM %s x WHERE %sEXISTS (SELECT 1 FROM %s y WHERE y.k = x.k AND y.v = 1)", a, not, b),
			want: func(in map[string][]row) []row {
				kept := filter(in[a], func(x row) bool {
					found := false
					for _, y := range in[b] {
						found = found || equal(x[colK], y[colK]) && y[colV] == int64(1)
					}
					return found != anti
				})
				return project(kept, func(r row) row { return row{r[colK], r[colN]} })
			},
		})
	}},
	{"windowjoin", func(r *rand.Rand, g *queryGenerator) *output {
		// Two streams of windows, joined, as the lab does it.
		a, b := g.windowed("a"), g.windowed("b")
		size := int64(1+r.IntN(4)) * 1000
		side := func(t, as string) string {
			return fmt.Sprintf("(SELECT window_end AS e, COUNT(*) AS %s FROM TABLE(TUMBLE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND)) GROUP BY window_start, window_end)", as, t, size/1000)
		}
		count := []aggregate{aggregates[0]}
		return g.appendOnly(&output{
			columns: "e TIMESTAMP(3), c BIGINT, d BIGINT",
			query:   fmt.Sprintf("SELECT x.e, x.c, y.d FROM %s x JOIN %s y ON x.e = y.e", side(a, "c"), side(b, "d")),
			want: func(in map[string][]row) []row {
				l := group(windowed(in[a], tumble(size)), []int{colTS + 2}, count)
				m := group(windowed(in[b], tumble(size)), []int{colTS + 2}, count)
				return project(join(l, m, 2, 2, false, false, func(x, y row) bool { return equal(x[0], y[0]) }),
					func(r row) row { return row{r[0], r[1], r[3]} })
			},
		})
	}},
	{"groupjoin", func(r *rand.Rand, g *queryGenerator) *output {
		// Both sides update.
		a, b := g.use("a"), g.use("b")
		side := func(t string) string {
			return fmt.Sprintf("(SELECT k, SUM(n) AS s FROM %s WHERE k IS NOT NULL GROUP BY k)", t)
		}
		return g.changelog(&output{
			columns: "k STRING, s BIGINT, s2 BIGINT",
			query:   fmt.Sprintf("SELECT x.k, x.s, y.s FROM %s x LEFT JOIN %s y ON x.k = y.k", side(a), side(b)),
			want: func(in map[string][]row) []row {
				total := func(rows []row) []row {
					return group(filter(rows, func(r row) bool { return r[colK] != nil }), []int{colK}, []aggregate{aggregates[2]})
				}
				return project(join(total(in[a]), total(in[b]), 2, 2, true, false, func(x, y row) bool { return equal(x[0], y[0]) }),
					func(r row) row { return row{r[0], r[1], r[3]} })
			},
		}, 0)
	}},
	{"union", func(r *rand.Rand, g *queryGenerator) *output {
		a, b := g.use("a"), g.use("b")
		o := &output{columns: "k STRING, v BIGINT"}
		all := func(in map[string][]row) []row {
			return project(append(in[a][:len(in[a]):len(in[a])], in[b]...), func(r row) row { return row{r[colK], r[colV]} })
		}
		if r.IntN(2) == 0 {
			o.query, o.want = fmt.Sprintf("SELECT k, v FROM %s UNION ALL SELECT k, v FROM %s", a, b), all
			return g.appendOnly(o)
		}
		o.query = fmt.Sprintf("SELECT k, v FROM %s UNION SELECT k, v FROM %s", a, b)
		o.want = func(in map[string][]row) []row { return distinct(all(in)) }
		return g.changelog(o)
	}},
	{"upsert", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.use("u")
		where, keep := condition(r)
		o := g.changelog(&output{
			columns: "k STRING, n BIGINT, v BIGINT",
			query:   fmt.Sprintf("SELECT k, n, v FROM %s WHERE %s", from, where),
			want: func(in map[string][]row) []row {
				return project(filter(in[from], keep), func(r row) row { return row{r[colK], r[colN], r[colV]} })
			},
		}, 0)
		if o.key != nil { // the changes of a key are always the same
			o.once = r.IntN(3) > 0
		}
		return o
	}},
	{"upsertgroup", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.use("u")
		as, sql, columns := some(r)
		return g.changelog(&output{
			columns: "v BIGINT" + columns,
			query:   fmt.Sprintf("SELECT v%s FROM %s GROUP BY v", sql, from),
			want:    func(in map[string][]row) []row { return group(in[from], []int{colV}, as) },
		}, 0)
	}},
	{"late", late},
	{"late", late},
	{"unnest", func(r *rand.Rand, g *queryGenerator) *output {
		from := g.use("a")
		join, on, left := "CROSS", "", r.IntN(2) == 0
		if left {
			join, on = "LEFT", " ON TRUE"
		}
		return g.appendOnly(&output{
			columns: "k STRING, e BIGINT, i INT",
			query:   fmt.Sprintf("SELECT k, e, i FROM %s %s JOIN UNNEST(CASE WHEN v > 1 THEN ARRAY[n, v] END) WITH ORDINALITY AS x(e, i)%s", from, join, on),
			want: func(in map[string][]row) []row {
				var out []row
				for _, r := range in[from] {
					switch {
					case r[colV].(int64) > 1:
						out = append(out, row{r[colK], r[colN], int32(1)}, row{r[colK], r[colV], int32(2)})
					case left:
						out = append(out, row{r[colK], nil, nil})
					}
				}
				return out
			},
		})
	}},
	{"unnest changes", func(r *rand.Rand, g *queryGenerator) *output {
		// An update may make fewer rows than there were, or more.
		from := g.use("u")
		return g.changelog(&output{
			columns: "k STRING, e BIGINT",
			query:   fmt.Sprintf("SELECT k, e FROM %s, UNNEST(CASE v WHEN 0 THEN ARRAY[v] WHEN 1 THEN NULL ELSE ARRAY[v, v + 10, n + 100] END) AS e WHERE e IS NOT NULL", from),
			want: func(in map[string][]row) []row {
				var out []row
				for _, r := range in[from] {
					switch v := r[colV].(int64); v {
					case 0:
						out = append(out, row{r[colK], v})
					case 1:
					default:
						out = append(out, row{r[colK], v}, row{r[colK], v + 10})
						if n, ok := r[colN].(int64); ok {
							out = append(out, row{r[colK], n + 100})
						}
					}
				}
				return out
			},
		}, 0, 1)
	}},
}

func late(r *rand.Rand, g *queryGenerator) *output {
	from := g.windowed("l")
	size := int64(1+r.IntN(4)) * 1000
	return &output{
		mode: "I", once: true, // what is late depends on how rows arrive, so they may not be sent again
		columns: "e TIMESTAMP(3), c BIGINT",
		query:   fmt.Sprintf("SELECT window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND)) GROUP BY window_start, window_end", from, size/1000),
		bounds:  func(tables []*table, got []row) error { return lateBounds(tables, from, size, got) },
	}
}

func window(r *rand.Rand, g *queryGenerator) *output {
	from := g.windowed("a")
	as, sql, columns := some(r)
	step := int64(1 + r.IntN(3))
	size := step * int64(1+r.IntN(4))
	function, assign := fmt.Sprintf("TUMBLE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND)", from, size), tumble(size*1000)
	switch r.IntN(3) {
	case 0:
		function, assign = fmt.Sprintf("HOP(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND)", from, step, size), hop(step*1000, size*1000)
	case 1:
		function, assign = fmt.Sprintf("CUMULATE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND)", from, step, size), cumulate(step*1000, size*1000)
	}
	where, keep := condition(r)
	by, fields, lead := []int{colK, colTS + 1, colTS + 2}, "k, ", "k STRING, "
	if r.IntN(3) == 0 {
		by, fields, lead = by[1:], "", ""
	}
	return g.appendOnly(&output{
		columns: lead + "s TIMESTAMP(3), e TIMESTAMP(3)" + columns,
		query:   fmt.Sprintf("SELECT %swindow_start, window_end%s FROM TABLE(%s) WHERE %s GROUP BY %swindow_start, window_end", fields, sql, function, where, fields),
		want:    func(in map[string][]row) []row { return group(windowed(filter(in[from], keep), assign), by, as) },
	})
}

// over is OVER with a range of time, so that rows of the same time give the same in whatever order they come.
func over(r *rand.Rand, g *queryGenerator) *output {
	from := g.windowed("a")
	g.tables[from].strict = true
	as, _, columns := some(r)
	frame, preceding := "", int64(math.MaxInt64)
	if r.IntN(2) == 0 {
		seconds := 1 + r.Int64N(4)
		frame, preceding = fmt.Sprintf(" RANGE BETWEEN INTERVAL '%d' SECOND PRECEDING AND CURRENT ROW", seconds), seconds*1000
	}
	partition, keyed := " PARTITION BY k", true
	if r.IntN(4) == 0 {
		partition, keyed = "", false
	}
	sql := ""
	for _, a := range as {
		sql += ", " + a.sql + " OVER w"
	}
	return g.appendOnly(&output{
		columns: "k STRING, ts TIMESTAMP(3)" + columns,
		query:   fmt.Sprintf("SELECT k, ts%s FROM %s WINDOW w AS (%s ORDER BY ts%s)", sql, from, strings.TrimSpace(partition), frame),
		want: func(in map[string][]row) []row {
			return project(in[from], func(x row) row {
				at := x[colTS].(int64)
				frame := filter(in[from], func(y row) bool {
					t := y[colTS].(int64)
					return t <= at && (preceding == math.MaxInt64 || t >= at-preceding) && (!keyed || equal(x[colK], y[colK]) || x[colK] == nil && y[colK] == nil)
				})
				out := row{x[colK], at}
				for _, a := range as {
					out = append(out, a.of(frame))
				}
				return out
			})
		},
	})
}

// lateBounds checks counts of windows over a table with late rows: a row counts once at most, and one that no watermark
// could have overtaken counts.
func lateBounds(tables []*table, name string, size int64, got []row) error {
	least, most := map[int64]int64{}, map[int64]int64{}
	for _, t := range tables {
		if t.name != name {
			continue
		}
		for _, s := range t.splits {
			high := int64(0)
			for _, c := range s.rows {
				ts := c.row[colTS].(int64)
				end := ts - ts%size + size
				most[end]++
				if end-1 > high-t.disorder && !t.idle {
					least[end]++
				}
				high = max(high, ts)
			}
		}
	}
	seen := map[int64]int64{}
	for _, r := range got {
		end, n := r[0].(int64), r[1].(int64)
		if seen[end] != 0 {
			return fmt.Errorf("the window that ends at %d was emitted twice", end)
		}
		seen[end] = n
		if n > most[end] {
			return fmt.Errorf("the window that ends at %d has %d rows of %d", end, n, most[end])
		}
	}
	for end, n := range least {
		if seen[end] < n {
			return fmt.Errorf("the window that ends at %d has %d rows; %d can't have been late", end, seen[end], n)
		}
	}
	return nil
}
