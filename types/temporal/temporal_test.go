package temporal

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestCivilAgreesWithTime(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		days := r.IntN(8_000_000) - 4_000_000
		at := time.Unix(int64(days)*86400, 0).UTC()
		y, m, d := Civil(days)
		if y != at.Year() || m != int(at.Month()) || d != at.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %s", days, y, m, d, at)
		}
		if back := Days(y, m, d); back != days {
			t.Fatalf("%d-%d-%d is day %d, want %d", y, m, d, back, days)
		}
		if want := (int(at.Weekday())+6)%7 + 1; Weekday(days) != want {
			t.Fatalf("weekday of %s is %d, want %d", at, Weekday(days), want)
		}
		months := r.IntN(10_000) - 5_000
		if got, want := Days(y, m+months, 1), int(time.Date(y, time.Month(m+months), 1, 0, 0, 0, 0, time.UTC).Unix()/86400); got != want {
			t.Fatalf("%d-%d plus %d months is day %d, want %d", y, m, months, got, want)
		}
	}
}

func TestAddMonths(t *testing.T) {
	for _, tt := range []struct {
		from   string
		months int
		want   string
	}{
		{"2020-01-31", 1, "2020-02-29"}, {"2021-01-31", 1, "2021-02-28"}, {"2020-02-29", 12, "2021-02-28"},
		{"2020-03-31", -1, "2020-02-29"}, {"2020-01-15", -13, "2018-12-15"}, {"2020-12-31", 2, "2021-02-28"}, {"2020-05-31", 0, "2020-05-31"},
	} {
		days, _ := ParseDate(tt.from)
		if got := string(AppendDate(nil, AddMonths(int(days), tt.months))); got != tt.want {
			t.Errorf("%s plus %d months is %s, want %s", tt.from, tt.months, got, tt.want)
		}
	}
}

// What is accepted, and as what, is Flink 1.20.3's answer to CAST; oracle/testdata/casts.golden has it.
func TestParseDate(t *testing.T) {
	for s, want := range map[string]string{
		"2020-02-29": "2020-02-29", "2020-2-9": "2020-02-09", "2020-02": "2020-02-01", "2020": "2020-01-01", "1": "0001-01-01",
		" 2020-02-29 ": "2020-02-29", "2020-02-29 12:34:56": "2020-02-29", "0000-01-01": "0000-01-01", "9999-12-31": "9999-12-31",
		"1582-10-10": "1582-10-10", "\t12": "0012-01-01",
		"2021-02-29": "", "20200229": "", "2020-02-29T12:34:56": "", "2020-02-29x": "", "2020-13-01": "", "2020-04-31": "",
		"2020-00-10": "", "10000-01-01": "", "-0001-01-01": "", "2020/02/29": "", "": "", "abc": "", "12:00:00": "", "2020-02-29-1": "",
	} {
		got := ""
		if days, ok := ParseDate(s); ok {
			got = string(AppendDate(nil, int(days)))
		}
		if got != want {
			t.Errorf("ParseDate(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestParseTime(t *testing.T) {
	for s, want := range map[string]string{
		"12:34:56": "12:34:56.0", "12:34": "12:34:00.0", "12": "12:00:00.0", "1:2:3": "01:02:03.0", " 12:34:56 ": "12:34:56.0",
		"12:34:56.789": "12:34:56.789", "12:34:56.789123": "12:34:56.789", "12:34:56.7896": "12:34:56.79", "12:34:56.": "12:34:56.0",
		"12:60:00": "13:00:00.0", "12:34:56+01:00": "13:34:56.0", "12:34:56-01:30": "11:04:56.0", "12:34:56.x": "12:34:56.0",
		"24:00:00": "", "23:59:60": "", "23:59:59.9996": "", "12:34:56Z": "", "2020-02-29 12:34:56": "", "": "", "abc": "",
		"-1:00:00": "", "23:30:00+01:00": "",
	} {
		got := ""
		if millis, ok := ParseTime(s, 3); ok {
			got = string(AppendTime(nil, millis, 3))
		}
		if got != want {
			t.Errorf("ParseTime(%q) = %q, want %q", s, got, want)
		}
	}
	if millis, ok := ParseTime("12:34:56.789", 0); !ok || millis%1000 != 0 {
		t.Errorf("precision 0 keeps a fraction: %d", millis)
	}
}

func TestParseTimestamp(t *testing.T) {
	for s, want := range map[string]string{
		"2020-02-29 12:34:56": "2020-02-29 12:34:56.000", "2020-02-29 12:34:56.1": "2020-02-29 12:34:56.100",
		"2020-02-29 12:34:56.123456789": "2020-02-29 12:34:56.123", "2020-02-29 12:34:56.1239": "2020-02-29 12:34:56.123",
		"2020-02-29": "2020-02-29 00:00:00.000", "2020-2-9 1:2:3": "2020-02-09 01:02:03.000", "2020-02-29 1:2:3.5": "2020-02-29 01:02:03.500",
		"2020-02-29 24:00:00": "2020-03-01 00:00:00.000", "2021-02-29 00:00:00": "2021-02-28 00:00:00.000", "2020-04-31": "2020-04-30 00:00:00.000",
		"2020-02-29 12:34:56.": "2020-02-29 12:34:56.000", "0001-01-01 00:00:00": "0001-01-01 00:00:00.000",
		"9999-12-31 23:59:59.999999999": "9999-12-31 23:59:59.999", "1582-10-10 00:00:00": "1582-10-10 00:00:00.000",
		"2020-01-1 00:00:00":  "2020-01-01 00:00:00.000",
		"2020-02-29T12:34:56": "", "2020-02-29 12:34:56.9999999999": "", "2020-02-29 12:34": "", "2020-02-29 12": "",
		" 2020-02-29 12:34:56 ": "", "2020-02-29  12:34:56": "", "2020-02-29 23:59:60": "", "2020-02-29 12:34:56Z": "",
		"2020-02-29 12:34:56+02:00": "", "10000-01-01 00:00:00": "", "": "", "abc": "", "12:34:56": "", "1582934096": "",
		"2020-02-29 12:34:56,5": "", "2020-02-32": "", "2020-02-29 24:00:01": "", "2020-001-01": "", "2020-00-01": "", "2020-01-00": "", "2020-02-29 ": "",
		"0000-01-01": "", "0000-01-01 00:00:00": "",
	} {
		got := ""
		if ticks, ok := ParseTimestamp(s, 3); ok {
			got = string(AppendTimestamp(nil, ticks, 3))
		}
		if got != want {
			t.Errorf("ParseTimestamp(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestTimestampText(t *testing.T) {
	for precision, want := range []string{
		"2020-02-29 12:34:56", "2020-02-29 12:34:56.9", "2020-02-29 12:34:56.98", "2020-02-29 12:34:56.987", "2020-02-29 12:34:56.9876",
		"2020-02-29 12:34:56.98765", "2020-02-29 12:34:56.987654", "2020-02-29 12:34:56.9876543", "2020-02-29 12:34:56.98765432",
		"2020-02-29 12:34:56.987654321",
	} {
		ticks, ok := ParseTimestamp("2020-02-29 12:34:56.987654321", precision)
		if got := string(AppendTimestamp(nil, ticks, precision)); !ok || got != want {
			t.Errorf("at precision %d: %s, %v, want %s", precision, got, ok, want)
		}
		if fixed, ok := ParseTimestampFixed(want, ' ', precision); !ok || fixed != ticks {
			t.Errorf("ParseTimestampFixed(%q) = %d, %v, want %d", want, fixed, ok, ticks)
		}
	}
	if got := string(AppendTimestampT(nil, -1, 3)); got != "1969-12-31T23:59:59.999" {
		t.Errorf("one millisecond before 1970 is %s", got)
	}
	if _, ok := ParseTimestamp("1500-04-30 12:00:00", 9); ok {
		t.Error("nanoseconds reach the year 1500")
	}
}

func FuzzParseTimestampFixed(f *testing.F) {
	for _, s := range []string{"2020-02-29 12:34:56.789", "2021-02-29 12:34:56", "0000-00-00 00:00:00", "9999-12-31 23:59:59.999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ticks, ok := ParseTimestampFixed(s, ' ', 6)
		at, err := time.Parse("2006-01-02 15:04:05.999999999", s)
		if ok && (err != nil || at.UnixMicro() != ticks) {
			t.Errorf("ParseTimestampFixed(%q) = %d, time.Parse says %v, %v", s, ticks, at, err)
		}
	})
}

func TestRescale(t *testing.T) {
	for _, tt := range []struct {
		ticks    int64
		from, to int
		want     int64
		ok       bool
	}{
		{1_234_567, 6, 3, 1_234, true}, {1_234, 3, 6, 1_234_000, true}, {1_999, 3, 0, 1_000, true}, {1_999, 3, 1, 1_900, true},
		{-1, 3, 0, -1_000, true}, {-1, 9, 3, -1, true}, {1_234_567_891, 9, 7, 1_234_567_800, true}, {1_234_567, 6, 4, 1_234_500, true},
		{math.MaxInt64 / 1000, 6, 9, math.MaxInt64 / 1000 * 1000, true}, {math.MaxInt64, 3, 6, 0, false}, {math.MinInt64, 3, 9, 0, false},
	} {
		if got, ok := Rescale(tt.ticks, tt.from, tt.to); got != tt.want || ok != tt.ok {
			t.Errorf("Rescale(%d, %d, %d) = %d, %v, want %d, %v", tt.ticks, tt.from, tt.to, got, ok, tt.want, tt.ok)
		}
	}
}

func TestIntervalText(t *testing.T) {
	for months, want := range map[int32]string{12: "+1-00", 14: "+1-02", -14: "-1-02", 0: "+0-00", 120000: "+10000-00", 5: "+0-05", math.MinInt32: "-178956970-08"} {
		if got := string(AppendIntervalMonth(nil, months)); got != want {
			t.Errorf("%d months print as %s, want %s", months, got, want)
		}
	}
	for millis, want := range map[int64]string{
		86400000: "+1 00:00:00.000", 93784005: "+1 02:03:04.005", -93784005: "-1 02:03:04.005", 0: "+0 00:00:00.000", 123456789: "+1 10:17:36.789",
		math.MinInt64: "-106751991167 07:12:55.808",
	} {
		if got := string(AppendIntervalMilli(nil, millis)); got != want {
			t.Errorf("%d milliseconds print as %s, want %s", millis, got, want)
		}
	}
}

// The gap and the overlap are java.time's: oracle/testdata/casts.golden has both.
func TestZone(t *testing.T) {
	newYork, err := ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for local, want := range map[string]string{
		"2020-02-29 12:34:56": "2020-02-29 17:34:56", "2020-03-08 02:30:00": "2020-03-08 07:30:00", "2020-03-08 01:59:59": "2020-03-08 06:59:59",
		"2020-03-08 03:00:00": "2020-03-08 07:00:00", "2020-11-01 01:30:00": "2020-11-01 05:30:00", "2020-11-01 00:59:59": "2020-11-01 04:59:59",
		"2020-11-01 02:00:00": "2020-11-01 07:00:00", "2020-07-01 00:00:00": "2020-07-01 04:00:00", "2100-07-01 00:00:00": "2100-07-01 04:00:00",
	} {
		ticks, _ := ParseTimestamp(local, 0)
		z := NewZone(newYork)
		for range 2 { // the second time from the remembered span
			if got := string(AppendTimestamp(nil, z.ToInstant(ticks, 0), 0)); got != want {
				t.Errorf("%s in New York is %s UTC, want %s", local, got, want)
			}
		}
	}
}

// A Zone asked in any order answers as time.Time does, and ToInstant undoes ToLocal but in the hour that comes twice.
func TestZoneAgreesWithTime(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Apia", "UTC", "GMT+05:30"} {
		location, err := ParseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		z := NewZone(location)
		for range 20_000 {
			second := r.Int64N(8e9) - 4e9
			if r.IntN(4) > 0 {
				second = 1583650800 + r.Int64N(200_000) - 100_000
			}
			_, want := time.Unix(second, 0).In(location).Zone()
			if got := z.Offset(second); got != int64(want) {
				t.Fatalf("%s at %d: offset %d, want %d", name, second, got, want)
			}
			local := z.ToLocal(second*1000, 3)
			back := z.ToInstant(local, 3)
			if back != second*1000 && z.ToLocal(back, 3) != local {
				t.Fatalf("%s: %d shows %d, which is taken for %d", name, second, local, back)
			}
			if fresh := NewZone(location).ToInstant(local, 3); fresh != back {
				t.Fatalf("%s: %d is taken for %d at first and for %d later", name, local, fresh, back)
			}
		}
	}
}

func TestParseZone(t *testing.T) {
	for name, want := range map[string]int{
		"UTC": 0, "GMT": 0, "Z": 0, "GMT+08:00": 28800, "GMT-8": -28800, "UTC+5": 18000, "+05:30": 19800, "-0130": -5400, "Asia/Tokyo": 32400,
	} {
		location, err := ParseZone(name)
		if err != nil {
			t.Errorf("ParseZone(%q): %v", name, err)
			continue
		}
		if _, got := time.Unix(0, 0).In(location).Zone(); got != want {
			t.Errorf("ParseZone(%q) is %d seconds east, want %d", name, got, want)
		}
	}
	for _, name := range []string{"", "Mars/Olympus", "GMT+", "GMT+25:00", "+5:7", "GMT+08:60", "Local", "UTCx"} {
		if location, err := ParseZone(name); err == nil {
			t.Errorf("ParseZone(%q) = %v, want an error", name, location)
		}
	}
}

func BenchmarkParseTimestampFixed(b *testing.B) {
	s := []byte("2020-02-29 12:34:56.789")
	b.ReportAllocs()
	for b.Loop() {
		sink, _ = ParseTimestampFixed(s, ' ', 3)
	}
}

func BenchmarkAppendTimestamp(b *testing.B) {
	ticks, _ := ParseTimestamp("2020-02-29 12:34:56.789", 3)
	buf := make([]byte, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendTimestamp(buf[:0], ticks, 3)
	}
	sink = int64(len(buf))
}

func BenchmarkZoneToInstant(b *testing.B) {
	location, _ := ParseZone("America/New_York")
	z := NewZone(location)
	ticks, _ := ParseTimestamp("2020-02-29 12:34:56.789", 3)
	for b.Loop() {
		ticks++
		sink = z.ToInstant(ticks, 3)
	}
}

var sink int64
