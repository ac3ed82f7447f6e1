package builtin

import "github.com/weirsql/weir/udf"

// operators is the family of what is written with symbols and keywords rather than as a call.
func operators() []udf.Spec { return nil }
