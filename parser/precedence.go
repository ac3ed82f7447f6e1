package parser

// Precedence of expressions, low to high, as in Calcite's operator table; binary operators of one precedence associate
// to the left. The parser and the printer share it.
const (
	precLowest  = 0
	precOr      = 22
	precAnd     = 24
	precNot     = 26
	precIs      = 28 // x IS NULL: a = b IS NULL is (a = b) IS NULL
	precCompare = 30
	precBetween = 32 // BETWEEN, IN, LIKE, = ANY: a = b IN (c) is a = (b IN (c))
	precAdd     = 40
	precMul     = 60 // also ||: a || b + c is (a || b) + c
	precUnary   = 80
	precPostfix = 100 // x[i], x.f
	precHighest = 110
)

// binaryPrec is the one table of binary operators.
var binaryPrec = map[BinaryOp]int{
	OpOr:            precOr,
	OpAnd:           precAnd,
	OpEq:            precCompare,
	OpNe:            precCompare,
	OpLt:            precCompare,
	OpLe:            precCompare,
	OpGt:            precCompare,
	OpGe:            precCompare,
	OpDistinct:      precCompare,
	OpNotDistinct:   precCompare,
	OpOverlaps:      precCompare,
	OpContains:      precCompare,
	OpEquals:        precCompare,
	OpPrecedes:      precCompare,
	OpSucceeds:      precCompare,
	OpImmPrecedes:   precCompare,
	OpImmSucceeds:   precCompare,
	OpMemberOf:      precCompare,
	OpSubmultisetOf: precCompare,
	OpAdd:           precAdd,
	OpSub:           precAdd,
	OpMul:           precMul,
	OpDiv:           precMul,
	OpMod:           precMul,
	OpConcat:        precMul,
}

// precedence is that of the outermost operator of e.
func precedence(e Expr) int {
	switch e := e.(type) {
	case *BinaryExpr:
		return binaryPrec[e.Op]
	case *Is:
		return precIs
	case *Between, *In, *Like, *Quantified:
		return precBetween
	case *UnaryExpr:
		if e.Op == OpNot {
			return precNot
		}
		return precUnary
	case *FieldAccess, *Index:
		return precPostfix
	case *NamedArg:
		return precLowest
	}
	return precHighest
}
