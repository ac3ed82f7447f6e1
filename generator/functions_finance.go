package generator

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/brianvoe/gofakeit/v7/data"
)

var (
	accountType  = pickFrom([]string{"Checking", "Savings", "Money Market", "Investment", "Home Loan", "Credit Card", "Auto Loan", "Personal Loan"})
	accountName  = inOrder(accountType, literal(" Account"))
	currencyCode = pickFrom(data.Currency["short"])
	currencyName = pickFrom(data.Currency["long"])
	currencySign = pickFrom([]string{"$", "€", "£", "¥", "₹", "₩", "₽", "₺", "₪", "₫", "₱", "฿", "kr", "zł", "Kč", "Ft", "CHF", "R$", "lei", "лв"})
	transaction  = pickFrom([]string{"deposit", "withdrawal", "payment", "invoice"})

	bitcoinAddress = inOrder(letters(1, 1, "13"), letters(26, 33, digits+capitals))
	bic            = inOrder(letters(4, 4, capitals), countryCode, letters(1, 1, capitals), literal("1"), oneOf(literal(""), letters(3, 3, digits)))
)

// compileAmount compiles an amount of money. Its argument is the least, or an object.
func compileAmount(a argument) (value, error) {
	r := struct {
		Min, Max float64
		Dec      int
		Symbol   string
	}{0, 1000, 2, ""}
	if a.given() {
		if err := json.Unmarshal([]byte(a.text), &r.Min); err != nil {
			r.Min = 0
			if err := a.decode(&r); err != nil {
				return value{}, err
			}
		}
	}
	if r.Dec < 0 || r.Dec > 9 {
		return value{}, fmt.Errorf("has %d decimals; it takes 0 to 9", r.Dec)
	}
	scale := math.Pow10(r.Dec)
	// The margin forgives what float64 makes of 0.3·10.
	low, high := math.Ceil(r.Min*scale-1e-9), math.Floor(r.Max*scale+1e-9)
	switch {
	case r.Min > r.Max:
		return value{}, fmt.Errorf("has the minimum %v above the maximum %v", r.Min, r.Max)
	case low > high:
		return value{}, fmt.Errorf("has no amount with %d decimals between %v and %v", r.Dec, r.Min, r.Max)
	case low < -maxExact || high > maxExact:
		return value{}, fmt.Errorf("goes beyond %d steps", int64(maxExact))
	}
	first, count := int64(low), uint64(high-low)+1
	appendAmount := func(dst []byte, n int64) []byte { return appendFixed(append(dst, r.Symbol...), n, r.Dec) }
	return value{
		render: func(dst []byte, s *Source) []byte {
			return appendAmount(dst, first+int64(s.uint64n(count)))
		},
		specimens: []string{string(appendAmount(nil, first)), string(appendAmount(nil, int64(high)))},
	}, nil
}

// digitsOfLength is a placeholder of as many digits as its argument says.
func digitsOfLength(length int) func(argument) (value, error) {
	return func(a argument) (value, error) {
		length := length
		if a.given() {
			var err error
			if length, err = a.integer(1, mostRepeated); err != nil {
				return value{}, err
			}
		}
		return patterned([]string{strings.Repeat("#", length)}, false)(argument{})
	}
}

// ibanFormats are countries and what an account's number is made of there: # is a digit, ? a letter.
var ibanFormats = []string{
	"AT################", "BE############", "CH#################", "DE##################", "ES####################",
	"GB????##############", "NL????##########", "PL########################",
}

// iban renders an account number with right check digits (ISO 13616), in groups of four if spaced.
func iban(spaced bool) renderer {
	var accounts []renderer
	for _, format := range ibanFormats {
		accounts = append(accounts, filled(format[:2]+"00"+format[2:], true))
	}
	account := oneOf(accounts...)
	return func(dst []byte, s *Source) []byte {
		start := len(dst)
		dst = account(dst, s)
		number := dst[start:]
		check := 98 - mod97(mod97(0, number[4:]), number[:4])
		number[2], number[3] = byte('0'+check/10), byte('0'+check%10)
		if !spaced {
			return dst
		}
		length := len(number)
		gaps := (length - 1) / 4
		for range gaps {
			dst = append(dst, ' ')
		}
		for from := length - 1; gaps > 0; from-- { // from the back, so that nothing is overwritten before it has moved
			dst[start+from+gaps] = dst[start+from]
			if from%4 == 0 {
				gaps--
				dst[start+from+gaps] = ' '
			}
		}
		return dst
	}
}

// mod97 goes on with the remainder of a number whose letters stand for 10 to 35.
func mod97(remainder int, number []byte) int {
	for _, c := range number {
		if c >= 'A' {
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		} else {
			remainder = (remainder*10 + int(c-'0')) % 97
		}
	}
	return remainder
}
