package generator

import (
	"strconv"

	"github.com/brianvoe/gofakeit/v7/data"
)

var (
	protocol     = pickFrom([]string{"http", "https"})
	domainSuffix = pickFrom(data.Internet["domain_suffix"])
	domainWord   = mapped(firstName, fileNameByte)
	domainName   = inOrder(domainWord, literal("."), domainSuffix)
	url          = inOrder(protocol, literal("://"), domainName)
	avatar       = inOrder(literal("https://s3.amazonaws.com/uifaces/faces/twitter/"), domainWord, mapped(lastName, fileNameByte), literal("/128.jpg"))
	freeMail     = pickFrom([]string{"gmail.com", "yahoo.com", "hotmail.com"})
	exampleMail  = pickFrom([]string{"example.org", "example.com", "example.net"}) // reserved by RFC 2606

	hexDigits = "0123456789abcdef"
	ipv6      = repeated(8, 8, ":", letters(4, 4, hexDigits))
	mac       = repeated(6, 6, ":", letters(2, 2, hexDigits))

	userAgent = oneOf(
		inOrder(literal("Mozilla/5.0 ("), platform, literal(") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"), chromeVersion, literal(" Safari/537.36")),
		inOrder(literal("Mozilla/5.0 ("), platform, literal(") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"), chromeVersion, literal(" Safari/537.36 Edg/"), chromeVersion),
		inOrder(literal("Mozilla/5.0 ("), platform, literal("; rv:"), firefoxVersion, literal(") Gecko/20100101 Firefox/"), firefoxVersion),
		inOrder(literal("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/"), safariVersion, literal(" Safari/605.1.15")),
		inOrder(literal("Mozilla/5.0 (iPhone; CPU iPhone OS 17_"), whole(0, 6), literal(" like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/"), safariVersion, literal(" Mobile/15E148 Safari/604.1")),
	)
	platform       = pickFrom([]string{"Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "Linux; Android 14; Pixel 8"})
	chromeVersion  = inOrder(whole(100, 131), literal(".0."), whole(4896, 6778), literal("."), whole(0, 200))
	firefoxVersion = inOrder(whole(100, 133), literal(".0"))
	safariVersion  = inOrder(whole(14, 18), literal("."), whole(0, 6))
)

// whole renders a whole number from low to high, neither below 0.
func whole(low, high uint64) renderer {
	return func(dst []byte, s *Source) []byte {
		return strconv.AppendUint(dst, low+s.uint64n(high-low+1), 10)
	}
}

// userName renders a first name with a number, a last name, or both behind it.
func userName(firstName renderer) renderer {
	separator := pickFrom([]string{".", "_"})
	return oneOf(
		inOrder(firstName, whole(0, 99)),
		inOrder(firstName, separator, lastName),
		inOrder(firstName, separator, lastName, whole(0, 99)),
	)
}

// mailAt renders an address at a provider.
func mailAt(provider renderer) func(firstName renderer) renderer {
	return func(firstName renderer) renderer { return inOrder(userName(firstName), literal("@"), provider) }
}

func password(least, most int) renderer {
	return letters(least, most, capitals+"abcdefghijklmnopqrstuvwxyz"+digits+"_")
}

// appendColor appends a dark color, as #rrggbb: each part is at most half.
func appendColor(dst []byte, s *Source) []byte {
	dst = append(dst, '#')
	for range 3 {
		part := s.uint64n(129)
		dst = append(dst, hexDigits[part>>4], hexDigits[part&0xf])
	}
	return dst
}

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
