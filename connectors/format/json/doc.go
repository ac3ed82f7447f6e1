// Package json is Flink's `json` format: one JSON object per record, its members the columns of the table. It also
// holds the machinery of changelogjson, whose records wrap the same objects into {"op":…,"data":…}.
//
// The decoder is the hottest code of the product. It is directed by the schema: each value goes straight from the
// record's bytes to the end of its column, and no tree, token or map stands between. What makes it fast is prediction:
// records of a stream look alike, so the bytes between two values (`,"site":`) are compared, not parsed; see predict.go.
// Lines that all have one form are decoded at one go, see shape.go; which of the two is better shows by itself.
//
// Start reading at Decoder, then object.go (members), value.go (values by type) and scan.go (the grammar). The encoder
// is in encoder.go.
package json
