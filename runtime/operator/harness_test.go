package operator_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// A script drives an operator. Lines in a row that give records are one feed; the lines marked > behind it, or behind a
// directive, are all that comes out of it.
//
//	+I ann 12:00:03      a record of input 0; R+I … of input 1
//	watermark 12:00:10
//	time 12:00:10        processing time moves; OnTime is called if the operator asked for it
//	finish               the final watermark, then Finish
//	late 2               the late records so far
//	> +I ann 1           expected
//	error NULL           the feed before fails with an error that contains this
//
// Every script is replayed under variations: batches of one row and of all, between decoy rows that aren't selected, and
// through snapshot and restore between any two batches, also from one subtask to three and back.
type script struct {
	node physical.Node
	text string
	// unordered: outputs of a feed are compared sorted.
	unordered bool
	// together: batches are as the feeds are (for operators that emit per batch).
	together bool
	zone     *time.Location
	start    time.Time
}

type variation struct {
	name     string
	rows     int  // per batch; 0: all
	decoys   bool // rows that a selection leaves out
	restore  bool
	subtasks []int // parallelism before the first restore, after it, and so on around; nil: always one
}

var variations = []variation{
	{name: "many"},
	{name: "one", rows: 1},
	{name: "two-selected", rows: 2, decoys: true},
	{name: "restored", restore: true},
	{name: "one-restored", rows: 1, restore: true},
	{name: "rescaled", rows: 3, restore: true, subtasks: []int{1, 3}},
}

func (s script) run(t *testing.T) {
	t.Helper()
	for _, v := range variations {
		if s.together && v.rows > 0 {
			continue
		}
		if v.subtasks != nil && s.keys() == nil {
			continue // its node has one subtask
		}
		t.Run(v.name, func(t *testing.T) { s.replay(t, v) })
	}
}

// keys are the key columns of each input, by which a hash exchange deals out rows; nil when there are none.
func (s script) keys() [][]int {
	switch n := s.node.(type) {
	case *physical.GroupAggregate:
		if len(n.Keys) > 0 {
			return [][]int{n.Keys}
		}
	case *physical.OverAggregate:
		if len(n.PartitionBy) > 0 {
			return [][]int{n.PartitionBy}
		}
	case *physical.WindowAggregate:
		if len(n.Keys) > 0 {
			return [][]int{n.Keys}
		}
	case *physical.Join:
		if len(n.LeftKeys) > 0 {
			return [][]int{n.LeftKeys, n.RightKeys}
		}
	}
	return nil
}

func (s script) replay(t *testing.T, v variation) {
	t.Helper()
	j := newJob(t, s.node, s.zone, s.start)
	j.decoys = v.decoys
	parallelism := func(i int) int {
		if v.subtasks == nil {
			return 1
		}
		return v.subtasks[i%len(v.subtasks)]
	}
	restores := 0
	j.open(parallelism(0), nil)
	var got []string
	var failed error
	check := func(at int, want []string) {
		t.Helper()
		if failed != nil {
			t.Fatalf("line %d: %v", at, failed)
		}
		g, w := slices.Clone(got), slices.Clone(want)
		if s.unordered || v.subtasks != nil {
			slices.Sort(g)
			slices.Sort(w)
		}
		if !slices.Equal(g, w) {
			t.Fatalf("before line %d: emitted\n\t%s\nwant\n\t%s", at, strings.Join(g, "\n\t"), strings.Join(w, "\n\t"))
		}
		got = nil
	}
	lines := strings.Split(s.text, "\n")
	for at := 0; at < len(lines); {
		var feed []string
		for ; at < len(lines); at++ {
			line := strings.TrimSpace(lines[at])
			if line == "" || line[0] == '#' {
				continue
			}
			if !strings.ContainsAny(line[:1], "+-RL") {
				break
			}
			feed = append(feed, line)
		}
		if len(feed) == 0 && at == len(lines) {
			break
		}
		if len(feed) > 0 {
			failed = j.feed(feed, v.rows, func() {
				if v.restore {
					entries := j.close()
					restores++
					j.open(parallelism(restores), entries)
				}
			})
		} else {
			word, rest, _ := strings.Cut(strings.TrimSpace(lines[at]), " ")
			rest = strings.TrimSpace(rest)
			at++
			switch word {
			case "watermark":
				j.watermark(millis(t, rest))
			case "time":
				j.advance(time.UnixMilli(millis(t, rest)))
			case "finish":
				j.watermark(math.MaxInt64)
				j.finish()
			case "late":
				if n := strconv.FormatInt(j.late(), 10); n != rest {
					t.Fatalf("line %d: %s late records, want %s", at, n, rest)
				}
			case "error":
				if failed == nil || !strings.Contains(failed.Error(), rest) {
					t.Fatalf("line %d: error %v, want one with %q", at, failed, rest)
				}
				return
			default:
				t.Fatalf("line %d: no directive %q", at, word)
			}
		}
		got = append(got, j.take()...)
		var want []string
		for ; at < len(lines); at++ {
			line := strings.TrimSpace(lines[at])
			if line == "" || line[0] == '#' {
				continue
			}
			if line[0] != '>' {
				break
			}
			want = append(want, strings.Join(strings.Fields(line[1:]), " "))
		}
		if at < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[at]), "error") {
			continue
		}
		check(at+1, want)
	}
	j.close()
}

// job is the subtasks of one node, with what their tasks would do.
type job struct {
	t       testing.TB
	node    physical.Node
	ops     []operator.Operator
	ctxs    []*operator.Context
	woken   []time.Time
	clock   *fixedClock
	zone    *time.Location
	metrics *metrics.Operator
	decoys  bool
	maxRows int
	hasher  state.KeyHasher
	emitted []string
	fold    *fold // when set, takes what is emitted
	memory  *state.Memory
	noise   bool // goes on with records and watermarks while a snapshot is written, whose effects are lost
	recent  []recent
	deaf    bool // nothing is emitted
	// What complete checkpoints have of each subtask, since it was opened.
	chains, lastChains [][][]state.Entry
	high               int64
}

// recent is a batch that an operator instance has taken.
type recent struct {
	subtask, input int
	batch          *types.Batch
}

// limit gives the job so little memory that keys go to disk.
func (j *job) limit(bytes int64) {
	j.memory = state.NewMemory(bytes, j.t.TempDir())
	j.t.Cleanup(func() {
		if err := j.memory.Close(); err != nil {
			j.t.Error(err)
		}
	})
}

type fixedClock struct {
	clock.Clock
	now time.Time
}

func (c *fixedClock) Now() time.Time { return c.now }

func newJob(t testing.TB, node physical.Node, zone *time.Location, start time.Time) *job {
	if zone == nil {
		zone = time.UTC
	}
	if start.IsZero() {
		start = time.UnixMilli(0)
	}
	return &job{t: t, node: node, zone: zone, clock: &fixedClock{now: start}, metrics: &metrics.Operator{}, maxRows: 100, high: math.MinInt64}
}

func (j *job) open(parallelism int, entries []state.Entry) {
	j.ops, j.ctxs, j.woken = nil, nil, make([]time.Time, parallelism)
	j.chains = make([][][]state.Entry, parallelism)
	for i := range parallelism {
		op, err := operator.Build(j.node)
		if err != nil {
			j.t.Fatal(err)
		}
		ctx := &operator.Context{
			Subtask: i, Parallelism: parallelism, Clock: j.clock, Metrics: j.metrics, MaxRows: j.maxRows,
			UDF:    &udf.Context{Location: j.zone, Now: j.clock.Now, Watermark: math.MinInt64},
			WakeAt: func(at time.Time) { j.woken[i] = at }, Memory: j.memory,
		}
		if entries != nil {
			ctx.Restore = state.NewReader(state.Deal(entries, i, parallelism, false))
		}
		if err := op.Open(ctx); err != nil {
			j.t.Fatalf("open: %v", err)
		}
		j.ops, j.ctxs = append(j.ops, op), append(j.ctxs, ctx)
	}
}

// close takes a snapshot and ends all subtasks.
func (j *job) close() []state.Entry {
	entries := []state.Entry{}
	for i, part := range j.snapshot() {
		entries = append(entries, resolve(append(j.chains[i], part))...)
	}
	for _, op := range j.ops {
		if err := op.Close(); err != nil {
			j.t.Fatalf("close: %v", err)
		}
	}
	if j.memory != nil && (j.memory.Used() != 0 || j.memory.Spilled() != 0) {
		j.t.Errorf("%d bytes of state in memory and %d on disk after the end", j.memory.Used(), j.memory.Spilled())
	}
	return entries
}

// checkpoint takes a snapshot that the next ones are increments of; if complete is false, it fails after all.
func (j *job) checkpoint(complete bool) {
	parts := j.snapshot()
	for i, op := range j.ops {
		if !complete {
			j.chains[i] = j.lastChains[i]
			continue
		}
		j.chains[i] = append(j.chains[i], parts[i])
		if inc, ok := op.(operator.Incremental); ok {
			inc.Complete()
		}
	}
}

// snapshot returns what each subtask writes, and leaves in chains what that follows.
func (j *job) snapshot() [][]state.Entry {
	writers := make([]state.Writer, len(j.ops))
	j.lastChains = slices.Clone(j.chains)
	for i, op := range j.ops {
		if inc, ok := op.(operator.Incremental); ok {
			writers[i].Record = true
			writers[i].Increment = len(j.chains[i]) > 0 && inc.CanIncrement()
		}
		if !writers[i].Increment {
			j.chains[i] = nil
		}
		if err := op.Snapshot(&writers[i]); err != nil {
			j.t.Fatalf("snapshot: %v", err)
		}
	}
	if j.noise {
		j.disturb()
	}
	parts := make([][]state.Entry, len(j.ops))
	for i := range j.ops {
		for done := false; !done; {
			var err error
			if done, err = writers[i].Sweep(); err != nil {
				j.t.Fatalf("sweep: %v", err)
			}
		}
		parts[i] = writers[i].Entries()
	}
	return parts
}

// resolve puts the parts of a chain together as a checkpoint does: later ones replace and remove.
func resolve(parts [][]state.Entry) []state.Entry {
	var all []state.Entry
	later := map[string]int{}
	for k := len(parts) - 1; k >= 0; k-- {
		for _, e := range parts[k] {
			id := fmt.Sprint(e.Group, e.Name, e.Key)
			at, seen := later[id]
			if !seen {
				later[id] = k
			} else if at != k {
				continue
			}
			if !e.Removed {
				all = append(all, e)
			}
		}
	}
	return all
}

// disturb makes the operators change what is being written.
func (j *job) disturb() {
	late, woken := j.metrics.Late.Load(), slices.Clone(j.woken)
	j.deaf = true
	for round := range 2 {
		for _, r := range j.recent {
			if r.subtask >= len(j.ops) {
				continue
			}
			if err := j.ops[r.subtask].Process(r.input, r.batch, j); err != nil {
				j.t.Fatalf("after the snapshot: %v", err)
			}
		}
		if j.high != math.MinInt64 && j.high != math.MaxInt64 {
			for _, op := range j.ops {
				if err := op.OnWatermark(j.high+int64(5*round+3), j); err != nil {
					j.t.Fatalf("after the snapshot: %v", err)
				}
			}
		}
	}
	j.deaf, j.woken = false, woken
	j.metrics.Late.Store(late)
}

// Emit implements operator.Output.
func (j *job) Emit(b *types.Batch) error {
	if b.Schema == nil || len(b.Cols) != len(b.Schema.Fields) || b.Rows() == 0 {
		j.t.Errorf("emitted a batch of %d rows with schema %v and %d columns", b.Rows(), b.Schema, len(b.Cols))
	}
	if j.deaf {
		return nil
	}
	mode := j.node.Base().Mode
	for k := range b.Rows() {
		i := k
		if b.Sel != nil {
			i = int(b.Sel[k])
		}
		if !mode.Has(b.Kind(i)) {
			j.t.Errorf("emitted %s under the mode %s", b.Kind(i), mode)
		}
		if j.fold != nil {
			j.fold.apply(b, i)
			continue
		}
		line := b.Kind(i).String()
		for _, v := range b.Cols {
			line += " " + print(v, i)
		}
		j.emitted = append(j.emitted, line)
	}
	return nil
}

func (j *job) take() []string {
	out := j.emitted
	j.emitted = nil
	return out
}

// feed sends records, rows of them per batch; between is called after each batch.
func (j *job) feed(lines []string, rows int, between func()) error {
	inputs := j.node.Base().Inputs
	for len(lines) > 0 {
		input := side(lines[0])
		n := 1
		for n < len(lines) && side(lines[n]) == input && (rows == 0 || n < rows) {
			n++
		}
		b := types.NewBatch(inputs[input].From.Base().Schema)
		for _, line := range lines[:n] {
			fields := strings.Fields(strings.TrimLeft(line, "LR"))
			kind, ok := types.ParseRowKind(fields[0])
			if !ok || len(fields) != 1+len(b.Cols) {
				j.t.Fatalf("record %q doesn't fit the schema %s", line, b.Schema)
			}
			for c, v := range b.Cols {
				parse(j.t, v, fields[1+c])
			}
			b.AppendKind(kind)
		}
		if err := j.process(input, b); err != nil {
			return err
		}
		between()
		lines = lines[n:]
	}
	return nil
}

func side(line string) int {
	if line[0] == 'R' {
		return 1
	}
	return 0
}

// process deals a batch out to the subtasks as a hash exchange would.
func (j *job) process(input int, b *types.Batch) error {
	keys := script{node: j.node}.keys()
	if len(j.ops) == 1 || keys == nil {
		return j.give(0, input, b)
	}
	hashes := slices.Clone(j.hasher.Hash(b, keys[input]))
	for i := range j.ops {
		part := types.NewBatch(b.Schema)
		var rows []int32
		for k, h := range hashes {
			if state.Subtask(state.KeyGroup(h), len(j.ops)) == i {
				r := int32(k)
				if b.Sel != nil {
					r = b.Sel[k]
				}
				rows = append(rows, r)
			}
		}
		part.AppendSelected(b, rows)
		if err := j.give(i, input, part); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) give(subtask, input int, b *types.Batch) error {
	if j.decoys && b.Sel == nil {
		mixed := types.NewBatch(b.Schema)
		for i := range b.N {
			for range 2 {
				for c, v := range mixed.Cols {
					v.AppendRow(b.Cols[c], i)
				}
				mixed.AppendKind(b.Kind(i))
			}
			for _, v := range mixed.Cols {
				v.AppendNull()
			}
			mixed.AppendKind(types.Insert)
			mixed.Sel = append(mixed.Sel, int32(3*i+1))
		}
		b = mixed
	}
	if j.noise {
		again := types.NewBatch(b.Schema)
		again.AppendBatch(b)
		again.Kinds = nil // all are additions
		if j.recent = append(j.recent, recent{subtask, input, again}); len(j.recent) > 4 {
			j.recent = j.recent[1:]
		}
	}
	err := j.ops[subtask].Process(input, b, j)
	for _, v := range b.Cols { // the batch is the caller's again
		poison(v)
	}
	return err
}

func poison(v *types.Vector) {
	for i := range v.I64 {
		v.I64[i] = -99
	}
	for i := range v.I32 {
		v.I32[i] = -99
	}
	for i := range v.Data {
		v.Data[i] = '!'
	}
}

func (j *job) watermark(t int64) {
	j.high = t
	for i, op := range j.ops {
		j.ctxs[i].UDF.Watermark = t
		if err := op.OnWatermark(t, j); err != nil {
			j.t.Fatalf("watermark: %v", err)
		}
	}
}

func (j *job) advance(to time.Time) {
	j.clock.now = to
	for i, op := range j.ops {
		if at := j.woken[i]; !at.IsZero() && !at.After(to) {
			j.woken[i] = time.Time{}
			if err := op.OnTime(to, j); err != nil {
				j.t.Fatalf("time: %v", err)
			}
		}
	}
}

func (j *job) finish() {
	for _, op := range j.ops {
		if err := op.Finish(j); err != nil {
			j.t.Fatalf("finish: %v", err)
		}
	}
}

func (j *job) late() int64 { return j.metrics.Late.Load() }

// parse appends a value written as text.
func parse(t testing.TB, v *types.Vector, s string) {
	if s == "NULL" {
		v.AppendNull()
		return
	}
	var err error
	var n int64
	var f float64
	switch v.Type.Kind {
	case types.Varchar, types.Char:
		v.AppendString(strings.ReplaceAll(s, "_", " "))
		return
	case types.Boolean:
		v.AppendValue(s == "true")
		return
	case types.Timestamp, types.TimestampLTZ:
		v.AppendValue(millis(t, s) * (v.Type.TicksPerSecond() / 1000))
		return
	case types.Double:
		f, err = strconv.ParseFloat(s, 64)
		v.AppendValue(f)
	case types.Int:
		n, err = strconv.ParseInt(s, 10, 32)
		v.AppendValue(int32(n))
	case types.BigInt:
		n, err = strconv.ParseInt(s, 10, 64)
		v.AppendValue(n)
	default:
		t.Fatalf("no way to write %s", v.Type)
	}
	if err != nil {
		t.Fatalf("value %q: %v", s, err)
	}
}

// millis reads a time of 1970-01-01, or with a date before T.
func millis(t testing.TB, s string) int64 {
	layout := "15:04:05"
	if strings.Contains(s, "T") {
		layout = "2006-01-02T15:04:05"
	}
	at, err := time.Parse(layout, s)
	if err != nil {
		t.Fatal(err)
	}
	if at.Year() == 0 {
		at = at.AddDate(1970, 0, 0)
	}
	return at.UnixMilli()
}

func print(v *types.Vector, i int) string {
	x := v.Value(i)
	switch {
	case x == nil:
		return "NULL"
	case v.Type.IsTimestamp():
		at := time.UnixMilli(x.(int64) / (v.Type.TicksPerSecond() / 1000)).UTC()
		layout := "2006-01-02T15:04:05"
		if at.Year() == 1970 && at.YearDay() == 1 {
			layout = "15:04:05"
		}
		if at.Nanosecond() != 0 {
			layout += ".000"
		}
		return at.Format(layout)
	case v.Type.IsCharacter():
		return strings.ReplaceAll(x.(string), " ", "_")
	case v.Type.Kind == types.Decimal:
		return v.Dec[i].ToString(int32(v.Type.Scale))
	}
	return fmt.Sprint(x)
}

// schema reads `a INT, b STRING`; ts TIME stands for a TIMESTAMP(3) rowtime, LTZ for a TIMESTAMP_LTZ(3) one.
func schema(s string) *types.Schema {
	named := map[string]types.Type{
		"INT": types.IntType, "BIGINT": types.BigIntType, "STRING": types.StringType, "DOUBLE": types.DoubleType,
		"BOOLEAN": types.BooleanType, "TIME": types.TimestampType(3).WithAttr(types.Rowtime),
		"LTZ": types.TimestampLTZType(3).WithAttr(types.Rowtime), "TIMESTAMP": types.TimestampType(3),
		"MICROS": types.TimestampType(6).WithAttr(types.Rowtime), "PROCTIME": types.TimestampLTZType(3).WithAttr(types.Proctime),
		"DECIMAL": types.DecimalType(38, 2),
	}
	out := &types.Schema{}
	for field := range strings.SplitSeq(s, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(field), " ")
		t, ok := named[kind]
		if !ok {
			panic("no type " + kind)
		}
		out.Fields = append(out.Fields, types.Field{Name: name, Type: t})
	}
	return out
}

// input is a node that rows come from.
func input(s *types.Schema, mode types.ChangelogMode) physical.Edge {
	return physical.Edge{From: &physical.Union{Info: physical.Info{Schema: s, Mode: mode}}}
}

var functions = func() *udf.Registry {
	r := udf.NewRegistry()
	if err := builtin.Register(r); err != nil {
		panic(err)
	}
	return r
}()

// call reads an aggregate call over the columns of s: `SUM(v)`, `COUNT(DISTINCT v) FILTER p`, `COUNT()`.
func call(s *types.Schema, text string) physical.AggCall {
	head, filter, filtered := strings.Cut(text, " FILTER ")
	name, args, _ := strings.Cut(strings.TrimSuffix(head, ")"), "(")
	c := physical.AggCall{Name: text, Filter: -1}
	if filtered {
		c.Filter = s.Index(filter)
	}
	args, c.Distinct = strings.CutPrefix(args, "DISTINCT ")
	bind := &udf.Call{Name: name, Distinct: c.Distinct}
	for arg := range strings.SplitSeq(args, ",") {
		if arg = strings.TrimSpace(arg); arg != "" {
			k := s.Index(arg)
			c.Args = append(c.Args, k)
			bind.Args = append(bind.Args, udf.Arg{Type: s.Fields[k].Type})
		}
	}
	spec, ok := functions.Lookup(name)
	if !ok {
		panic("no function " + name)
	}
	var err error
	if c.Fn, err = spec.Aggregate(bind); err != nil {
		panic(err)
	}
	return c
}

func columns(s *types.Schema, names ...string) []int {
	var out []int
	for _, n := range names {
		out = append(out, s.Index(n))
	}
	return out
}

func aggregateSchema(s *types.Schema, keys []int, calls []physical.AggCall) *types.Schema {
	out := &types.Schema{}
	for _, k := range keys {
		out.Fields = append(out.Fields, s.Fields[k])
	}
	for _, c := range calls {
		out.Fields = append(out.Fields, types.Field{Name: c.Name, Type: c.Fn.Result})
	}
	return out
}

// fold is the table that a changelog makes: rows with how often they are there.
type fold struct {
	rows map[string]int
	key  []int // for a changelog without -U: what a +U replaces
	at   map[string]string
}

func newFold(key []int) *fold {
	return &fold{rows: map[string]int{}, key: key, at: map[string]string{}}
}

func (f *fold) apply(b *types.Batch, i int) {
	row := ""
	for _, v := range b.Cols {
		row += " " + print(v, i)
	}
	add := func(row string, n int) {
		if f.rows[row] += n; f.rows[row] == 0 {
			delete(f.rows, row)
		}
	}
	if f.key != nil {
		key := ""
		for _, k := range f.key {
			key += " " + print(b.Cols[k], i)
		}
		if old, there := f.at[key]; there {
			add(old, -1)
			delete(f.at, key)
		}
		if !b.Kind(i).Retracts() {
			f.at[key] = row
			add(row, 1)
		}
		return
	}
	if b.Kind(i).Retracts() {
		add(row, -1)
	} else {
		add(row, 1)
	}
}
