package builtin

import "testing"

func TestRegularExpressionsAgreeWithFlink(t *testing.T) {
	compareWithFlink(t, recorded, "regex", 300, map[string]string{
		"(?<=o)b": "no look-behind",
		"(o)\\1":  "no back-references",
		"o++":     "no possessive quantifiers",
		"&&[":     "no intersection of classes",
	})
}
