package operator

import (
	"fmt"

	"github.com/weirsql/weir/planner/physical"
)

// Build makes an instance of a node of the physical plan. Scan, Values, Sink and Collect, which talk to the world
// outside the job, are runtime/task's.
func Build(node physical.Node) (Operator, error) {
	switch n := node.(type) {
	case *physical.Calc:
		return newCalc(n)
	case *physical.ChangelogNormalize:
		return newChangelogNormalize(n), nil
	case *physical.Correlate:
		return newCorrelate(n)
	case *physical.GroupAggregate:
		return newGroupAggregate(n), nil
	case *physical.Join:
		return newJoin(n)
	case *physical.Limit:
		return newLimit(n), nil
	case *physical.LocalGroupAggregate:
		return newLocalGroupAggregate(n), nil
	case *physical.LocalWindowAggregate:
		return newLocalWindowAggregate(n), nil
	case *physical.OverAggregate:
		return newOverAggregate(n)
	case *physical.Sort:
		return newSort(n), nil
	case *physical.Union:
		return newUnion(n), nil
	case *physical.WindowAggregate:
		if n.Window.Kind == physical.Session && !n.Window.Attached {
			return newSessionAggregate(n), nil
		}
		return newWindowAggregate(n), nil
	case *physical.WindowTable:
		if n.Window.Kind == physical.Session {
			return newSessionTable(n), nil
		}
		return newWindowTable(n), nil
	}
	return nil, fmt.Errorf("%s is not an operator of this package", node.Name())
}
