package builtin

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// hashes is the family of cryptographic digests, in hexadecimal.
func hashes() []udf.Spec {
	var specs []udf.Spec
	for _, f := range []struct {
		name, example string
		make          func() hash.Hash
	}{
		{"MD5", "900150983cd24fb0d6963f7d28e17f72", md5.New},
		{"SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d", sha1.New},
		{"SHA224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7", sha256.New224},
		{"SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sha256.New},
		{"SHA384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7", sha512.New384},
		{"SHA512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", sha512.New},
	} {
		specs = append(specs, udf.Spec{
			Name:     f.name,
			Family:   "hash",
			Usage:    []string{f.name + "(text)"},
			Summary:  "The " + f.name + " digest of a text in UTF-8, or of bytes, in lower-case hexadecimal.",
			Examples: []udf.Example{{SQL: f.name + "('abc')", Result: f.example}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, bytesOrText(c, 0))
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.CharType(2 * f.make().Size()).WithNotNull(notNull),
					Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
						h := f.make()
						return udf.EachRow(out, n, func(i int) error {
							appendDigest(out, h, args[0].Bytes(i))
							return nil
						})
					},
				}, nil
			},
		})
	}
	return append(specs, udf.Spec{
		Name:    "SHA2",
		Family:  "hash",
		Usage:   []string{"SHA2(text, length)"},
		Summary: "The digest of the SHA-2 family of 224, 256, 384 or 512 bits of a text in UTF-8, or of bytes, in lower-case hexadecimal.",
		Examples: []udf.Example{
			{SQL: "SHA2('abc', 256) = SHA256('abc')", Result: "TRUE"},
		},
		Scalar: bindSHA2,
	})
}

func appendDigest(out *types.Vector, h hash.Hash, b []byte) {
	h.Reset()
	h.Write(b)
	var sum [sha512.Size]byte
	out.Data = hex.AppendEncode(out.Data, h.Sum(sum[:0]))
	out.EndValue()
}

var sha2 = map[int32]func() hash.Hash{224: sha256.New224, 256: sha256.New, 384: sha512.New384, 512: sha512.New}

func bindSHA2(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, bytesOrText(c, 0), integerParam)
	if err != nil {
		return nil, err
	}
	args[1] = types.IntType.WithNotNull(args[1].NotNull)
	unknown := func(length int32) error {
		return udf.Errorf(1, "SHA2 has digests of 224, 256, 384 and 512 bits, not of %d", length)
	}
	if a := c.Args[1]; a.Literal && a.Value != nil && sha2[int32(literalInt(a.Value))] == nil {
		return nil, unknown(int32(literalInt(a.Value)))
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.VarcharType(128).WithNotNull(notNull),
		Fallible: true,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				length := args[1].I32[i]
				if sha2[length] == nil {
					return &udf.RowError{Row: i, Err: unknown(length)}
				}
				appendDigest(out, sha2[length](), args[0].Bytes(i))
				return nil
			})
		},
	}, nil
}
