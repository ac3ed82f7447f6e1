// Package testclient has what clients in tests of the embedded servers need.
package testclient

import (
	"bytes"
	"io"
	"net/http"
)

// HTTP is an aws.HTTPClient that has read the whole of an answer when Do returns. Without it the SDK for Go now and then closes
// the connection under an answer that comes at once (see local/README.md), and a test that doesn't send again fails.
type HTTP struct{}

// Do implements aws.HTTPClient.
func (HTTP) Do(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if e := resp.Body.Close(); err == nil {
		err = e
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}
