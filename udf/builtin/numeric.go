package builtin

import "github.com/weirsql/weir/udf"

// numerics is the family of arithmetic functions.
func numerics() []udf.Spec { return nil }
