package kinesis_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"

	"github.com/weirsql/weir/local"
)

// With credentials asked for, an SDK that has them works, and others get AWS's errors.
func TestRequireAuth(t *testing.T) {
	s := start(t, local.Options{AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"})
	list := func(key, secret string) error {
		c := kinesis.NewFromConfig(aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider(key, secret, "")},
			func(o *kinesis.Options) { o.BaseEndpoint, o.RetryMaxAttempts = aws.String(s.KinesisEndpoint()), 1 })
		_, err := c.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
		return err
	}
	if err := list("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"); err != nil {
		t.Error(err)
	}
	for _, x := range []struct{ key, secret, code string }{
		{"AKIDEXAMPLE", "wrong", "InvalidSignatureException"},
		{"OTHER", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "UnrecognizedClientException"},
	} {
		var e smithy.APIError
		if err := list(x.key, x.secret); !errors.As(err, &e) || e.ErrorCode() != x.code {
			t.Errorf("%s %s: %v, want %s", x.key, x.secret, err, x.code)
		}
	}

	now := time.Now().UTC()
	day, stamp := now.Format("20060102"), now.Format("20060102T150405Z")
	scope := "Credential=AKIDEXAMPLE/" + day + "/us-east-1/kinesis/aws4_request"
	for _, x := range []struct{ authorization, date, kind, message string }{
		{"", "", "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"AWS4-HMAC-SHA256 X=Y", "", "IncompleteSignatureException", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. " +
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256 X=Y"},
		{"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", stamp, "IncompleteSignatureException", "Credential must have at least 5 slash-delimited elements (e.g. keyid/date/region/service/term), got 'a/b'"},
		{"AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host, Signature=0", "today", "IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host, Signature=0", stamp, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.…"},
		{"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0", "20150830T123600Z", "InvalidSignatureException", "Signature expired: 20150830T123600Z is now earlier than …"},
	} {
		req, err := http.NewRequest("POST", s.KinesisEndpoint(), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		for name, value := range map[string]string{"Authorization": x.authorization, "X-Amz-Date": x.date} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		kind, message := errorOf(t, resp)
		if resp.StatusCode != 400 || kind != x.kind || !matches(x.message, message) {
			t.Errorf("%q: %d %s %q, want %s %q", x.authorization, resp.StatusCode, kind, message, x.kind, x.message)
		}
	}
}

// errorOf reads the error in an answer, "" if it is none.
func errorOf(t testing.TB, resp *http.Response) (kind, message string) {
	t.Helper()
	defer resp.Body.Close()
	var e struct {
		Kind    string `json:"__type"`
		Message string
	}
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil {
		t.Fatal(err)
	}
	return e.Kind, e.Message
}

// Bodies may come in gzip, and in chunks; what they unfold to is bounded.
func TestCompressedBodies(t *testing.T) {
	s := start(t, local.Options{})
	pack := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, text)
		w.Close()
		return b.Bytes()
	}
	for _, x := range []struct {
		encoding string
		body     []byte
		kind     string
	}{
		{"gzip", pack(`{"Limit":1}`), ""},
		{"gzip", pack(`{"Limit":0}`), "ValidationException"},
		{"gzip", []byte(`{"Limit":1}`), "SerializationException"},
		{"gzip", pack(`{"Limit":1}`)[:20], "SerializationException"},
		{"gzip", pack(strings.Repeat(" ", 10<<20)), "RequestEntityTooLargeException"},
		{"br", []byte(`{}`), "SerializationException"},
	} {
		req, err := http.NewRequest("POST", s.KinesisEndpoint(), io.MultiReader(bytes.NewReader(x.body))) // of unknown length: chunked
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("Content-Encoding", x.encoding)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if kind, _ := errorOf(t, resp); kind != x.kind {
			t.Errorf("%s %.20q: %q, want %q", x.encoding, x.body, kind, x.kind)
		}
	}
}

// A browser asks first, and gets an answer that any origin may see.
func TestCORS(t *testing.T) {
	s := start(t, local.Options{AccessKey: "a", SecretKey: "b"})
	req, err := http.NewRequest("OPTIONS", s.KinesisEndpoint(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://localhost:3000")
	req.Header.Set("Access-Control-Request-Method", "POST")
	req.Header.Set("Access-Control-Request-Headers", "x-amz-target,content-type,authorization")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "*",
		"Access-Control-Allow-Methods": "POST",
		"Access-Control-Allow-Headers": "x-amz-target,content-type,authorization",
		"Access-Control-Max-Age":       "172800",
	} {
		if got := resp.Header.Get(name); resp.StatusCode != 200 || got != want {
			t.Errorf("%d %s: %q, want %q", resp.StatusCode, name, got, want)
		}
	}
	req, err = http.NewRequest("POST", s.KinesisEndpoint(), strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://localhost:3000")
	req.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if resp, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "*" || !strings.Contains(resp.Header.Get("Access-Control-Expose-Headers"), "x-amzn-RequestId") {
		t.Errorf("an answer for %q", got)
	}
}
