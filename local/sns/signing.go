package sns

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Signatures: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
//
// The key is made when the first message is signed and kept in the store. Its certificate is served where SigningCertURL
// says; nobody but the key itself vouches for it, and the URL is not Amazon's, so that a receiver that insists on
// sns.*.amazonaws.com over https must be told to make an exception.

const (
	certPrefix = "/SimpleNotificationService-"
	certSuffix = ".pem"
)

// signer signs notifications.
type signer struct {
	key  *rsa.PrivateKey
	cert []byte // PEM
	path string // of the certificate's URL
}

var signerKey = []byte("nk")

// storedSigner is the signer in the store, in DER.
type storedSigner struct{ Key, Cert []byte }

// loadSigner returns the signer in the store, or one that it puts there.
func (s *Service) loadSigner() (*signer, error) {
	s.signerMu.Lock()
	defer s.signerMu.Unlock()
	if s.signer != nil {
		return s.signer, nil
	}
	var stored storedSigner
	b, err := s.env.Store.Get(signerKey)
	if err != nil {
		return nil, fmt.Errorf("load the signing key: %w", err)
	}
	if b == nil {
		if stored, err = newSigner(s.env.Clock.Now()); err != nil {
			return nil, fmt.Errorf("make a signing key: %w", err)
		}
		if err := s.commit(change{string(signerKey): stored}); err != nil {
			return nil, err
		}
	} else if err := json.Unmarshal(b, &stored); err != nil {
		return nil, fmt.Errorf("load the signing key: %w", err)
	}
	key, err := x509.ParsePKCS1PrivateKey(stored.Key)
	if err != nil {
		return nil, fmt.Errorf("load the signing key: %w", err)
	}
	sum := sha256.Sum256(stored.Cert)
	s.signer = &signer{
		key:  key,
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stored.Cert}),
		path: certPrefix + hex.EncodeToString(sum[:16]) + certSuffix,
	}
	return s.signer, nil
}

func newSigner(now time.Time) (storedSigner, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return storedSigner{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "sns.amazonaws.com", Organization: []string{"weir, embedded SNS"}},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return storedSigner{x509.MarshalPKCS1PrivateKey(key), cert}, err
}

// notification is the JSON that SNS posts to http and https endpoints and mails as email-json.
type notification struct {
	Type              string
	MessageId         string
	Token             string `json:",omitempty"`
	TopicArn          string
	Subject           string `json:",omitempty"`
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	SubscribeURL      string                      `json:",omitempty"`
	UnsubscribeURL    string                      `json:",omitempty"`
	MessageAttributes map[string]messageAttribute `json:",omitempty"`
}

// The types of notifications.
const (
	kindNotification = "Notification"
	kindConfirmation = "SubscriptionConfirmation"
)

const timestampFormat = "2006-01-02T15:04:05.000Z"

// text is what is signed: names and values, a line each, in the order of the names. Confirmations have other names than
// notifications.
func (n *notification) text() []byte {
	var b bytes.Buffer
	add := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	add("Message", n.Message)
	add("MessageId", n.MessageId)
	if n.Type == kindNotification {
		if n.Subject != "" {
			add("Subject", n.Subject)
		}
	} else {
		add("SubscribeURL", n.SubscribeURL)
	}
	add("Timestamp", n.Timestamp)
	if n.Type != kindNotification {
		add("Token", n.Token)
	}
	add("TopicArn", n.TopicArn)
	add("Type", n.Type)
	return b.Bytes()
}

// sign signs by SignatureVersion: 1 is SHA-1 and AWS's default, 2 SHA-256.
func (s *Service) sign(n *notification) error {
	signer, err := s.loadSigner()
	if err != nil {
		return err
	}
	n.SigningCertURL = s.base + signer.path
	hash, sum := crypto.SHA1, sha1.Sum(n.text())
	digest := sum[:]
	if n.SignatureVersion == "2" {
		sum := sha256.Sum256(n.text())
		hash, digest = crypto.SHA256, sum[:]
	}
	signature, err := rsa.SignPKCS1v15(nil, signer.key, hash, digest)
	if err != nil {
		return fmt.Errorf("sign a notification: %w", err)
	}
	n.Signature = base64.StdEncoding.EncodeToString(signature)
	return nil
}

// encode renders the notification as SNS does.
func (n *notification) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(n); err != nil {
		return []byte(err.Error()) // strings always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// certificate returns the PEM for a path that a SigningCertURL has named.
func (s *Service) certificate(path string) ([]byte, error) {
	if !strings.HasPrefix(path, certPrefix) || !strings.HasSuffix(path, certSuffix) {
		return nil, nil
	}
	signer, err := s.loadSigner()
	if err != nil || path != signer.path {
		return nil, err
	}
	return signer.cert, nil
}
