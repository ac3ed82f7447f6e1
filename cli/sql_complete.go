package cli

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirsql/weir/engine"
)

// sqlWords are the keywords worth completing: long ones, and those that a statement begins with.
var sqlWords = []string{
	"BETWEEN", "CASE", "CAST", "CATALOGS", "CONNECTOR", "CREATE", "CROSS", "DATABASES", "DESCRIBE", "DESCRIPTOR", "DISTINCT",
	"DRAIN", "DROP", "ELSE", "EXISTS", "EXPLAIN", "EXTRACT", "FILTER", "FROM", "FULL", "FUNCTION", "FUNCTIONS", "GROUP BY",
	"HAVING", "HELP", "INNER", "INSERT INTO", "INTERSECT", "INTERVAL", "JOBS", "JOIN", "LEFT", "LIKE", "LIMIT", "METADATA",
	"MINUTE", "NULL", "ORDER BY", "OVER", "PARTITION BY", "PRIMARY KEY", "QUIT", "RESET", "RIGHT", "SECOND", "SELECT",
	"SESSION", "SET", "SHOW", "STATEMENT SET", "STOP JOB", "TABLE", "TABLES", "TEMPORARY", "THEN", "TIMESTAMP", "TUMBLE",
	"UNION ALL", "VALUES", "VIEW", "VIEWS", "VIRTUAL", "WATERMARK FOR", "WHEN", "WHERE", "WITH",
}

// sessionWords are what can be completed in a session: keywords, functions, tables and views.
func sessionWords(s *engine.Session) []string {
	words := slices.Clone(sqlWords)
	for _, name := range s.FunctionNames() {
		if r, _ := utf8.DecodeRuneInString(name); unicode.IsLetter(r) { // not operators
			words = append(words, name)
		}
	}
	return append(words, s.Objects()...)
}

// completeWord completes the word at the end of text as far as it is certain, and returns the text with it and the words
// that begin so. A word in small letters is completed in small letters, except names, which are as they are.
func completeWord(text string, words []string) (string, []string) {
	start := strings.LastIndexFunc(text, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) + 1
	prefix := text[start:]
	if prefix == "" {
		return text, nil
	}
	small := prefix == strings.ToLower(prefix)
	var found []string
	for _, w := range words {
		if len(w) < len(prefix) || !strings.EqualFold(w[:len(prefix)], prefix) {
			continue
		}
		if small && w == strings.ToUpper(w) {
			w = strings.ToLower(w)
		}
		found = append(found, w)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		return text, nil
	}
	if len(found) == 1 {
		return text[:start] + found[0] + " ", found
	}
	common := found[0]
	for _, w := range found[1:] {
		for !strings.HasPrefix(w, common) {
			common = common[:len(common)-1]
		}
	}
	if len(common) <= len(prefix) {
		return text, found
	}
	return text[:start] + common, found
}

// columns shows words beside each other, as many as fit into a common terminal.
func columns(words []string) string {
	const width, most = 80, 60
	more := ""
	if len(words) > most {
		words, more = words[:most], " …"
	}
	longest := 0
	for _, w := range words {
		longest = max(longest, utf8.RuneCountInString(w))
	}
	perLine := max(1, width/(longest+2))
	var b strings.Builder
	for i, w := range words {
		b.WriteString(w)
		switch {
		case i == len(words)-1:
			b.WriteString(more)
		case i%perLine == perLine-1:
			b.WriteByte('\n')
		default:
			b.WriteString(strings.Repeat(" ", longest+2-utf8.RuneCountInString(w)))
		}
	}
	return b.String()
}
