package generator

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// argument is what stands between the parentheses of a placeholder. Empty parentheses are no argument.
type argument struct {
	text string // without line breaks
	json bool   // it is valid JSON
}

func newArgument(text string) argument {
	text = dropLineBreaks.Replace(text)
	return argument{text: text, json: json.Valid([]byte(text))}
}

func (a argument) given() bool { return strings.Trim(a.text, whiteSpace) != "" }

// str returns the argument as text: the value of a JSON string, or the text itself.
func (a argument) str() string {
	var s string
	if a.json && json.Unmarshal([]byte(a.text), &s) == nil {
		return s
	}
	return a.text
}

// decode reads a JSON argument into a pointer to a struct, a slice or a number; unknown fields are refused.
func (a argument) decode(into any) error {
	if !a.json {
		if strings.Contains(a.text, "'") {
			return fmt.Errorf("has the argument %q, which is not JSON: strings need double quotes", a.text)
		}
		return fmt.Errorf("has the argument %q, which is not JSON", a.text)
	}
	d := json.NewDecoder(strings.NewReader(a.text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) {
			return fmt.Errorf("has the argument %s with a JSON %s where it can't take one", a.text, wrongType.Value)
		}
		return fmt.Errorf("has the argument %s: %s", a.text, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// element is a JSON value as it prints in a record: strings without quotes, everything else as JSON.
type element string

func (e *element) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		*e = element(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(e))
}
