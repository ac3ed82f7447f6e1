package checkpoint

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weirsql/weir/runtime/state"
)

// NewS3 makes a place in a bucket with settings of the client.
func NewS3(bucket, prefix string, options ...func(*s3.Options)) (FS, error) {
	return newS3(bucket, prefix, options...)
}

// DecodePart reads a part as a restore does.
func DecodePart(data []byte, entries int, f func(state.Entry) error) error {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	return d.each(bytes.NewReader(data), File{Size: int64(len(data)), Entries: entries}, f)
}

// DecodeManifest reads a manifest as it is on disk.
func DecodeManifest(data []byte) (*Manifest, error) { return decodeManifest(data, "chk-1") }

// EncodeManifest writes a manifest as it is on disk.
func EncodeManifest(m *Manifest) ([]byte, error) { return m.encode("chk-1") }
