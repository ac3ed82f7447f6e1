package builtin

import (
	"testing"

	"github.com/weirsql/weir/types"
)

// The functions that the lab's queries call for each row; none may allocate per row.
func BenchmarkLabFunctions(b *testing.B) {
	const rows = 4096
	text, seconds := types.NewVector(types.StringType), types.NewVector(types.BigIntType)
	ctr, stamps := types.NewVector(types.DoubleType), types.NewVector(types.TimestampType(3))
	for i := range rows {
		text.AppendString("2023-08-22 13:46:30.123")
		seconds.AppendValue(int64(1692711990 + i))
		ctr.AppendValue(166.66666 + float64(i))
		stamps.AppendValue(int64(1692711990123 + i*1000))
	}
	pattern := types.NewVector(types.StringType)
	for range rows {
		pattern.AppendString("yyyy/MM/dd HH:mm")
	}
	b.Run("UNIX_TIMESTAMP", func(b *testing.B) { benchmarkScalar(b, "UNIX_TIMESTAMP", text) })
	b.Run("FROM_UNIXTIME", func(b *testing.B) { benchmarkScalar(b, "FROM_UNIXTIME", seconds) })
	b.Run("FROM_UNIXTIME/pattern", func(b *testing.B) { benchmarkScalar(b, "FROM_UNIXTIME", seconds, pattern) })
	b.Run("TO_TIMESTAMP", func(b *testing.B) { benchmarkScalar(b, "TO_TIMESTAMP", text) })
	b.Run("DATE_FORMAT", func(b *testing.B) { benchmarkScalar(b, "DATE_FORMAT", stamps, pattern) })
	b.Run("UPPER", func(b *testing.B) { benchmarkScalar(b, "UPPER", text) })
	b.Run("CHAR_LENGTH", func(b *testing.B) { benchmarkScalar(b, "CHAR_LENGTH", text) })
	b.Run("TRIM", func(b *testing.B) { benchmarkScalar(b, "TRIM", text) })
}
