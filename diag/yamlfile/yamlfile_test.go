package yamlfile_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/weirsql/weir/diag/yamlfile"
)

// All mistakes of a file, in its order, whatever the order in which they are found.
func TestMistakes(t *testing.T) {
	const text = `
name: &n ann
nmae: bob
name: 7
size:
  width: 3
  width: 4
tags: {}
list: 5
friends: [*n, [x]]
`
	f, root, err := yamlfile.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	keep := func(n *yaml.Node) { got = append(got, yamlfile.Kind(n)) }
	ok := f.Mapping(root, "a person", []yamlfile.Key{
		yamlfile.Required("name", keep),
		yamlfile.Required("age", keep),
		yamlfile.Optional("size", func(n *yaml.Node) { f.Entries(n, "size", "", func(_, value *yaml.Node) { keep(value) }) }),
		yamlfile.Optional("tags", func(n *yaml.Node) { f.Entries(n, "tags", "write some", func(_, _ *yaml.Node) {}) }),
		yamlfile.Optional("list", func(n *yaml.Node) { f.Each(n, "list", keep) }),
		yamlfile.Optional("friends", func(n *yaml.Node) { f.Each(n, "friends", keep) }),
	})
	if got := strings.Join(got, " "); !ok || got != `"ann" "3" "ann" a list` {
		t.Errorf("%t, read %s", ok, got)
	}
	f.Add(&yamlfile.Error{Msg: "of no place"})
	want := `f.yaml: of no place
f.yaml:2:1: a person has no "age"
f.yaml:3:1: unknown key "nmae" in a person; did you mean "name"?
f.yaml:4:1: the key "name" stands twice in a person; leave one of them out
f.yaml:7:3: the key "width" stands twice in size; leave one of them out
f.yaml:8:7: tags is empty, not keys with values; write some
f.yaml:9:7: list is "5", not a list; begin each with a dash`
	if err := f.Err(); err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
	if f.Mistakes() != strings.Count(want, "\n")+1 {
		t.Errorf("%d mistakes", f.Mistakes())
	}
}

// What is no YAML has its place, too; nothing is nothing.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":           "",
		"# nothing":  "",
		"a: [1, 2":   "f.yaml:2:1: not YAML: did not find",
		"a: b\n- c":  "f.yaml:2:1: not YAML: ",
		`{"a": [1]}`: "",
		"x: *nobody": "f.yaml",
	} {
		f, root, err := yamlfile.Parse("f.yaml", []byte(text))
		switch {
		case want == "" && (err != nil || f.Err() != nil || (root == nil) != !strings.Contains(text, "a")):
			t.Errorf("%q: %v, %v", text, root, err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	f, root, err := yamlfile.Parse("f.yaml", []byte("[1]"))
	if err != nil || f.Mapping(root, "a person", []yamlfile.Key{yamlfile.Optional("name", nil), yamlfile.Optional("age", nil)}) {
		t.Errorf("a list is a mapping, %v", err)
	}
	if want := `f.yaml:1:1: a person is a list, not keys with values; it takes name, age`; f.Err().Error() != want {
		t.Errorf("%v, want %s", f.Err(), want)
	}
}
