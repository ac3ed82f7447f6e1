package service

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Credentials are the one access key that a server accepts.
type Credentials struct{ AccessKey, SecretKey string }

// AuthError says why a request is not let in, in AWS's words.
type AuthError struct{ Code, Message string }

func (e *AuthError) Error() string { return e.Code + ": " + e.Message }

// signatureAge is how far a request's date may be off.
const signatureAge = 15 * time.Minute

const (
	signatureAlgorithm = "AWS4-HMAC-SHA256"
	signatureDate      = "20060102T150405Z"
)

// Verify checks the request's signature of version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html), in
// the Authorization header or in the query of a presigned URL. Region and service are taken from the request's own scope, so
// that clients may be configured for any. The error is an *AuthError.
func (c *Credentials) Verify(r *http.Request, body []byte, now time.Time) error {
	sig, err := parseSignature(r)
	if err != nil {
		return err
	}
	scope := strings.Split(sig.credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return &AuthError{"IncompleteSignatureException", "Credential must have at least 5 slash-delimited elements (e.g. keyid/date/region/service/term), got '" + sig.credential + "'"}
	}
	at, err := time.Parse(signatureDate, sig.date)
	if err != nil {
		return &AuthError{"IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got '" + sig.date + "'. See http://en.wikipedia.org/wiki/ISO_8601"}
	}
	if scope[0] != c.AccessKey {
		return &AuthError{"UnrecognizedClientException", "The security token included in the request is invalid."}
	}
	switch {
	case !strings.HasPrefix(sig.date, scope[1]):
		return &AuthError{"InvalidSignatureException", fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%.8s', from '%s'.", scope[1], sig.date, sig.date)}
	case now.Sub(at) > signatureAge:
		return &AuthError{"InvalidSignatureException", fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 15 min.)", sig.date, now.Add(-signatureAge).UTC().Format(signatureDate), now.UTC().Format(signatureDate))}
	case at.Sub(now) > signatureAge:
		return &AuthError{"InvalidSignatureException", fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 15 min.)", sig.date, now.Add(signatureAge).UTC().Format(signatureDate), now.UTC().Format(signatureDate))}
	}
	key := []byte("AWS4" + c.SecretKey)
	for _, part := range scope[1:] {
		key = sign(key, part)
	}
	canonical := sha256.Sum256([]byte(sig.canonical(r, body)))
	text := strings.Join([]string{signatureAlgorithm, sig.date, strings.Join(scope[1:], "/"), hex.EncodeToString(canonical[:])}, "\n")
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sign(key, text))), []byte(sig.signature)) != 1 {
		return &AuthError{"InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
	}
	return nil
}

// Signed tells whether the request has a signature, of whatever kind.
func Signed(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.URL.Query().Has("X-Amz-Algorithm")
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// signature is what a request says about its own signature.
type signature struct {
	credential, signedHeaders, signature, date string
	presigned                                  bool
}

func parseSignature(r *http.Request) (s signature, err error) {
	header, query := r.Header.Get("Authorization"), r.URL.Query()
	s.presigned = query.Has("X-Amz-Algorithm")
	var missing strings.Builder
	switch {
	case header != "" && s.presigned:
		return s, &AuthError{"InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."}
	case s.presigned:
		s.credential, s.signedHeaders = query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders")
		s.signature, s.date = query.Get("X-Amz-Signature"), query.Get("X-Amz-Date")
		for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
			if query.Get(name) == "" {
				missing.WriteString("AWS query-string parameters must include '" + name + "'. ")
			}
		}
		if missing.Len() > 0 {
			return s, &AuthError{"IncompleteSignatureException", missing.String() + "Re-examine the query-string parameters."}
		}
	case header == "":
		return s, &AuthError{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	default:
		_, params, _ := strings.Cut(header, " ")
		values := map[string]string{}
		for _, p := range strings.FieldsFunc(params, func(c rune) bool { return c == ',' || c == ' ' }) {
			name, value, _ := strings.Cut(p, "=")
			values[name] = value
		}
		s.credential, s.signedHeaders, s.signature = values["Credential"], values["SignedHeaders"], values["Signature"]
		if s.date = r.Header.Get("X-Amz-Date"); s.date == "" {
			s.date = r.Header.Get("Date")
		}
		for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
			if values[name] == "" {
				missing.WriteString("Authorization header requires '" + name + "' parameter. ")
			}
		}
		if s.date == "" {
			missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
		}
		if missing.Len() > 0 {
			return s, &AuthError{"IncompleteSignatureException", missing.String() + "Authorization=" + header}
		}
	}
	if algorithm, _, _ := strings.Cut(header, " "); !s.presigned && algorithm != signatureAlgorithm || s.presigned && query.Get("X-Amz-Algorithm") != signatureAlgorithm {
		return s, &AuthError{"IncompleteSignatureException", "Unsupported AWS 'algorithm': '" + algorithm + "' (only " + signatureAlgorithm + " is supported)."}
	}
	return s, nil
}

// canonical is the text whose hash is signed.
func (s *signature) canonical(r *http.Request, body []byte) string {
	var b strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	b.WriteString(r.Method + "\n" + path + "\n")
	var pairs []string
	for name, values := range r.URL.Query() {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, v := range values {
			pairs = append(pairs, escapeQuery(name)+"="+escapeQuery(v))
		}
	}
	slices.Sort(pairs)
	b.WriteString(strings.Join(pairs, "&") + "\n")
	for name := range strings.SplitSeq(s.signedHeaders, ";") {
		values := slices.Clone(r.Header.Values(name))
		switch name {
		case "host", ":authority": // the latter signed by the SDK for JavaScript over HTTP/2
			values = []string{r.Host}
		case "content-length": // which net/http takes out of the headers
			values = []string{fmt.Sprint(r.ContentLength)}
		}
		for i, v := range values {
			values[i] = strings.Join(strings.Fields(v), " ")
		}
		b.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if hash == "" || !strings.HasPrefix(hash, "UNSIGNED") {
		sum := sha256.Sum256(body)
		hash = hex.EncodeToString(sum[:])
	}
	b.WriteString("\n" + s.signedHeaders + "\n" + hash)
	return b.String()
}

// escapeQuery escapes as AWS does: a space is %20, a tilde stays.
func escapeQuery(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
}
