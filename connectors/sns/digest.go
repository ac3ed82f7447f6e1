package sns

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// held is what a limit per minute holds back: all is counted, and the first messages are kept as text.
type held struct {
	count int
	first message
	since time.Time
	text  strings.Builder
	shown int
}

// maxDigestBytes bounds the text of a digest; a line or two come on top.
const maxDigestBytes = maxMessageBytes - 8<<10

// holdBack takes what is queued out of the way. It counts as written until the digest is out.
func (w *writer) holdBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.queue {
		if w.holds.IsZero() {
			w.holds = w.queue[i].since
		}
		w.holding += w.queue[i].bytes
		w.held.add(&w.queue[i], w.sink.env.Clock.Now())
	}
	clear(w.queue)
	w.queue, w.bytes = w.queue[:0], 0
	w.wake()
}

func (h *held) add(m *message, now time.Time) {
	if h.count++; h.count == 1 {
		h.first, h.since = *m, now
	}
	// Those that don't fit are only counted, also if a shorter one would fit again: the digest shows the first ones.
	if h.shown == h.count-1 && h.text.Len()+len(m.text)+len(m.subject)+4 <= maxDigestBytes {
		h.text.WriteString("\n")
		if m.subject != "" && m.subject != h.first.subject {
			h.text.WriteString(m.subject + ": ")
		}
		h.text.WriteString(m.text + "\n")
		h.shown++
	}
}

// digest is one message for all. One that was held back alone is sent as it is. The attributes are those of the first, so that
// filter policies see something of their kind, without any that would not fit.
func (h *held) digest(perMinute int, now time.Time) message {
	m := h.first
	if h.count == 1 {
		return m
	}
	text := fmt.Sprintf("%d messages were held back from %s to %s UTC, since more than %d came in a minute.\n", h.count,
		h.since.UTC().Format(time.TimeOnly), now.UTC().Format(time.TimeOnly), perMinute)
	m.text = text + h.text.String()
	if more := h.count - h.shown; more > 0 {
		m.text += fmt.Sprintf("\n… and %d more\n", more)
	}
	title := m.subject
	if title == "" {
		title = "Messages held back"
	}
	suffix := fmt.Sprintf(" (%d held back)", h.count)
	runes := []rune(title)
	m.subject = string(runes[:min(len(runes), maxSubjectChars-len(suffix))]) + suffix
	m.bytes = len(m.text)
	fit := m.attributes[:0:0]
	for _, v := range m.attributes {
		if m.bytes+v.size() <= maxMessageBytes {
			m.bytes += v.size()
			fit = append(fit, v)
		}
	}
	m.attributes = fit
	if m.dedup != "" { // it is none of those it tells of
		sum := sha256.Sum256([]byte(m.text))
		m.dedup = hex.EncodeToString(sum[:])
	}
	return m
}
