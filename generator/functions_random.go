package generator

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

func alphaNumeric(least, most int) renderer {
	return letters(least, most, digits+"abcdefghijklmnopqrstuvwxyz")
}

// randomWord is a word of any kind.
var randomWord = oneOf(
	department, productName, productAdjective, productMaterial, product, productColor,
	catchPhraseAdjective, catchPhraseDescriptor, catchPhraseNoun, bsAdjective, bsVerb, bsNoun,
	streetSuffix, county, country, state,
	accountName, transaction, currencyName,
	hackerNoun, hackerVerb, hackerAdjective, hackerIngVerb, abbreviation,
	jobDescriptor, jobArea, jobType,
)

func randomWords(least, most int) renderer { return repeated(least, most, " ", randomWord) }

var locale = pickFrom([]string{
	"ar", "az", "cz", "de", "de_AT", "de_CH", "el_GR", "en", "en_AU", "en_BORK", "en_CA", "en_GB", "en_IE", "en_IND", "en_US",
	"en_ZA", "es", "es_MX", "fa", "fr", "fr_CA", "fr_CH", "ge", "id_ID", "it", "ja", "ko", "nb_NO", "nep", "nl", "nl_BE", "pl",
	"pt_BR", "pt_PT", "ro", "ru", "sk", "sv", "tr", "uk", "vi", "zh_CN", "zh_TW",
})

// image is where faker.js finds its images; the host is gone, the text still looks like an address.
var image = inOrder(literal("http://lorempixel.com/640/480/"), pickFrom([]string{
	"abstract", "animals", "business", "cats", "city", "fashion", "food", "nature", "nightlife", "people", "sports", "technics", "transport",
}))

// appendUUID appends a UUID of version 4 (RFC 9562): 122 random bits.
func appendUUID(dst []byte, s *Source) []byte {
	high := s.uint64()&^0xf000 | 0x4000 // version
	low := s.uint64()&^(3<<62) | 2<<62  // variant
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			dst = append(dst, '-')
		}
		word := high
		if i >= 16 {
			word = low
		}
		dst = append(dst, "0123456789abcdef"[word>>(60-4*(i%16))&0xf])
	}
	return dst
}

func compileBoolean(a argument) (value, error) {
	v, err := plain(func(dst []byte, s *Source) []byte {
		return strconv.AppendBool(dst, s.uint64()>>63 == 1)
	})(a)
	v.specimens = []string{"true", "false"}
	return v, err
}

func compileArrayElement(a argument) (value, error) {
	elements := []element{"a", "b", "c"} // what faker.js falls back to
	if a.given() {
		elements = nil
		if err := a.decode(&elements); err != nil {
			return value{}, err
		}
	}
	if len(elements) == 0 {
		return value{}, errors.New("has no elements to choose from")
	}
	words := texts(elements)
	return value{render: pickFrom(words), specimens: words}, nil
}

// compileObjectElement compiles the choice of one of an object's values.
func compileObjectElement(a argument) (value, error) {
	words := []string{"bar", "car"} // what faker.js falls back to
	if a.given() {
		var fields map[string]element
		if err := a.decode(&fields); err != nil {
			return value{}, err
		}
		words = nil
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			words = append(words, string(fields[key]))
		}
	}
	if len(words) == 0 {
		return value{}, errors.New("has no elements to choose from")
	}
	return value{render: pickFrom(words), specimens: words}, nil
}

func compileWeightedArrayElement(a argument) (value, error) {
	choice := struct {
		Weights []float64
		Data    []element
	}{[]float64{1, 1}, []element{"dog", "cat"}} // what the Kinesis Data Generator falls back to
	if a.given() {
		choice.Weights, choice.Data = nil, nil
		if err := a.decode(&choice); err != nil {
			return value{}, err
		}
	}
	if len(choice.Weights) != len(choice.Data) {
		return value{}, fmt.Errorf("has %d weights for %d data; each element needs one", len(choice.Weights), len(choice.Data))
	}
	// upTo[i] is the sum of the weights up to and with element i.
	upTo := make([]float64, len(choice.Weights))
	var sum float64
	var last int // element that has a chance at all
	for i, w := range choice.Weights {
		if w < 0 {
			return value{}, fmt.Errorf("has the weight %v; weights are 0 or more", w)
		}
		sum += w
		upTo[i] = sum
		if w > 0 {
			last = i
		}
	}
	if !(sum > 0 && sum <= math.MaxFloat64) {
		return value{}, fmt.Errorf("has weights that add up to %v; at least one must be above 0", sum)
	}
	words := texts(choice.Data)
	return value{
		specimens: words,
		render: func(dst []byte, s *Source) []byte {
			at := s.float64() * sum
			// The first element whose sum lies above; one of weight 0 is never that. Rounding may carry at up to the full sum.
			i := sort.Search(last, func(i int) bool { return upTo[i] > at })
			return append(dst, words[i]...)
		},
	}, nil
}

func texts(elements []element) []string {
	words := make([]string, len(elements))
	for i, e := range elements {
		words[i] = string(e)
	}
	return words
}

// maxExact is the largest magnitude at which all integers are float64s, as in JavaScript.
const maxExact = 1 << 53

func compileNumber(a argument) (value, error) {
	r := struct {
		Min, Max  float64
		Precision json.Number
	}{0, 99999, "1"}
	if a.given() {
		if err := json.Unmarshal([]byte(a.text), &r.Max); err != nil {
			r.Max = 99999
			if err := a.decode(&r); err != nil {
				return value{}, err
			}
		}
	}
	scale, unit, err := decimal(r.Precision.String())
	if err != nil {
		return value{}, err
	}
	// Steps are counted: the value is unit·k·10^-scale. The margin forgives what float64 makes of 0.3/0.1.
	step := float64(unit) / math.Pow10(scale)
	low, high := math.Ceil(r.Min/step-1e-9), math.Floor(r.Max/step+1e-9)
	switch limit := maxExact / float64(unit); {
	case r.Min > r.Max:
		return value{}, fmt.Errorf("has the minimum %v above the maximum %v", r.Min, r.Max)
	case low > high:
		return value{}, fmt.Errorf("has no multiple of %s between %v and %v", r.Precision, r.Min, r.Max)
	case low < -limit || high > limit:
		return value{}, fmt.Errorf("goes beyond %d steps", int64(maxExact))
	}
	first, count := int64(low), uint64(high-low)+1
	appendStep := func(dst []byte, k int64) []byte { return appendScaled(dst, k*unit, scale) }
	return value{
		render: func(dst []byte, s *Source) []byte {
			return appendStep(dst, first+int64(s.uint64n(count)))
		},
		specimens: []string{
			string(appendStep(nil, first)),
			string(appendStep(nil, first+int64(count-1))),
		},
	}, nil
}

// decimal takes a positive decimal number such as "0.25" apart: 25·10^-2.
func decimal(text string) (scale int, unit int64, err error) {
	whole, fraction, _ := strings.Cut(text, ".")
	unit, err = strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || unit <= 0 || len(fraction) > 15 || unit > maxExact {
		return 0, 0, fmt.Errorf("has the precision %s; it takes a positive number like 1, 10 or 0.01", text)
	}
	return len(fraction), unit, nil
}

// appendScaled appends n·10^-scale without trailing zeros.
func appendScaled(dst []byte, n int64, scale int) []byte {
	for scale > 0 && n%10 == 0 {
		n /= 10
		scale--
	}
	if scale == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	power := int64(math.Pow10(scale))
	dst = strconv.AppendInt(dst, n/power, 10)
	dst = append(dst, '.')
	for fraction := n % power; scale > 0; scale-- {
		power /= 10
		dst = append(dst, byte('0'+fraction/power))
		fraction %= power
	}
	return dst
}
