package planner

import (
	"slices"

	"github.com/weirsql/weir/connectors/option"
)

// TableOptions returns the options that every table has besides its connector's and format's, for the reference.
func TableOptions() []option.Option { return slices.Clone(frameworkOptions) }
