package service

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var example = Credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

// Signatures that AWS publishes: the example of its guide to version 4, and two of its test suite (get-vanilla,
// post-vanilla).
func TestVerifyAWSExamples(t *testing.T) {
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, x := range []struct{ method, url, contentType, scope, headers, signature string }{
		{"GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "application/x-www-form-urlencoded; charset=utf-8", "iam",
			"content-type;host;x-amz-date", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
		{"GET", "https://example.amazonaws.com/", "", "service", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"POST", "https://example.amazonaws.com/", "", "service", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	} {
		r := httptest.NewRequest(x.method, x.url, nil)
		r.Header.Set("X-Amz-Date", "20150830T123600Z")
		if x.contentType != "" {
			r.Header.Set("Content-Type", x.contentType)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"+x.scope+"/aws4_request, SignedHeaders="+x.headers+", Signature="+x.signature)
		if err := example.Verify(r, nil, at.Add(15*time.Minute)); err != nil {
			t.Errorf("%s %s: %v", x.method, x.url, err)
		}
		var e *AuthError
		for _, now := range []time.Time{at.Add(15*time.Minute + time.Second), at.Add(-15*time.Minute - time.Second)} {
			if err := example.Verify(r, nil, now); !errors.As(err, &e) || e.Code != "InvalidSignatureException" {
				t.Errorf("at %v: %v", now, err)
			}
		}
		if err := example.Verify(r, []byte("another body"), at); !errors.As(err, &e) || e.Code != "InvalidSignatureException" {
			t.Errorf("another body: %v", err)
		}
	}
}

// No header and no query makes the check panic, or let anybody in.
func FuzzVerify(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0", "20150830T123600Z", "")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb%2Fc%2Fd%2Faws4_request&X-Amz-Date=x&X-Amz-SignedHeaders=host&X-Amz-Signature=0")
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r, err := http.NewRequest("POST", "http://127.0.0.1/", strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", date)
		if example.Verify(r, nil, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)) == nil {
			t.Error("let in")
		}
	})
}
