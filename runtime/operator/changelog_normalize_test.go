package operator_test

import (
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

func normalize(s *types.Schema, key []int, mode types.ChangelogMode) *physical.ChangelogNormalize {
	n := &physical.ChangelogNormalize{}
	n.Inputs = []physical.Edge{input(s, types.Upsert)}
	n.Schema, n.Mode, n.Key = s, mode, key
	return n
}

// Flink's ChangelogNormalizeTestPrograms, "changelog-normalize-upsert", with deletions: updates get the row they replace,
// a repeated row is nothing, a deletion carries the whole row even if it came with the key only.
func TestChangelogNormalize(t *testing.T) {
	s := schema("a STRING, b BIGINT, c STRING")
	script{node: normalize(s, columns(s, "a"), types.Retract), text: `
		+U one 1 a
		+U two 2 b
		> +I one 1 a
		> +I two 2 b
		+U one 1 aa
		+U one 1 aa
		> -U one 1 a
		> +U one 1 aa
		-D two NULL NULL
		-D three 3 c
		> -D two 2 b
		+I two 4 d
		> +I two 4 d
	`}.run(t)
}

// Where nobody needs the replaced rows they aren't made.
func TestChangelogNormalizeUpsert(t *testing.T) {
	s := schema("a STRING, b BIGINT")
	script{node: normalize(s, columns(s, "a"), types.Upsert), text: `
		+I one 1
		+U one 2
		> +I one 1
		> +U one 2
		-D one 2
		> -D one 2
	`}.run(t)
}
