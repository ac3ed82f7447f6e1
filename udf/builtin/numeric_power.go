package builtin

import (
	"math"

	"github.com/weirsql/weir/udf"
)

func numericPower() []udf.Spec {
	return []udf.Spec{
		ofDoubles("POWER", "POWER(base, exponent)", "Returns the base raised to the exponent.", math.Pow,
			udf.Example{SQL: "POWER(2, 10)", Result: "1024.0"}, udf.Example{SQL: "POWER(-1, 0.5)", Result: "NaN"}),
		ofDouble("SQRT", "SQRT(number)", "Returns the square root; NaN of a negative number.", math.Sqrt,
			udf.Example{SQL: "SQRT(25)", Result: "5.0"}),
		ofDouble("EXP", "EXP(number)", "Returns Euler's number raised to the number.", math.Exp,
			udf.Example{SQL: "EXP(1)", Result: "2.718281828459045"}),
	}
}
