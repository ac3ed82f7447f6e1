package awsclient

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// tokenService is an STS that gives out credentials to whom it knows, and what it was asked.
func tokenService(t *testing.T, asked *[]url.Values) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form := r.PostForm
		form.Set("signed by", r.Header.Get("Authorization"))
		*asked = append(*asked, form)
		action := form.Get("Action")
		if form.Get("RoleArn") == "arn:aws:iam::1:role/other" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>ROLE</AccessKeyId>`+
			`<SecretAccessKey>s</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action)
	}))
	t.Cleanup(server.Close)
	return server
}

// Roles are asked of STS at the endpoint that the table names, with what the table says, by the credentials that may.
func TestRoles(t *testing.T) {
	dir := t.TempDir()
	token, file := filepath.Join(dir, "token"), filepath.Join(dir, "credentials")
	for name, text := range map[string]string{token: "web.identity.token", file: "[base]\naws_access_key_id = FILE\naws_secret_access_key = s\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	var asked []url.Values
	server := tokenService(t, &asked)
	const role = "role.arn=arn:aws:iam::1:role/reader"
	for _, c := range []struct {
		options string
		by      string // the key that signs what is asked of STS
		form    map[string]string
		refused string
	}{
		{options: "provider=ASSUME_ROLE " + role + " role.sessionName=mine role.externalId=42", by: "Credential=ENVIRONMENT/",
			form: map[string]string{"Action": "AssumeRole", "RoleArn": "arn:aws:iam::1:role/reader", "RoleSessionName": "mine", "ExternalId": "42"}},
		{options: "provider=ASSUME_ROLE " + role + " role.provider=BASIC basic.accesskeyid=BASIC basic.secretkey=s", by: "Credential=BASIC/",
			form: map[string]string{"Action": "AssumeRole", "ExternalId": ""}},
		{options: "provider=ASSUME_ROLE provider.role.arn=arn:aws:iam::1:role/reader role.provider=PROFILE role.provider.profile.name=base role.provider.profile.path=" + file, by: "Credential=FILE/",
			form: map[string]string{"RoleArn": "arn:aws:iam::1:role/reader"}},
		{options: "provider=ASSUME_ROLE " + role + " role.provider=ENV_VAR", by: "Credential=ENVIRONMENT/"},
		{options: "provider=ASSUME_ROLE role.arn=arn:aws:iam::1:role/other", by: "Credential=ENVIRONMENT/",
			refused: "provider ASSUME_ROLE): looked in role arn:aws:iam::1:role/other, asked of STS"},
		{options: "provider=WEB_IDENTITY_TOKEN " + role + " role.sessionName=mine webIdentityToken.file=" + token,
			form: map[string]string{"Action": "AssumeRoleWithWebIdentity", "WebIdentityToken": "web.identity.token", "RoleArn": "arn:aws:iam::1:role/reader", "RoleSessionName": "mine"}},
		{options: "provider=WEB_IDENTITY_TOKEN " + role + " webIdentityToken.file=" + token + ".none", refused: "looked in the web identity token " + token + ".none"},
	} {
		asked = nil
		raw := map[string]string{"aws.region": "eu-west-1", "aws.credentials.role.stsEndpoint": server.URL}
		for _, o := range strings.Fields(c.options) {
			k, v, _ := strings.Cut(o, "=")
			raw["aws.credentials."+k] = v
		}
		cfg, err := read(t, "kinesis", raw).Load(context.Background())
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v, want %q", c.options, err, c.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.options, err)
			continue
		}
		got, err := cfg.Credentials.Retrieve(context.Background())
		if err != nil || got.AccessKeyID != "ROLE" || got.SessionToken != "token" {
			t.Errorf("%s: key %s with token %q; %v", c.options, got.AccessKeyID, got.SessionToken, err)
		}
		if len(asked) != 1 {
			t.Errorf("%s: STS was asked %d times", c.options, len(asked))
			continue
		}
		if by := asked[0].Get("signed by"); !strings.Contains(by, c.by) || (c.by == "") != (by == "") {
			t.Errorf("%s: STS was asked by %q, want %q", c.options, by, c.by)
		}
		for k, want := range c.form {
			if got := asked[0].Get(k); got != want {
				t.Errorf("%s: %s = %q, want %q", c.options, k, got, want)
			}
		}
	}
}

const throughProxy = "WEIR_TEST_THROUGH_PROXY"

// Requests go through the proxy that the environment names. It is read once in the life of a process, so another one asks.
func TestProxy(t *testing.T) {
	if os.Getenv(throughProxy) != "" {
		cfg, err := read(t, "kinesis", map[string]string{"aws.endpoint": "http://kinesis.example.invalid",
			"aws.credentials.basic.accesskeyid": "a", "aws.credentials.basic.secretkey": "b"}).Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, err := kinesis.NewFromConfig(cfg).ListStreams(t.Context(), &kinesis.ListStreamsInput{})
		if err != nil || len(out.StreamNames) != 1 {
			t.Fatal(out, err)
		}
		return
	}
	var host string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host = r.URL.Host
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		io.WriteString(w, `{"StreamNames":["clicks"],"HasMoreStreams":false}`)
	}))
	defer proxy.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestProxy$")
	cmd.Env = append(os.Environ(), throughProxy+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy=", "NO_PROXY=", "no_proxy=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || host != "kinesis.example.invalid" {
		t.Errorf("%v, asked for %q: %s", err, host, &out)
	}
}
