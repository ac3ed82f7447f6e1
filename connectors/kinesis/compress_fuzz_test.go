package kinesis

import (
	"bytes"
	"testing"
)

// Whatever a record begins with, unpacking it fails or gives bytes within the bound, and a good record behind a bad one is unpacked.
func FuzzUnpack(f *testing.F) {
	var good [][]byte
	for _, kind := range []string{"GZIP", "ZSTD"} {
		c, err := newCompressor(kind)
		if err != nil {
			f.Fatal(err)
		}
		c.plain = []byte(`{"n":1,"n":1,"n":1}`)
		data, err := c.append(nil)
		if err != nil {
			f.Fatal(err)
		}
		good = append(good, data)
		f.Add(data)
		f.Add(data[:len(data)-1])
		f.Add(append(bytes.Clone(data), data...))
	}
	f.Add([]byte("{}"))
	var u unpacker
	f.Fuzz(func(t *testing.T, record []byte) {
		if out, err := u.unpack(record); err == nil && len(out) > maxUnpacked {
			t.Errorf("%d bytes", len(out))
		}
		for _, data := range good {
			if out, err := u.unpack(data); err != nil || string(out) != `{"n":1,"n":1,"n":1}` {
				t.Errorf("a good record after %q: %q %v", record, out, err)
			}
		}
	})
}
