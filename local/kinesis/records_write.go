package kinesis

import "strconv"

// appendPutReply appends the answer to PutRecords; entries without a shard are failures.
func appendPutReply(dst []byte, p protocol, out []placed, f putReply) []byte {
	if p == protocolCBOR {
		return appendPutReplyCBOR(dst, out, f)
	}
	return appendPutReplyJSON(dst, out, f)
}

func countFailed(out []placed) (n int) {
	for i := range out {
		if out[i].shard == nil {
			n++
		}
	}
	return n
}

// recordsWriter writes the answer to GetRecords record by record, without knowing beforehand how many there will be.
type recordsWriter struct {
	dst   []byte
	proto protocol
	kms   bool // the records are said to be encrypted
	n     int
	bytes int      // of data and partition keys
	last  sequence // of the last record
}

func newRecordsWriter(dst []byte, p protocol) *recordsWriter {
	if p == protocolCBOR {
		dst = append(dst, cborMap|cborIndefinite)
		dst = appendCBORText(dst, "Records")
		dst = append(dst, cborArray|cborIndefinite)
	} else {
		dst = append(dst, `{"Records":[`...)
	}
	return &recordsWriter{dst: dst, proto: p}
}

func (w *recordsWriter) record(seq sequence, arrivalMillis int64, key, data []byte) {
	if w.proto == protocolCBOR {
		w.recordCBOR(seq, arrivalMillis, key, data)
	} else {
		w.recordJSON(seq, arrivalMillis, key, data)
	}
	w.n++
	w.last = seq
	w.bytes += len(key) + len(data)
}

// finish appends what follows the records and returns the whole answer. next is nil at the end of a closed shard.
func (w *recordsWriter) finish(next *iterator, lagMillis int64, children []childShard) ([]byte, error) {
	w.close()
	if next != nil {
		w.member("NextShardIterator")
		w.dst = w.appendText(w.dst, next.String())
	}
	return w.end(lagMillis, children)
}

// end appends the members that GetRecords and SubscribeToShard share.
func (w *recordsWriter) end(lagMillis int64, children []childShard) ([]byte, error) {
	w.member("MillisBehindLatest")
	if w.proto == protocolCBOR {
		w.dst = appendCBORHead(w.dst, cborUint, uint64(lagMillis))
	} else {
		w.dst = strconv.AppendInt(w.dst, lagMillis, 10)
	}
	if len(children) > 0 {
		b, err := w.proto.encode(children)
		if err != nil {
			return nil, err
		}
		w.member("ChildShards")
		w.dst = append(w.dst, b...)
	}
	if w.proto == protocolCBOR {
		return append(w.dst, cborBreak), nil
	}
	return append(w.dst, '}'), nil
}

// close ends the list of records.
func (w *recordsWriter) close() {
	if w.proto == protocolCBOR {
		w.dst = append(w.dst, cborBreak)
	} else {
		w.dst = append(w.dst, ']')
	}
}

// member begins a further member of the answer.
func (w *recordsWriter) member(name string) {
	if w.proto == protocolCBOR {
		w.dst = appendCBORText(w.dst, name)
		return
	}
	w.dst = append(w.dst, ',', '"')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '"', ':')
}

// appendText appends a text that needs no escapes.
func (w *recordsWriter) appendText(dst []byte, s string) []byte {
	if w.proto == protocolCBOR {
		return appendCBORText(dst, s)
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
