package number

// ParseInt reads a whole number as Flink's CAST(STRING AS BIGINT) does: an optional sign and digits, and a point with
// further digits that are dropped ('1.9' is 1, '.5' is 0). valid is false when s isn't of that form, fits when the
// number takes more than bits bits. Blanks aren't taken.
func ParseInt(s string, bits int) (n int64, valid, fits bool) {
	negative := false
	i := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		i++
	}
	if i == len(s) {
		return 0, false, false
	}
	limit := uint64(1) << (bits - 1)
	if !negative {
		limit--
	}
	var u uint64
	fits = true
	for ; i < len(s) && s[i] != '.'; i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, false, false
		}
		// The limit is at most 2^63, so ten times what is below it still shows an overflow.
		if u > limit/10 {
			fits = false
		}
		u = u*10 + uint64(c)
		if u > limit {
			fits = false
		}
	}
	for i++; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false, false
		}
	}
	if negative {
		u = -u
	}
	return int64(u), true, fits
}
