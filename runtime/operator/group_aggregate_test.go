package operator_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

func groupBy(s *types.Schema, keys []int, mode types.ChangelogMode, calls ...string) *physical.GroupAggregate {
	n := &physical.GroupAggregate{Keys: keys}
	for _, c := range calls {
		n.Aggs = append(n.Aggs, call(s, c))
	}
	n.Inputs = []physical.Edge{input(s, types.AppendOnly)}
	n.Schema, n.Mode = aggregateSchema(s, keys, n.Aggs), mode
	return n
}

func retracting(n *physical.GroupAggregate) *physical.GroupAggregate {
	n.InputRetracts = true
	n.Inputs[0].From.Base().Mode = types.Retract
	return n
}

// Flink's GroupAggregateTestPrograms, "group-aggregate-simple": an upsert changelog, FILTER, a row that changes
// nothing... changes the count.
func TestGroupAggregateSimple(t *testing.T) {
	s := schema("a INT, b BIGINT, c STRING, big BOOLEAN")
	script{node: groupBy(s, columns(s, "b"), types.Upsert, "COUNT()", "SUM(a) FILTER big", "MIN(c)"), text: `
		+I 1 1 Hi false
		+I 2 2 Hello true
		+I 2 2 Hello_World true
		> +I 1 1 NULL Hi
		> +I 2 1 2 Hello
		> +U 2 2 4 Hello
		+I 1 1 Hi_Again! false
		+I 2 2 Hello_Again! true
		+I 2 2 Hello_World_Again! true
		> +U 1 2 NULL Hi
		> +U 2 3 6 Hello
		> +U 2 4 8 Hello
	`}.run(t)
}

// What GroupAggFunction emits for each kind of change.
func TestGroupAggregateChanges(t *testing.T) {
	s := schema("k STRING, v BIGINT")
	script{node: retracting(groupBy(s, columns(s, "k"), types.Retract, "COUNT(v)", "SUM(v)", "MAX(v)")), text: `
		# A retraction for an unknown key comes to nothing, also before the key's first row in the same feed.
		-D a 1
		+I a 3
		+I b NULL
		> +I a 1 3 3
		> +I b 0 NULL NULL
		# NULL is a key like others.
		+I NULL 5
		> +I NULL 1 5 5
		# An update is two changes.
		-U a 3
		+U a 2
		> -D a 1 3 3
		> +I a 1 2 2
		+I a 7
		-U a 2
		+U a 4
		> -U a 1 2 2
		> +U a 2 9 7
		> -U a 2 9 7
		> +U a 1 7 7
		> -U a 1 7 7
		> +U a 2 11 7
		# The result stays, so nothing is emitted.
		+I b NULL
		-D b NULL
		# The last row goes; the key starts anew.
		-D b NULL
		> -D b 0 NULL NULL
		+I b 1
		-D b 1
		-D b 1
		+I b 2
		> +I b 1 1 1
		> -D b 1 1 1
		> +I b 1 2 2
	`}.run(t)
}

// Without keys there is one group, which begins with its first row: a streaming aggregate over nothing is empty.
func TestGroupAggregateGlobal(t *testing.T) {
	s := schema("v BIGINT")
	script{node: retracting(groupBy(s, nil, types.Retract, "COUNT()", "SUM(v)")), text: `
		finish
	`}.run(t)
	script{node: retracting(groupBy(s, nil, types.Retract, "COUNT()", "SUM(v)")), text: `
		+I 4
		+I NULL
		> +I 1 4
		> -U 1 4
		> +U 2 4
		-D 4
		-D NULL
		> -U 2 4
		> +U 1 NULL
		> -D 1 NULL
	`}.run(t)
}

// DISTINCT counts a value once, however often it comes, and until its last row is retracted.
func TestGroupAggregateDistinct(t *testing.T) {
	s := schema("k STRING, v BIGINT, w STRING, p BOOLEAN")
	script{node: retracting(groupBy(s, columns(s, "k"), types.Retract, "COUNT(DISTINCT v)", "SUM(DISTINCT v) FILTER p", "COUNT(DISTINCT v, w)")), text: `
		+I a 1 x true
		+I a 1 y true
		+I a 2 x false
		+I a NULL x true
		+I b 1 x false
		> +I a 1 1 1
		> -U a 1 1 1
		> +U a 1 1 2
		> -U a 1 1 2
		> +U a 2 1 3
		> +I b 1 NULL 1
		-D a 1 x true
		> -U a 2 1 3
		> +U a 2 1 2
		-D a 1 y true
		> -U a 2 1 2
		> +U a 1 NULL 1
		-D a 2 x false
		-D a NULL x true
		> -U a 1 NULL 1
		> +U a 0 NULL 0
		> -D a 0 NULL 0
	`}.run(t)
}

// With MiniBatch a key's rows of one batch make one change.
func TestGroupAggregateMiniBatch(t *testing.T) {
	s := schema("k STRING, v BIGINT")
	n := retracting(groupBy(s, columns(s, "k"), types.Retract, "COUNT()", "MAX(v)"))
	n.MiniBatch = true
	script{node: n, together: true, text: `
		-D a 9
		+I a 1
		+I b 1
		+I a 2
		> +I a 2 2
		> +I b 1 1
		-U a 2
		+U a 3
		-D b 1
		-D c 1
		> -U a 2 2
		> +U a 2 3
		> -D b 1 1
		# Comes and goes within the batch.
		+I d 1
		-D d 1
		+I a 0
		-D a 0
		+I d 2
		> +I d 1 2
	`}.run(t)
}

// Under a TTL every row emits, so that operators behind don't forget; a key without rows for as long starts anew.
func TestGroupAggregateTTL(t *testing.T) {
	s := schema("k STRING, v BIGINT")
	n := retracting(groupBy(s, columns(s, "k"), types.Retract, "MAX(v)"))
	n.TTL = 10 * time.Second
	script{node: n, text: `
		+I a 5
		+I a 1
		+I b 1
		> +I a 5
		> -U a 5
		> +U a 5
		> +I b 1
		time 00:00:06
		+I a 2
		> -U a 5
		> +U a 5
		time 00:00:15
		# b has expired, a not yet.
		-D b 1
		+I a 3
		+I b 4
		> -U a 5
		> +U a 5
		> +I b 4
		time 00:00:25
		+I a 1
		> +I a 1
	`}.run(t)
}

// SELECT DISTINCT is an aggregation without aggregates.
func TestGroupAggregateNothing(t *testing.T) {
	s := schema("k STRING, v BIGINT")
	distinct := func(ttl time.Duration) physical.Node {
		n := retracting(groupBy(s, columns(s, "k", "v"), types.Retract))
		n.TTL = ttl
		return n
	}
	script{node: distinct(0), text: `
		+I a 1
		+I a 1
		+I a NULL
		-D a 1
		> +I a 1
		> +I a NULL
		-D a 1
		> -D a 1
	`}.run(t)
	script{node: distinct(time.Hour), text: `
		+I a 1
		+I a 1
		> +I a 1
		> -U a 1
		> +U a 1
	`}.run(t)
}

// What a batch emits doesn't depend on how its rows are divided: it is what they emit one by one, in their order, whether
// accumulators give the results between rows by themselves or not.
func TestGroupAggregateRowByRow(t *testing.T) {
	s := schema("k BIGINT, j STRING, v BIGINT, p BOOLEAN")
	for seed := range uint64(80) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		in := &source{rnd: rnd, schema: s, adds: seed%2 == 0}
		calls := []string{"COUNT()", "COUNT(v)", "SUM(v)", "SUM(v) FILTER p", "COUNT(v) FILTER p"}
		switch seed % 4 {
		case 0:
			calls = append(calls, "MIN(v)", "MAX(v) FILTER p", "AVG(v)") // all are Runners when nothing is retracted
		case 1:
			calls = append(calls, "MAX(j)", "COUNT(DISTINCT v)", "SUM(DISTINCT v) FILTER p")
		case 2:
			calls = append(calls, "MAX(j) FILTER p")
		}
		if seed%16 == 15 {
			calls = nil // DISTINCT
		}
		n := groupBy(s, [][]int{{}, {0}, {0, 1}}[rnd.IntN(3)], types.Retract, calls...)
		if n.InputRetracts = !in.adds; n.InputRetracts {
			retracting(n)
		}
		whole, single := newJob(t, n, nil, time.Time{}), newJob(t, n, nil, time.Time{})
		whole.open(1, nil)
		single.open(1, nil)
		for step := range 40 {
			b := in.next()
			if !in.adds && rnd.IntN(4) == 0 { // takes back what isn't there
				for c, v := range b.Cols {
					v.AppendValue([]any{int64(9), "nobody", int64(1), true}[c])
				}
				b.AppendKind(types.Delete)
			}
			if b.N == 0 {
				continue
			}
			for i := range b.N {
				one := types.NewBatch(s)
				one.AppendSelected(b, []int32{int32(i)})
				if err := single.process(0, one); err != nil {
					t.Fatal(err)
				}
			}
			whole.decoys = rnd.IntN(2) == 0
			if err := whole.process(0, b); err != nil {
				t.Fatal(err)
			}
			if got, want := whole.take(), single.take(); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: %s\nemitted\n\t%s\nwant\n\t%s", seed, step, n.Detail(),
					strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		}
	}
}
