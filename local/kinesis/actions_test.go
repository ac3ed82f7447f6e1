package kinesis

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The table of operations and clients in ../peers has every operation, in the order of actions.
func TestPeersTable(t *testing.T) {
	page, err := os.ReadFile("../peers/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]\w+) \|`).FindAllSubmatch(page, -1) {
		got = append(got, string(row[1]))
	}
	for _, a := range actions {
		want = append(want, a.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table of ../peers/README.md has\n%v, served are\n%v", got, want)
	}
}
