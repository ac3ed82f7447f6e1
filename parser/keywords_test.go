package parser_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirsql/weir/parser"
)

// positions puts a name where names stand.
func positions(name string) []string {
	return []string{
		"SELECT " + name + " FROM t",
		"SELECT " + name + " + 1, t." + name + " AS x FROM t AS t",
		"SELECT a AS " + name + " FROM t",
		"SELECT * FROM " + name,
		"SELECT * FROM db." + name + " AS " + name + " (" + name + ")",
		"WITH " + name + " AS (SELECT 1) SELECT " + name + "." + name + " FROM " + name,
		"CREATE TABLE " + name + " (" + name + " INT, x ROW<" + name + " INT>, PRIMARY KEY (" + name + ") NOT ENFORCED)",
		"INSERT INTO " + name + " (" + name + ") SELECT 1",
		"DROP TABLE " + name,
		"SELECT f(" + name + " => 1)",
		"SELECT a FROM t GROUP BY " + name + " ORDER BY " + name,
	}
}

// TestReservedWords tries every keyword as a name: a reserved one needs backquotes, any other works everywhere.
func TestReservedWords(t *testing.T) {
	for _, word := range words(t, "testdata/words/reserved") {
		if !parser.ReservedWord(word) {
			t.Errorf("%s is not reserved", word)
		}
		for _, text := range positions("`" + word + "`") {
			if _, errs := parser.ParseStmt(text); errs != nil {
				t.Errorf("%s: %v", text, errs)
			}
		}
		text := "CREATE TABLE t (a INT, " + strings.ToLower(word) + " INT)"
		switch word {
		case "CONSTRAINT", "PRIMARY", "UNIQUE", "WATERMARK": // begin another part of CREATE TABLE
			continue
		}
		_, errs := parser.ParseStmt(text)
		if len(errs) != 1 {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestNonReservedWords(t *testing.T) {
	for _, word := range words(t, "testdata/words/nonreserved") {
		if parser.ReservedWord(word) {
			t.Errorf("%s is reserved", word)
		}
		for _, text := range positions(word) {
			s, errs := parser.ParseStmt(text)
			if errs != nil {
				t.Errorf("%s: %v", text, errs)
				continue
			}
			if printed := s.String(); strings.Contains(printed, "`") {
				t.Errorf("%s is printed with backquotes: %s", text, printed)
			}
		}
	}
}

func words(t *testing.T, file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, line := range strings.Split(string(data), "\n") {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.Fields(line)...)
		}
	}
	return list
}

// TestKeywordsAreListed looks for keywords that the parser's code asks for and the lexer doesn't know: they would never
// match.
func TestKeywordsAreListed(t *testing.T) {
	files, err := filepath.Glob("parse_*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	known := make(map[string]bool)
	for _, file := range []string{"testdata/words/reserved", "testdata/words/nonreserved", "testdata/words/weir"} {
		for _, w := range words(t, file) {
			known[w] = true
		}
	}
	calls := regexp.MustCompile(`\b(?:at|atWords|accept|acceptSymbol|expect|acceptOneOf|expectOneOf|case)\b[ (]("[^:)]*)[:)]`)
	quoted := regexp.MustCompile(`"([A-Z][A-Z_]*)"`)
	found := 0
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls.FindAllStringSubmatch(string(code), -1) {
			for _, word := range quoted.FindAllStringSubmatch(call[1], -1) {
				found++
				if !known[word[1]] {
					t.Errorf("%s uses %s, which is not in testdata/words", file, word[1])
				}
				if !parser.Keyword(word[1]) {
					t.Errorf("%s uses %s, which is not in keywords.go", file, word[1])
				}
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d keywords found in the code: the pattern does not fit it any more", found)
	}
}
