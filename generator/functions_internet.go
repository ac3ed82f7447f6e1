package generator

import "strconv"

// appendIP appends an IPv4 address of four numbers from 0 to 255, as faker.js does; it may be one that nobody has.
func appendIP(dst []byte, s *Source) []byte {
	address := uint32(s.uint64() >> 32)
	for shift := 24; shift >= 0; shift -= 8 {
		dst = strconv.AppendUint(dst, uint64(address>>shift&0xff), 10)
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}
