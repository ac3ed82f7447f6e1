package operator_test

import (
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func joinOn(kind physical.JoinKind, left, right *types.Schema, leftKeys, rightKeys []int) *physical.Join {
	n := &physical.Join{Kind: kind, LeftKeys: leftKeys, RightKeys: rightKeys, NullEqual: make([]bool, len(leftKeys)), Retracts: [2]bool{true, true}}
	n.Inputs = []physical.Edge{input(left, types.Retract), input(right, types.Retract)}
	n.Schema, n.Mode = left, types.Retract
	if kind != physical.SemiJoin && kind != physical.AntiJoin {
		n.Schema = &types.Schema{Fields: append(append([]types.Field(nil), left.Fields...), right.Fields...)}
	}
	return n
}

// greater is the condition left column a > right column b.
func greater(left, right *types.Schema, a, b string) rex.Expr {
	args := []rex.Expr{
		&rex.Column{Index: left.Index(a), Name: a, T: types.BigIntType},
		&rex.Column{Index: left.Len() + right.Index(b), Name: b, T: types.BigIntType},
	}
	return &rex.Call{Spec: &udf.Spec{Name: ">"}, Args: args, Fn: &udf.BoundScalar{
		Args: []types.Type{types.BigIntType, types.BigIntType}, Result: types.BooleanType,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.Bool[i] = args[0].I64[i] > args[1].I64[i]
			}
			return nil
		},
	}}
}

var (
	employees   = schema("deptno INT, salary BIGINT, name STRING")
	departments = schema("num INT, b2 BIGINT, department STRING")
)

// The data of Flink's JoinTestPrograms.
const company = `
	+I NULL 101 Adam
	+I 1 1 Baker
	+I 2 2 Charlie
	+I 3 2 Don
	+I 7 6 Victor
`

// Flink's "join-outer-join", with the changes on the way.
func TestJoinFullOuter(t *testing.T) {
	script{node: joinOn(physical.FullJoin, employees, departments, []int{0}, []int{0}), text: company + `
		> +I NULL 101 Adam NULL NULL NULL
		> +I 1 1 Baker NULL NULL NULL
		> +I 2 2 Charlie NULL NULL NULL
		> +I 3 2 Don NULL NULL NULL
		> +I 7 6 Victor NULL NULL NULL
		R+I NULL 102 Accounting
		R+I 1 1 Research
		R+I 2 2 Human_Resources
		R+I 2 3 HR
		R+I 3 1 Sales
		> +I NULL NULL NULL NULL 102 Accounting
		> -D 1 1 Baker NULL NULL NULL
		> +I 1 1 Baker 1 1 Research
		> -D 2 2 Charlie NULL NULL NULL
		> +I 2 2 Charlie 2 2 Human_Resources
		> +I 2 2 Charlie 2 3 HR
		> -D 3 2 Don NULL NULL NULL
		> +I 3 2 Don 3 1 Sales
		+I 4 3 Juliet
		+I 4 4 Helena
		+I 1 1 Ivana
		> +I 4 3 Juliet NULL NULL NULL
		> +I 4 4 Helena NULL NULL NULL
		> +I 1 1 Ivana 1 1 Research
		R+I 2 4 People_Operations
		R+I 4 2 Engineering
		> +I 2 2 Charlie 2 4 People_Operations
		> -D 4 3 Juliet NULL NULL NULL
		> +I 4 3 Juliet 4 2 Engineering
		> -D 4 4 Helena NULL NULL NULL
		> +I 4 4 Helena 4 2 Engineering
	`}.run(t)
}

// Flink's "join-semi-join" and "join-anti-join".
func TestJoinSemiAnti(t *testing.T) {
	script{node: joinOn(physical.SemiJoin, employees, departments, []int{0}, []int{0}), text: company + `
		R+I NULL 102 Accounting
		R+I 1 1 Research
		R+I 2 2 Human_Resources
		R+I 2 3 HR
		> +I 1 1 Baker
		> +I 2 2 Charlie
		+I 1 1 Ivana
		+I 4 3 Juliet
		-D 2 2 Charlie
		> +I 1 1 Ivana
		> -D 2 2 Charlie
		R-D 1 1 Research
		> -D 1 1 Baker
		> -D 1 1 Ivana
		R+U 4 2 Engineering
		> +U 4 3 Juliet
		R+I 4 3 More
		R-U 4 2 Engineering
		R-U 4 3 More
		> -U 4 3 Juliet
	`}.run(t)
	script{node: joinOn(physical.AntiJoin, employees, departments, []int{0}, []int{0}), text: company + `
		> +I NULL 101 Adam
		> +I 1 1 Baker
		> +I 2 2 Charlie
		> +I 3 2 Don
		> +I 7 6 Victor
		R+I NULL 102 Accounting
		R+I 1 1 Research
		R+I 2 2 Human_Resources
		R+I 2 3 HR
		> -D 1 1 Baker
		> -D 2 2 Charlie
		+I 1 1 Ivana
		-U 3 2 Don
		+U 3 3 Don
		-D NULL 101 Adam
		> -U 3 2 Don
		> +U 3 3 Don
		> -D NULL 101 Adam
		R-D 1 1 Research
		R-D 2 2 Human_Resources
		> +I 1 1 Baker
		> +I 1 1 Ivana
	`}.run(t)
}

// An inner join passes on the kind of the row that makes a pair; equal rows pair as often as they are there.
func TestJoinInner(t *testing.T) {
	l, r := schema("k BIGINT, v STRING"), schema("w STRING, k BIGINT")
	script{node: joinOn(physical.InnerJoin, l, r, []int{0}, []int{1}), text: `
		+I 1 a
		+I 1 a
		+I 2 b
		R-D x 9
		R+I x 1
		R+U y 2
		> +I 1 a x 1
		> +I 1 a x 1
		> +U 2 b y 2
		-U 1 a
		+U 1 c
		> -U 1 a x 1
		> +U 1 c x 1
		R-D x 1
		> -D 1 a x 1
		> -D 1 c x 1
		-D 1 a
		-D 1 a
		R+I z 1
		> +I 1 c z 1
	`}.run(t)
	// Without keys every pair counts.
	script{node: joinOn(physical.InnerJoin, l, r, nil, nil), text: `
		+I 1 a
		+I 2 b
		R+I x 7
		> +I 1 a x 7
		> +I 2 b x 7
	`}.run(t)
}

// Outer sides pad rows without a match, as the number of matches leaves and reaches zero.
func TestJoinLeftChanges(t *testing.T) {
	l, r := schema("k BIGINT, v STRING"), schema("k BIGINT, w STRING")
	node := joinOn(physical.LeftJoin, l, r, []int{0}, []int{0})
	script{node: node, text: `
		+I 1 a
		+I 1 a
		R+U 1 x
		> +I 1 a NULL NULL
		> +I 1 a NULL NULL
		> -D 1 a NULL NULL
		> +I 1 a 1 x
		> -D 1 a NULL NULL
		> +I 1 a 1 x
		R+I 1 x
		-D 1 a
		> +I 1 a 1 x
		> +I 1 a 1 x
		> -D 1 a 1 x
		> -D 1 a 1 x
		R-U 1 x
		> -U 1 a 1 x
		R-U 1 x
		> -U 1 a 1 x
		> +I 1 a NULL NULL
		+I NULL b
		-D NULL b
		> +I NULL b NULL NULL
		> -D NULL b NULL NULL
	`}.run(t)
	mirror := joinOn(physical.RightJoin, l, r, []int{0}, []int{0})
	script{node: mirror, text: `
		R+I 1 x
		+I 1 a
		-U 1 a
		> +I NULL NULL 1 x
		> -D NULL NULL 1 x
		> +I 1 a 1 x
		> -U 1 a 1 x
		> +I NULL NULL 1 x
	`}.run(t)
}

// The rest of ON decides whether a candidate is a match (Flink's "join-inner-join-with-non-equi-join").
func TestJoinCondition(t *testing.T) {
	node := joinOn(physical.InnerJoin, employees, departments, []int{0}, []int{0})
	node.Condition = greater(employees, departments, "salary", "b2")
	script{node: node, text: company + `
		R+I 1 1 Research
		R+I 2 1 HR
		R+I 3 1 Sales
		> +I 2 2 Charlie 2 1 HR
		> +I 3 2 Don 3 1 Sales
		+I 1 2 Ivana
		+I 2 0 Zoe
		> +I 1 2 Ivana 1 1 Research
	`}.run(t)
	left := joinOn(physical.LeftJoin, employees, departments, []int{0}, []int{0})
	left.Condition = greater(employees, departments, "salary", "b2")
	script{node: left, text: `
		R+I 1 5 Research
		+I 1 2 Baker
		+I 1 6 Ivana
		> +I 1 2 Baker NULL NULL NULL
		> +I 1 6 Ivana 1 5 Research
		R+I 1 1 Sales
		R-D 1 5 Research
		> -D 1 2 Baker NULL NULL NULL
		> +I 1 2 Baker 1 1 Sales
		> +I 1 6 Ivana 1 1 Sales
		> -D 1 6 Ivana 1 5 Research
	`}.run(t)
	semi := joinOn(physical.SemiJoin, employees, departments, nil, nil)
	semi.Condition = greater(employees, departments, "salary", "b2")
	script{node: semi, text: `
		R+I 1 5 Research
		+I 1 2 Baker
		+I 1 6 Ivana
		R+I 1 1 Sales
		> +I 1 6 Ivana
		> +I 1 2 Baker
	`}.run(t)
}

// NULL joins NULL where the plan says so, and nothing else.
func TestJoinNullEqual(t *testing.T) {
	l, r := schema("k BIGINT, j STRING"), schema("k BIGINT, j STRING")
	node := joinOn(physical.InnerJoin, l, r, []int{0, 1}, []int{0, 1})
	node.NullEqual = []bool{true, false}
	script{node: node, text: `
		+I NULL a
		+I 1 NULL
		+I NULL NULL
		R+I NULL a
		R+I 1 NULL
		R+I NULL NULL
		> +I NULL a NULL a
	`}.run(t)
}

// A side with a unique key keeps the latest row per key, so that an update without its -U replaces the old row.
func TestJoinUnique(t *testing.T) {
	l, r := schema("id BIGINT, k BIGINT, v STRING"), schema("k BIGINT, w STRING")
	node := joinOn(physical.InnerJoin, l, r, []int{1}, []int{0})
	node.Unique = [2][]int{{0}, {0}}
	script{node: node, text: `
		+I 7 1 a
		+U 7 1 b
		+I 8 1 c
		R+I 1 x
		> +I 7 1 b 1 x
		> +I 8 1 c 1 x
		R+U 1 y
		> +U 7 1 b 1 y
		> +U 8 1 c 1 y
		# A retraction goes by the key, whatever the other columns say.
		-D 7 1 old
		> -D 7 1 old 1 y
		+U 8 1 d
		R+U 1 z
		> +U 8 1 d 1 y
		> +U 8 1 d 1 z
		R-D 1 z
		> -D 8 1 d 1 z
		+I 9 1 e
	`}.run(t)
}

// A row is kept for as long as the TTL of its side after its last write.
func TestJoinTTL(t *testing.T) {
	l, r := schema("k BIGINT, v STRING"), schema("k BIGINT, w STRING")
	node := joinOn(physical.LeftJoin, l, r, []int{0}, []int{0})
	node.TTL = [2]time.Duration{10 * time.Second, 5 * time.Second}
	script{node: node, text: `
		+I 1 a
		R+I 1 x
		> +I 1 a NULL NULL
		> -D 1 a NULL NULL
		> +I 1 a 1 x
		time 00:00:05
		+I 1 b
		> +I 1 b NULL NULL
		time 00:00:09
		R+I 1 y
		> +I 1 a 1 y
		> -D 1 b NULL NULL
		> +I 1 b 1 y
		# The match has written both left rows; they live until 00:00:19.
		time 00:00:18
		R+I 1 z
		> +I 1 a 1 z
		> +I 1 b 1 z
		time 00:00:28
		R+I 1 z
	`}.run(t)
}
