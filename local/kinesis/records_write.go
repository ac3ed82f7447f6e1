package kinesis

// appendPutReply appends the answer to PutRecords; entries without a shard are failures.
func appendPutReply(dst []byte, p protocol, out []placed, failed failure) []byte {
	if p == protocolCBOR {
		return appendPutReplyCBOR(dst, out, failed)
	}
	return appendPutReplyJSON(dst, out, failed)
}

func failures(out []placed) (n int) {
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
	n     int
}

func newRecordsWriter(dst []byte, p protocol) *recordsWriter {
	if p == protocolCBOR {
		dst = appendCBORHead(dst, cborMap, 3)
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
}

// finish appends what follows the records and returns the whole answer.
func (w *recordsWriter) finish(it *iterator, lagMillis int64) []byte {
	if w.proto == protocolCBOR {
		return w.finishCBOR(it, lagMillis)
	}
	return w.finishJSON(it, lagMillis)
}
