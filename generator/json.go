package generator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// randomSamples is how many records are rendered at random besides those with specimens.
const randomSamples = 16

// checkJSON renders records until one isn't valid JSON. Placeholders are varied one at a time, the others staying at
// their first specimen: whether a value fits depends on the text around it, hardly ever on other values.
func (t *Template) checkJSON() error {
	s := NewSource(1, time.Date(2023, 8, 23, 13, 46, 30, 0, time.UTC))
	chosen := make([]string, len(t.parts))
	for i, p := range t.parts {
		chosen[i] = p.sample(s, 0)
	}
	if err := t.checkRecord(chosen, none); err != nil {
		return err
	}
	for i, p := range t.parts {
		for k := 1; k < len(p.value.specimens); k++ {
			chosen[i] = p.sample(s, k)
			if err := t.checkRecord(chosen, i); err != nil {
				return err
			}
		}
		chosen[i] = p.sample(s, 0)
	}
	for range randomSamples {
		for i, p := range t.parts {
			chosen[i] = p.sample(s, len(p.value.specimens))
		}
		if err := t.checkRecord(chosen, none); err != nil {
			return err
		}
	}
	// At a time whose parts are all small, since 08 is no number.
	s = NewSource(1, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for i, p := range t.parts {
		chosen[i] = p.sample(s, len(p.value.specimens))
	}
	return t.checkRecord(chosen, none)
}

// sample returns the part's text, the k-th specimen where the placeholder has one and something random beyond.
func (p *part) sample(s *Source, k int) string {
	switch {
	case p.value.render == nil:
		return p.literal
	case k < len(p.value.specimens):
		return p.value.specimens[k]
	}
	return string(p.value.render(nil, s))
}

// none is no part.
const none = -1

// checkRecord checks the record made of the given texts, one per part, and finds the place of a mistake in the source:
// the varied part, if the record was fine before that was varied, else the part that the parser stopped in.
func (t *Template) checkRecord(texts []string, varied int) error {
	record := joinParts(texts)
	wrong := firstJSONError(record)
	if wrong == nil {
		return nil
	}
	part, at := varied, 0
	if varied == none {
		part, at = locate(texts, int(wrong.Offset)-1) // the offset counts the byte that was wrong
	}
	p, hint := t.parts[part], ""
	offset := p.start
	if p.value.render == nil {
		offset = t.sourceOffset(p, at)
	} else {
		hint = t.quoteHint(texts, part)
	}
	return newTemplateError(t.source, offset,
		fmt.Sprintf("the template doesn't make valid JSON: %v in the record %s", wrong, shorten(record)), hint)
}

// locate returns the text that byte at of the record belongs to, and its offset there; the last text takes what is left.
func locate(texts []string, at int) (i, offset int) {
	for i < len(texts)-1 && at >= len(texts[i]) {
		at -= len(texts[i])
		i++
	}
	return i, at
}

// firstJSONError is nil for valid JSON. Its offset is that of a byte of the record, counted from 1.
func firstJSONError(record []byte) *json.SyntaxError {
	var raw json.RawMessage
	err := json.Unmarshal(record, &raw)
	var wrong *json.SyntaxError
	if !errors.As(err, &wrong) {
		return nil
	}
	return wrong
}

func joinParts(texts []string) []byte {
	var record []byte
	for _, text := range texts {
		record = append(record, text...)
	}
	return record
}

// quoteHint says what would mend the placeholder at part i: quotes around it are forgotten most often.
func (t *Template) quoteHint(texts []string, i int) string {
	quoted := bytes.Clone(joinParts(texts[:i]))
	quoted = append(quoted, '"')
	quoted = append(quoted, texts[i]...)
	quoted = append(quoted, '"')
	quoted = append(quoted, joinParts(texts[i+1:])...)
	p := t.parts[i]
	if json.Valid(quoted) {
		return fmt.Sprintf("put double quotes around %s", t.source[p.start:p.end])
	}
	return fmt.Sprintf("the value is from %s", t.source[p.start:p.end])
}

// sourceOffset returns where the n-th byte of a literal stands in the source.
func (t *Template) sourceOffset(p part, n int) int {
	for at := p.start; at < p.end; at++ {
		if isLineBreak(t.source[at]) {
			continue
		}
		if n == 0 {
			return at
		}
		n--
	}
	return p.end
}

// shorten keeps a record readable within an error.
func shorten(record []byte) string {
	const most = 200
	if len(record) <= most {
		return string(record)
	}
	return string(bytes.ToValidUTF8(record[:most], nil)) + "…"
}
