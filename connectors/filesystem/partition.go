package filesystem

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
)

// Partitions are folders named k=v in the notation of Hive, which Flink shares: characters with a meaning in paths stand
// as %XX, and NULL and the empty text as the table's default name.

// needsEscape lists what a name may not hold plainly; control characters neither.
const needsEscape = "\"#%'*/:=?\\\x7f{}[]^"

func appendEscaped(dst []byte, text []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range text {
		if c < ' ' || strings.IndexByte(needsEscape, c) >= 0 {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

func unescape(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}

// appendFolder appends the folders of row i, with a separator behind each: day=2023-08-22/hour=13/.
func (t *table) appendFolder(dst []byte, cols []*types.Vector, i int) []byte {
	var buf [64]byte
	for k, f := range t.partitions {
		dst = appendEscaped(dst, []byte(f.Name))
		dst = append(dst, '=')
		value := buf[:0]
		if !cols[k].IsNull(i) {
			value = scalar.AppendText(value, cols[k], i)
		}
		if len(value) == 0 {
			value = append(value, t.defaultName...)
		}
		dst = appendEscaped(dst, value)
		dst = append(dst, filepath.Separator)
	}
	return dst
}

// values returns the partition values of a file, given its path below the root, as vectors of one row.
func (t *table) values(relative string) (map[string]*types.Vector, error) {
	found := map[string]string{}
	for _, part := range strings.Split(filepath.Dir(relative), string(filepath.Separator)) {
		if key, value, ok := strings.Cut(part, "="); ok {
			found[unescape(key)] = value
		}
	}
	out := make(map[string]*types.Vector, len(t.partitions))
	for _, f := range t.partitions {
		text, ok := found[f.Name]
		if !ok {
			return nil, fmt.Errorf("file %s: no folder %s=… above it, but the table is partitioned by %q", relative, f.Name, f.Name)
		}
		v := types.NewVector(f.Type)
		switch {
		case text != t.defaultName:
			if err := scalar.ParseText(v, []byte(unescape(text))); err != nil {
				return nil, fmt.Errorf("file %s: partition %s: %w", relative, f.Name, err)
			}
		case f.Type.NotNull:
			return nil, fmt.Errorf("file %s: partition %s is NULL, but its type is %s", relative, f.Name, f.Type)
		default:
			v.AppendNull()
		}
		out[f.Name] = v
	}
	return out, nil
}
