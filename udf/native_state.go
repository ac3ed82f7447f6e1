package udf

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"unsafe"
)

// stateCodec encodes values of one Go type, of which it gets the address. It is made once for a type, from its fields, so
// that nothing is looked up for a value.
//
//	bool, numbers        as they are in memory, little endian; int and uint as 64 bits
//	string               its length, as a varint, and the bytes
//	slice                its length + 1, 0 for nil, and the elements
//	map                  the same, entries ordered by their encoded keys
//	array, struct        the elements, the fields
//	others               what their MarshalBinary gives, with its length in front
type stateCodec struct {
	encode func(dst []byte, p unsafe.Pointer) ([]byte, error)
	decode func(src []byte, p unsafe.Pointer) (rest []byte, err error)
	// bytes estimates what a value holds beside its own size; nil: nothing.
	bytes func(p unsafe.Pointer) int
	// layout describes the encoding: values of another layout can't be read.
	layout string
}

var (
	errShortState  = errors.New("the state ends too early")
	marshalerType  = reflect.TypeFor[encoding.BinaryMarshaler]()
	appenderType   = reflect.TypeFor[encoding.BinaryAppender]()
	unmarshalsType = reflect.TypeFor[encoding.BinaryUnmarshaler]()
)

// stateCodecOf makes the codec of t. within are the types that t is part of.
func stateCodecOf(t reflect.Type, within ...reflect.Type) (*stateCodec, error) {
	if p := reflect.PointerTo(t); p.Implements(unmarshalsType) && (p.Implements(appenderType) || p.Implements(marshalerType)) {
		return marshaled(t), nil
	}
	if slices.Contains(within, t) {
		return nil, fmt.Errorf("%s contains itself", t)
	}
	within = append(slices.Clip(within), t)
	switch t.Kind() {
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		return bits[uint8](t), nil
	case reflect.Int16, reflect.Uint16:
		return bits[uint16](t), nil
	case reflect.Int32, reflect.Uint32, reflect.Float32:
		return bits[uint32](t), nil
	case reflect.Int64, reflect.Uint64, reflect.Float64:
		return bits[uint64](t), nil
	case reflect.Int, reflect.Uint:
		if t.Size() == 8 {
			return bits[uint64](t), nil
		}
		return nil, fmt.Errorf("%s has 32 bits here, and another size elsewhere; use int64 or uint64", t)
	case reflect.String:
		return stateText(), nil
	case reflect.Slice:
		return stateSlice(t, within)
	case reflect.Array:
		return stateParts(t, within, t.Len(), func(i int) (reflect.Type, uintptr, string) {
			return t.Elem(), uintptr(i) * t.Elem().Size(), ""
		})
	case reflect.Struct:
		return stateParts(t, within, t.NumField(), func(i int) (reflect.Type, uintptr, string) {
			f := t.Field(i)
			return f.Type, f.Offset, f.Name
		})
	case reflect.Map:
		return stateMap(t, within)
	}
	return nil, fmt.Errorf("a value of type %s can't be saved in a checkpoint; use a value in its place, or give the type MarshalBinary and UnmarshalBinary", t)
}

func bits[T uint8 | uint16 | uint32 | uint64](t reflect.Type) *stateCodec {
	size := int(t.Size())
	return &stateCodec{
		layout: t.Kind().String(),
		encode: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			x := uint64(*(*T)(p))
			for range size {
				dst = append(dst, byte(x))
				x >>= 8
			}
			return dst, nil
		},
		decode: func(src []byte, p unsafe.Pointer) ([]byte, error) {
			if len(src) < size {
				return nil, errShortState
			}
			var x uint64
			for i, b := range src[:size] {
				x |= uint64(b) << (8 * i)
			}
			*(*T)(p) = T(x)
			return src[size:], nil
		},
	}
}

// takeLength reads a length.
func takeLength(src []byte) (n int, rest []byte, err error) {
	u, used := binary.Uvarint(src)
	if used <= 0 || u > 1<<40 {
		return 0, nil, errShortState
	}
	return int(u), src[used:], nil
}

func takePart(src []byte) (part, rest []byte, err error) {
	n, src, err := takeLength(src)
	if err != nil || n > len(src) {
		return nil, nil, errShortState
	}
	return src[:n], src[n:], nil
}

func stateText() *stateCodec {
	return &stateCodec{
		layout: "string",
		encode: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			s := *(*string)(p)
			return append(binary.AppendUvarint(dst, uint64(len(s))), s...), nil
		},
		decode: func(src []byte, p unsafe.Pointer) ([]byte, error) {
			part, rest, err := takePart(src)
			if err != nil {
				return nil, err
			}
			*(*string)(p) = string(part)
			return rest, nil
		},
		bytes: func(p unsafe.Pointer) int { return len(*(*string)(p)) },
	}
}

func marshaled(t reflect.Type) *stateCodec {
	at := func(p unsafe.Pointer) any { return reflect.NewAt(t, p).Interface() }
	return &stateCodec{
		layout: t.String(),
		encode: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			var b []byte
			var err error
			switch m := at(p).(type) {
			case encoding.BinaryAppender:
				b, err = m.AppendBinary(nil)
			case encoding.BinaryMarshaler:
				b, err = m.MarshalBinary()
			}
			return append(binary.AppendUvarint(dst, uint64(len(b))), b...), err
		},
		decode: func(src []byte, p unsafe.Pointer) ([]byte, error) {
			part, rest, err := takePart(src)
			if err != nil {
				return nil, err
			}
			return rest, at(p).(encoding.BinaryUnmarshaler).UnmarshalBinary(bytes.Clone(part))
		},
	}
}

// stateParts is the codec of structs and arrays.
func stateParts(t reflect.Type, within []reflect.Type, n int, part func(i int) (reflect.Type, uintptr, string)) (*stateCodec, error) {
	parts, offsets := make([]*stateCodec, n), make([]uintptr, n)
	c := &stateCodec{layout: t.Kind().String() + "{"}
	sized := false
	for i := range n {
		pt, offset, name := part(i)
		p, err := stateCodecOf(pt, within...)
		if err != nil {
			if name != "" {
				return nil, fmt.Errorf("field %s: %w", name, err)
			}
			return nil, err
		}
		parts[i], offsets[i] = p, offset
		sized = sized || p.bytes != nil
		c.layout += name + " " + p.layout + ";"
	}
	c.layout += "}"
	c.encode = func(dst []byte, p unsafe.Pointer) (_ []byte, err error) {
		for i, part := range parts {
			if dst, err = part.encode(dst, unsafe.Add(p, offsets[i])); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	c.decode = func(src []byte, p unsafe.Pointer) (_ []byte, err error) {
		for i, part := range parts {
			if src, err = part.decode(src, unsafe.Add(p, offsets[i])); err != nil {
				return nil, err
			}
		}
		return src, nil
	}
	if sized {
		c.bytes = func(p unsafe.Pointer) int {
			sum := 0
			for i, part := range parts {
				if part.bytes != nil {
					sum += part.bytes(unsafe.Add(p, offsets[i]))
				}
			}
			return sum
		}
	}
	return c, nil
}

func stateSlice(t reflect.Type, within []reflect.Type) (*stateCodec, error) {
	elem, err := stateCodecOf(t.Elem(), within...)
	if err != nil {
		return nil, err
	}
	size := t.Elem().Size()
	// All slices have the same header; only the collector must know what is behind it, so memory comes from reflect.
	header := func(p unsafe.Pointer) *[]byte { return (*[]byte)(p) }
	return &stateCodec{
		layout: "[]" + elem.layout,
		encode: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			s := *header(p)
			if s == nil {
				return append(dst, 0), nil
			}
			dst = binary.AppendUvarint(dst, uint64(len(s))+1)
			base := unsafe.Pointer(unsafe.SliceData(s))
			for i := range len(s) {
				var err error
				if dst, err = elem.encode(dst, unsafe.Add(base, uintptr(i)*size)); err != nil {
					return dst, err
				}
			}
			return dst, nil
		},
		decode: func(src []byte, p unsafe.Pointer) ([]byte, error) {
			n, src, err := takeLength(src)
			if err != nil || n-1 > len(src) && size > 0 {
				return nil, errShortState
			}
			v := reflect.NewAt(t, p).Elem()
			if n == 0 {
				v.SetZero()
				return src, nil
			}
			v.Set(reflect.MakeSlice(t, n-1, n-1))
			base := v.UnsafePointer()
			for i := range n - 1 {
				if src, err = elem.decode(src, unsafe.Add(base, uintptr(i)*size)); err != nil {
					return nil, err
				}
			}
			return src, nil
		},
		bytes: func(p unsafe.Pointer) int {
			s := *header(p)
			sum := cap(s) * int(size)
			if elem.bytes != nil && len(s) > 0 { // the first stands for all: this is asked after every row
				sum += len(s) * elem.bytes(unsafe.Pointer(unsafe.SliceData(s)))
			}
			return sum
		},
	}, nil
}

// mapEntryBytes is about what an entry of a map takes beside its key and value.
const mapEntryBytes = 16

func stateMap(t reflect.Type, within []reflect.Type) (*stateCodec, error) {
	key, err := stateCodecOf(t.Key(), within...)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	value, err := stateCodecOf(t.Elem(), within...)
	if err != nil {
		return nil, err
	}
	return &stateCodec{
		layout: "map[" + key.layout + "]" + value.layout,
		encode: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			m := reflect.NewAt(t, p).Elem()
			if m.IsNil() {
				return append(dst, 0), nil
			}
			type entry struct {
				key  []byte
				both []byte
			}
			var entries []entry
			k, v := reflect.New(t.Key()), reflect.New(t.Elem())
			for it := m.MapRange(); it.Next(); {
				k.Elem().SetIterKey(it)
				v.Elem().SetIterValue(it)
				both, err := key.encode(nil, k.UnsafePointer())
				if err != nil {
					return dst, err
				}
				n := len(both)
				if both, err = value.encode(both, v.UnsafePointer()); err != nil {
					return dst, err
				}
				entries = append(entries, entry{both[:n], both})
			}
			slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
			dst = binary.AppendUvarint(dst, uint64(len(entries))+1)
			for _, e := range entries {
				dst = append(dst, e.both...)
			}
			return dst, nil
		},
		decode: func(src []byte, p unsafe.Pointer) ([]byte, error) {
			n, src, err := takeLength(src)
			if err != nil {
				return nil, err
			}
			m := reflect.NewAt(t, p).Elem()
			if n == 0 {
				m.SetZero()
				return src, nil
			}
			m.Set(reflect.MakeMap(t))
			for range n - 1 {
				k, v := reflect.New(t.Key()), reflect.New(t.Elem())
				if src, err = key.decode(src, k.UnsafePointer()); err != nil {
					return nil, err
				}
				if src, err = value.decode(src, v.UnsafePointer()); err != nil {
					return nil, err
				}
				m.SetMapIndex(k.Elem(), v.Elem())
			}
			return src, nil
		},
		bytes: func(p unsafe.Pointer) int {
			return reflect.NewAt(t, p).Elem().Len() * (int(t.Key().Size()+t.Elem().Size()) + mapEntryBytes)
		},
	}, nil
}

// fingerprint is four bytes in front of every state, so that one of another layout is not misread.
func (c *stateCodec) fingerprint() uint32 {
	h := fnv.New32a()
	h.Write([]byte(c.layout))
	return h.Sum32()
}
