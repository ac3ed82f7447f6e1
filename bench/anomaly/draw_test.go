//go:build slow

package anomaly

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"time"
)

// draw makes the plot: F1 of every detector for every kind as bars, then for each kind three days of its first series,
// with what is wrong shaded and what each detector flags as marks below.
func draw(all []detector, first []series, results [][]result) []byte {
	const (
		left, width  = 215, 820
		barsTop      = 50
		barsHeight   = 150
		panelHeight  = 90
		markHeight   = 10
		panelSpacing = 50
	)
	panelFull := panelHeight + markHeight*len(all) + panelSpacing
	top := barsTop + barsHeight + 70
	height := top + panelFull*len(kinds)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", left+width+20, height)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="14">F1 by intervals</text>`+"\n", left)
	for i, d := range all {
		y := barsTop + 10 + 15*i
		fmt.Fprintf(&b, `<rect x="8" y="%d" width="10" height="10" fill="%s"/><text x="23" y="%d">%s</text>`+"\n", y, d.colour, y+9, html.EscapeString(d.name))
	}
	for _, f1 := range []float64{0, 0.5, 1} {
		y := barsTop + barsHeight*(1-f1)
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.0f" y2="%.0f" stroke="#ddd"/><text x="%d" y="%.0f" text-anchor="end">%v</text>`+"\n", left, left+width, y, y, left-4, y+4, f1)
	}
	groupWidth := float64(width) / float64(len(kinds))
	for k, kind := range kinds {
		x0, bar := left+groupWidth*float64(k)+12, (groupWidth-24)/float64(len(all))
		for i := range all {
			h := barsHeight * results[k][i].f1()
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x0+bar*float64(i), barsTop+barsHeight-h, bar-1.5, h, all[i].colour)
		}
		fmt.Fprintf(&b, `<text x="%.0f" y="%d" text-anchor="middle">%s</text>`+"\n", x0+(groupWidth-24)/2, barsTop+barsHeight+16, kind.name)
	}
	for k, kind := range kinds {
		y0 := float64(top + panelFull*k)
		s := first[k]
		// A day before the first interval, two after.
		from := int((s.intervals[0].start - 24*time.Hour) / step)
		to := from + 3*int(day)
		values := s.values[from:to]
		least, most := slices.Min(values), slices.Max(values)
		x := func(i float64) float64 { return left + width*(i-float64(from))/float64(to-from) }
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" font-size="13">%s: %s</text>`+"\n", left, y0-6, kind.name, kind.metric.name)
		for _, v := range s.intervals {
			a, e := max(float64(v.start)/float64(step), float64(from)), min(float64(v.end)/float64(step), float64(to))
			if a < e {
				fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="#f4c7c3"/>`+"\n", x(a), y0, max(1, x(e)-x(a)), panelHeight+markHeight*len(all))
			}
		}
		fmt.Fprintf(&b, `<rect x="%d" y="%.0f" width="%d" height="%d" fill="none" stroke="#ccc"/>`+"\n", left, y0, width, panelHeight+markHeight*len(all))
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" text-anchor="end">%.0f</text><text x="%d" y="%.0f" text-anchor="end">%.0f</text>`+"\n", left-4, y0+9, most, left-4, y0+panelHeight-2, least)
		b.WriteString(`<polyline fill="none" stroke="#333" stroke-width="0.8" points="`)
		for i, v := range values {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(float64(from+i)+0.5), y0+4+(panelHeight-8)*(1-(v-least)/max(most-least, 1e-9)))
		}
		b.WriteString(`"/>` + "\n")
		for i, d := range all {
			y := y0 + panelHeight + float64(markHeight*i)
			fmt.Fprintf(&b, `<text x="%d" y="%.0f" text-anchor="end" font-size="9">%s</text>`+"\n", left-4, y+8, html.EscapeString(d.name))
			for at := from; at < to; {
				if !results[k][i].flags[at] {
					at++
					continue
				}
				first := at
				for at < to && results[k][i].flags[at] {
					at++
				}
				fmt.Fprintf(&b, `<rect x="%.1f" y="%.0f" width="%.1f" height="%d" fill="%s"/>`+"\n", x(float64(first)), y+1, max(1.5, x(float64(at))-x(float64(first))), markHeight-2, d.colour)
			}
		}
		for h := 0; h <= 3*24; h += 12 {
			at := float64(from) + float64(h)*float64(time.Hour/step)
			clock := time.Duration(at*float64(step)) % (24 * time.Hour)
			fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="middle" fill="#666">%02d:%02d</text>`+"\n", x(at), y0+panelHeight+float64(markHeight*len(all))+13, int(clock.Hours()), int(clock.Minutes())%60)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
