package builtin

import (
	"math"

	"github.com/weirsql/weir/udf"
)

func numericTrigonometry() []udf.Spec {
	return []udf.Spec{
		ofDouble("SIN", "SIN(radians)", "Returns the sine.", math.Sin, udf.Example{SQL: "SIN(2.5)", Result: "0.5984721441039564"}),
		ofDouble("COS", "COS(radians)", "Returns the cosine.", math.Cos, udf.Example{SQL: "COS(2.5)", Result: "-0.8011436155469337"}),
		ofDouble("TAN", "TAN(radians)", "Returns the tangent.", math.Tan, udf.Example{SQL: "TAN(2.5)", Result: "-0.7470222972386603"}),
		ofDouble("COT", "COT(radians)", "Returns the cotangent.", func(x float64) float64 { return 1 / math.Tan(x) },
			udf.Example{SQL: "COT(2.5)", Result: "-1.3386481283041514"}),
		ofDouble("SINH", "SINH(number)", "Returns the hyperbolic sine.", math.Sinh, udf.Example{SQL: "SINH(2.5)", Result: "6.0502044810397875"}),
		ofDouble("COSH", "COSH(number)", "Returns the hyperbolic cosine.", math.Cosh, udf.Example{SQL: "COSH(0)", Result: "1.0"}),
		ofDouble("TANH", "TANH(number)", "Returns the hyperbolic tangent.", math.Tanh, udf.Example{SQL: "TANH(2.5)", Result: "0.9866142981514303"}),
		ofDouble("ASIN", "ASIN(number)", "Returns the angle in radians with this sine; NaN outside -1 to 1.", math.Asin,
			udf.Example{SQL: "ASIN(0.5)", Result: "0.5235987755982989"}),
		ofDouble("ACOS", "ACOS(number)", "Returns the angle in radians with this cosine; NaN outside -1 to 1.", acos,
			udf.Example{SQL: "ACOS(0.5)", Result: "1.0471975511965979"}),
		ofDouble("ATAN", "ATAN(number)", "Returns the angle in radians with this tangent.", math.Atan,
			udf.Example{SQL: "ATAN(0.5)", Result: "0.4636476090008061"}),
		ofDoubles("ATAN2", "ATAN2(y, x)", "Returns the angle in radians of the point (x, y).", math.Atan2,
			udf.Example{SQL: "ATAN2(0.5, 0.5)", Result: "0.7853981633974483"}),
		ofDouble("DEGREES", "DEGREES(radians)", "Converts radians to degrees.", func(x float64) float64 { return x * (180 / math.Pi) },
			udf.Example{SQL: "DEGREES(0.5)", Result: "28.64788975654116"}),
		ofDouble("RADIANS", "RADIANS(degrees)", "Converts degrees to radians.", func(x float64) float64 { return x * (math.Pi / 180) },
			udf.Example{SQL: "RADIANS(0.5)", Result: "0.008726646259971648"}),
	}
}
