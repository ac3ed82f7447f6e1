package wasm

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/udf"
)

// Signatures print as they are written; what is wrong with others is named.
func TestSignatures(t *testing.T) {
	for _, line := range []string{
		"scalar f() BOOLEAN", "scalar f(a1 BIGINT) BIGINT NOT NULL", "scalar f(a STRING, b BYTES...) STRING NOT NULL nulls",
		"scalar f(a TIMESTAMP(3), b TIMESTAMP_LTZ(3), c DATE, d TIME) TIMESTAMP(3) random",
		"aggregate g(x FLOAT, n SMALLINT) DOUBLE NOT NULL nulls retract",
	} {
		s, err := parseSignature(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if got := s.String(); got != line {
			t.Errorf("%s prints as %s", line, got)
		}
	}
	if s, err := parseSignature("scalar f(BIGINT,INT) INT"); err != nil || s.usage("g") != "g(a1 BIGINT, a2 INT) → INT" {
		t.Errorf("parameters without names: %v, %v", s, err)
	}
	for line, want := range map[string]string{
		"scalar f":                              "it has no parameter list",
		"table f(x INT) INT":                    "it doesn't begin with scalar or aggregate and a name",
		"scalar f(x INT":                        "its parameter list has no end",
		"scalar f(x VARCHAR) INT":               `"VARCHAR" is not a type that functions take`,
		"scalar f(the x INT) INT":               `parameter "the x INT" is not a name and a type`,
		"scalar f(x INT..., y INT) INT":         "only the last parameter can end in ...",
		"scalar f(x INT)":                       "it has no result type",
		"scalar f(x INT) DECIMAL(10,2)":         `"DECIMAL(10,2)" is not a type that functions give`,
		"scalar f(x INT) INT retract":           `unknown word "retract"`,
		"aggregate f(x INT) INT quickly":        `unknown word "quickly"`,
		"scalar f(x INT,) INT":                  `parameter "" is not a name and a type`,
		"aggregate f(x INT) INT NOT so NULL ok": `unknown word "NOT"`,
	} {
		if _, err := parseSignature(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// described is the module of testdata/bad.c with another section of signatures.
func described(t *testing.T, text string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/bad.wasm")
	if err != nil {
		t.Fatal(err)
	}
	all, err := sections(content)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(s section) bool { return s.id == sectionCustom })
	if text != "" {
		all = append(all, customSection(sectionName, []byte(text)))
	}
	return joined(all)
}

// A module that isn't what it says, or says nothing, is refused.
func TestRefusedModules(t *testing.T) {
	h := NewHost("")
	defer h.Close()
	for text, want := range map[string]string{
		"":                                 `the module has no custom section "weir"`,
		"abi 1\n":                          `the custom section "weir" describes no function`,
		"scalar good(x INT) INT\n":         `the custom section "weir" doesn't say "abi 1"`,
		"abi 2\nscalar good(x INT) INT":    `the module has "abi 2", this weir knows "abi 1"`,
		"abi 1\nscalar good(x) INT":        `"x" is not a type`,
		"abi 1\nscalar nosuch(x INT) INT":  "the module doesn't export nosuch, func(i32) → (i32)",
		"abi 1\naggregate good(x INT) INT": "the module doesn't export good_grow",
		"abi 1\nscalar memory(x INT) INT":  "the module doesn't export memory, func(i32) → (i32)",
		"abi 1\nscalar good(x INT) INT\n\nscalar good(x INT) INT\n": "the module describes good twice",
	} {
		if _, err := h.compile(described(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := h.compile(described(t, "abi 1\n# a comment\nscalar good(x BIGINT) BIGINT\n")); err != nil {
		t.Error(err)
	}
	for content, want := range map[string]string{
		"":                     "not a WebAssembly module",
		header + "\x01":        "ends in the middle",
		header + "\x01\x05abc": "ends in the middle",
		header:                 "no custom section",
	} {
		if _, err := h.compile([]byte(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
}

// A module without globals of its own gets them; one that is cut off anywhere is an error, not a panic.
func TestInterruptible(t *testing.T) {
	content := described(t, "abi 1\nscalar good(x BIGINT) BIGINT\n")
	all, err := sections(content)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(s section) bool { return s.id == sectionGlobal })
	with, err := interruptible(all)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(with, func(s section) bool { return s.id == sectionGlobal && s.body[0] == 2 }) {
		t.Error("no globals")
	}
	for n := range content {
		cut(content[:n])
		changed := bytes.Clone(content)
		changed[n] ^= 0x55
		cut(changed)
	}
}

func cut(content []byte) {
	if all, err := sections(content); err == nil {
		describe(all)
		interruptible(all)
	}
}

func FuzzModule(f *testing.F) {
	for _, name := range []string{"testdata/bad.wasm", "../../queries/examples/udf-wasm/slug.wasm"} {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) { cut(content) })
}

// The examples of a comment: which lines are some, and which only look like it.
func TestExamples(t *testing.T) {
	text := `// MaskPhone masks. It is not like f(x) = 2.
//	mask_phone('a=b(') = 'it''s = (this)'
//   UPPER(mask_phone(a)) = NULL
/// SELECT maskphone(x) FROM t WHERE x = 1 = 7
/* mask_phone('x') is 'y' */
 * mask_phone(1) =
// other(1) = 2
// a mask_phone(1) = 2 b`
	var got []string
	for _, e := range readExamples(text, []string{"MaskPhone"}) {
		got = append(got, e.SQL+" | "+e.Want)
	}
	want := []string{"mask_phone('a=b(') | 'it''s = (this)'", "UPPER(mask_phone(a)) | NULL", "SELECT maskphone(x) FROM t WHERE x = 1 | 7"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if e := (Example{Want: "'it''s'"}); e.text() != "it's" {
		t.Errorf("the text is %s", e.text())
	}
}

// What a Go file may not have, and what makes its functions random.
func TestGoFiles(t *testing.T) {
	const aggregate = "package p\ntype A struct{}\nfunc (a *A) Add(x int) {}\nfunc (a *A) Merge(o *A) {}\nfunc (a *A) Result() int { return 1 }\n"
	for text, want := range map[string]string{
		"package p\nimport \"os\"\nfunc F() int { os.Exit(1); return 1 }":     "p.go:2:8: import \"os\": functions have no files",
		"package p\nimport \"os/exec\"\nfunc F() int { return 1 }":            "p.go:2:8: import \"os/exec\": functions have no files",
		"package p\nimport \"crypto/rand\"\nfunc F() int { return 1 }":        "no source of randomness",
		"package p\nimport \"C\"\nfunc F() int { return 1 }":                  "cgo can't be compiled",
		"package p\nimport t \"time\"\nfunc F() int { t.Sleep(1); return 1 }": "p.go:3:16: time.Sleep: functions have no clock",
		"package p\nfunc F[T any](x T) int { return 1 }":                      "F has type parameters",
		"package p\nfunc F(x uint64) int { return 1 }":                        "F takes uint64, which has no SQL type",
		"package p\nfunc F(x ...*int) int { return 1 }":                       "F takes any number of pointers",
		"package p\nfunc F(x int) {}":                                         "F doesn't give a value that has an SQL type",
		"package p\nfunc F(x int) (int, string) { return 1, \"\" }":           "F gives 2 values",
		"package p\ntype A struct{ c chan int }\nfunc (a *A) Add(x int) {}\nfunc (a *A) Merge(o *A) {}\nfunc (a *A) Result() int { return 1 }":                      "the state of A has a channel",
		"package p\ntype A struct{ next *A }\nfunc (a *A) Add(x int) {}\nfunc (a *A) Merge(o *A) {}\nfunc (a *A) Result() int { return 1 }":                         "the state of A has the recursive type A",
		"package p\ntype A struct{ m map[float64]any }\nfunc (a *A) Add(x int) {}\nfunc (a *A) Merge(o *A) {}\nfunc (a *A) Result() int { return 1 }":               "the state of A has the type any",
		"package p\ntype A struct{}\nfunc (a *A) Add(x int) {}\nfunc (a *A) Retract(x int32) {}\nfunc (a *A) Merge(o *A) {}\nfunc (a *A) Result() int { return 1 }": "A.Retract must take and give the same as A.Add",
		"package p\nfunc F(x int) int { return len(x) }\n\nfunc len(x int) int { return x }":                                                                        "p.go:4:6: len hides Go's own len",
		"package p\nvar a, string = 1, 2\nfunc F(x int) int { return x }":                                                                                           "p.go:2:8: string hides Go's own string",
		"package p\ntype byte int8\nfunc F(x int) int { return x }":                                                                                                 "p.go:2:6: byte hides Go's own byte",
		aggregate + "func (a *A) Init(x int) {}":              "p.go:6:1: A.Init takes (int) and gives (); it must take () and give ()",
		aggregate + "func (a *A) Init() error { return nil }": "p.go:6:1: A.Init takes () and gives (error)",
		aggregate + "func (a *A) MarshalBinary() []byte { return nil }\nfunc (a *A) UnmarshalBinary(b []uint8) error { return nil }": "p.go:6:1: A.MarshalBinary takes () and gives ([]byte); it must take () and give ([]byte, error)",
		aggregate + "func (a *A) MarshalBinary() (b []byte, err error) { return }\nfunc (a *A) UnmarshalBinary(b []uint8) { }":       "p.go:7:1: A.UnmarshalBinary takes ([]byte) and gives (); it must take ([]byte) and give (error)",
	} {
		g, err := readGo("p.go", []byte(text))
		if err == nil {
			err = g.wants("", "f")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
	g, err := readGo("p.go", []byte("package p\nimport (\"math/rand/v2\"; \"time\"; \"net/url\")\nvar _ time.Time\nvar _ url.URL\nfunc F(x int64) int64 { return x + rand.Int64() }\nfunc helper(c chan int) {}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := g.signatures()[0].String(); got != "scalar F(x BIGINT) BIGINT NOT NULL random" {
		t.Errorf("signature %s", got)
	}
	lib := &library{}
	if spec := lib.spec(g.signatures()[0], udf.Source{Name: "f"}); !spec.NonDeterministic {
		t.Error("a function with math/rand is taken for deterministic")
	}
}
