package builtin

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringURL() []udf.Spec {
	return []udf.Spec{{
		Name:    "PARSE_URL",
		Family:  "string",
		Usage:   []string{"PARSE_URL(url, part [, key])"},
		Summary: "A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE or USERINFO, or with QUERY the value of one key; NULL when it is not there or the text is no URL.",
		Examples: []udf.Example{
			{SQL: "PARSE_URL('http://facebook.com/path1/p.php?k1=v1&k2=v2#Ref1', 'HOST')", Result: "facebook.com"},
			{SQL: "PARSE_URL('http://facebook.com/path1/p.php?k1=v1&k2=v2#Ref1', 'QUERY', 'k1')", Result: "v1"},
			{SQL: "PARSE_URL('no url', 'HOST')", Result: "NULL"},
		},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			args, _, err := signature(c, 2, textParam, textParam, textParam)
			if err != nil {
				return nil, err
			}
			return &udf.BoundScalar{
				Args:   args,
				Result: types.StringType,
				Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
					return udf.EachRow(out, n, func(i int) error {
						part, ok := urlPart(args[0].Str(i), args[1].Str(i))
						if len(args) == 3 {
							ok = ok && args[1].Str(i) == "QUERY"
							if ok {
								part, ok = queryValue(part, args[2].Str(i))
							}
						}
						if !ok {
							part = ""
							out.SetNull(i)
						}
						out.AppendString(part)
						return nil
					})
				},
			}, nil
		},
	}}
}

// urlPart returns a part of a URL as java.net.URL takes it apart, without decoding anything.
func urlPart(url, part string) (string, bool) {
	url = strings.TrimFunc(url, func(r rune) bool { return r <= ' ' })
	protocol, rest, ok := strings.Cut(url, ":")
	if protocol = strings.ToLower(protocol); !ok {
		return "", false
	}
	switch protocol {
	case "http", "https", "ftp", "file", "mailto", "jar", "jmod":
	default:
		return "", false
	}
	rest, ref, hasRef := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	authority, hasAuthority := "", strings.HasPrefix(rest, "//")
	path := rest
	if hasAuthority {
		authority = rest[2:]
		path = ""
		if i := strings.IndexByte(authority, '/'); i >= 0 {
			authority, path = authority[:i], authority[i:]
		}
	}
	user, host, hasUser := strings.Cut(authority, "@")
	if !hasUser {
		host = authority
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	switch part {
	case "HOST":
		return host, true
	case "PATH":
		return path, true
	case "QUERY":
		return query, hasQuery
	case "REF":
		return ref, hasRef
	case "PROTOCOL":
		return protocol, true
	case "FILE":
		if hasQuery {
			path += "?" + query
		}
		return path, true
	case "AUTHORITY":
		return authority, hasAuthority
	case "USERINFO":
		return user, hasUser
	}
	return "", false
}

// queryValue returns what stands behind key= in a query.
func queryValue(query, key string) (string, bool) {
	for pair := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(pair, key+"="); ok {
			return value, true
		}
	}
	return "", false
}
