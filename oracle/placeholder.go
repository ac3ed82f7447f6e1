package oracle

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// placeholder matches {value::TYPE}: the value is quoted text, or bare up to the double colon.
var placeholder = regexp.MustCompile(`\{('(?:[^']|'')*'|[^{}':]*(?::[^{}':]+)*)::([^{}]+)\}`)

// placeholders splits a recorded expression: "{1::INT} + 1" becomes "f0 + 1" over the column f0, and, with literals,
// "CAST('1' AS INT) + 1".
func placeholders(text string) (expr, literal string, args []Arg, err error) {
	var names, literals strings.Builder
	end := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		a := Arg{Name: "f" + strconv.Itoa(len(args)), Type: text[m[4]:m[5]], Text: text[m[2]:m[3]]}
		if strings.HasPrefix(a.Text, "'") {
			a.Text = strings.ReplaceAll(a.Text[1:len(a.Text)-1], "''", "'")
		} else {
			a.Text = strings.TrimSpace(a.Text)
			a.Null = a.Text == "NULL"
		}
		l, err := a.literal()
		if err != nil {
			return "", "", nil, err
		}
		names.WriteString(text[end:m[0]] + a.Name)
		literals.WriteString(text[end:m[0]] + l)
		end = m[1]
		args = append(args, a)
	}
	return names.String() + text[end:], literals.String() + text[end:], args, nil
}

// literal is SQL for the argument's value. The type is the argument's, except that it is NOT NULL.
func (a Arg) literal() (string, error) {
	typ := strings.TrimSuffix(a.Type, " NOT NULL")
	family, _, _ := strings.Cut(typ, "(")
	switch {
	case a.Null:
		return "CAST(NULL AS " + typ + ")", nil
	case family == "BYTES" || family == "BINARY" || family == "VARBINARY":
		return "CAST(x'" + a.Text + "' AS " + typ + ")", nil
	case family == "TIMESTAMP_LTZ":
		// From the instant and not from text, which would be read in the session's zone.
		t, err := time.Parse("2006-01-02 15:04:05Z", a.Text)
		if err != nil {
			return "", fmt.Errorf("timestamp argument: %w", err)
		}
		return fmt.Sprintf("CAST(TO_TIMESTAMP_LTZ(%d, 3) AS %s)", t.UnixMilli(), typ), nil
	case typ == "INTERVAL YEAR TO MONTH":
		return "INTERVAL '" + a.Text + "' MONTH(9)", nil
	case strings.HasPrefix(typ, "INTERVAL DAY"):
		millis, err := strconv.ParseInt(a.Text, 10, 64)
		if err != nil {
			return "", fmt.Errorf("interval argument: %w", err)
		}
		sign := ""
		if millis < 0 {
			sign, millis = "-", -millis
		}
		return fmt.Sprintf("INTERVAL '%s%d.%03d' SECOND(10, 3)", sign, millis/1000, millis%1000), nil
	default:
		return "CAST('" + strings.ReplaceAll(a.Text, "'", "''") + "' AS " + typ + ")", nil
	}
}
