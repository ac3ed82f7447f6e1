//go:build slow

package anomaly

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/udf/rcf"
)

var (
	speedRounds = flag.Int("speed.rounds", 7, "rounds of each side that are measured; three more warm up")
	speedPoints = flag.Int("speed.points", 60_000, "points of a round")
)

const speedWarmUp = 3

// TestSpeed measures weir's forest (50 trees, 256 points each, one dimension) beside the reference in Java: points a second
// that are scored and then learned, on one thread each, in turns of a process each, with the same scores.
//
//	go test -tags slow -run TestSpeed -v ./bench/anomaly
//
// It needs Java 17 and Maven.
func TestSpeed(t *testing.T) {
	classpath := buildReference(t)
	java, goes := []float64{}, []float64{}
	for range 2 { // in turns, so that both meet what else the machine does
		rates, sums := goSpeed(t)
		referenceRates, referenceSums := javaSpeed(t, classpath)
		if !slices.Equal(sums, referenceSums) {
			t.Fatalf("sums of the scores, in bits, are\n%s, the reference's\n%s", sums, referenceSums)
		}
		goes = append(goes, rates[speedWarmUp:]...)
		java = append(java, referenceRates[speedWarmUp:]...)
	}
	slices.Sort(goes)
	slices.Sort(java)
	a, b := goes[len(goes)/2], java[len(java)/2]
	t.Logf("points/s, median (least to most) of %d rounds of %d points, the sums of all scores equal in bits", len(goes), *speedPoints)
	t.Logf("weir       %8.0f (%.0f to %.0f)", a, goes[0], goes[len(goes)-1])
	t.Logf("reference  %8.0f (%.0f to %.0f)", b, java[0], java[len(java)-1])
	t.Logf("ratio      %8.2f", a/b)
	if a < 2*b {
		t.Errorf("weir is %.2f times as fast as the reference; it should be at least 2", a/b)
	}
}

// buildReference compiles the Maven project and returns its class path.
func buildReference(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	var out []byte
	var err error
	for _, args := range [][]string{{"-o"}, {}} { // offline first: what is needed may be there
		cmd := exec.Command("mvn", append(args, "-q", "-B", "package")...)
		cmd.Dir = "java"
		if out, err = cmd.CombinedOutput(); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("mvn package: %v\n%s", err, out)
	}
	libraries, err := os.ReadFile(filepath.Join("java", "target", "classpath"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join("java", "target", "classes") + string(os.PathListSeparator) + strings.TrimSpace(string(libraries))
}

// javaSpeed returns for each round the points per second, and the sum of all scores so far.
func javaSpeed(t *testing.T, classpath string) (rates []float64, sums []string) {
	t.Helper()
	cmd := exec.Command("java", "-cp", classpath, "weirsql.anomaly.Main", "speed",
		strconv.Itoa(speedWarmUp+*speedRounds), strconv.Itoa(*speedPoints))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var rate float64
		var sum string
		if _, err := fmt.Sscan(lines.Text(), &rate, &sum); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		rates, sums = append(rates, rate), append(sums, sum)
	}
	return rates, sums
}

// goSpeed is Speed.java.
func goSpeed(t *testing.T) (rates []float64, sums []string) {
	t.Helper()
	inputs := speedInputs(100_000)
	f, err := rcf.New(rcf.Options{Dimensions: 1, Trees: 50, SampleSize: 256, Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	point := make([]float64, 1)
	var sum float64
	at := 0
	for range speedWarmUp + *speedRounds {
		start := time.Now()
		for range *speedPoints {
			point[0] = inputs[at]
			at = (at + 1) % len(inputs)
			score, err := f.Score(point)
			if err != nil {
				t.Fatal(err)
			}
			sum += score
			if err := f.Update(point); err != nil {
				t.Fatal(err)
			}
		}
		rates = append(rates, float64(*speedPoints)/time.Since(start).Seconds())
		sums = append(sums, fmt.Sprintf("%016x", math.Float64bits(sum)))
	}
	return rates, sums
}

// speedInputs is Speed.wave, a triangular wave with noise from a java.util.Random.
func speedInputs(n int) []float64 {
	state := uint64(1^0x5DEECE66D) & (1<<48 - 1)
	next := func(bits uint) uint64 {
		state = (state*0x5DEECE66D + 0xB) & (1<<48 - 1)
		return state >> (48 - bits)
	}
	points := make([]float64, n)
	for i := range points {
		points[i] = math.Abs(float64(i%400-200)) + float64(20*(float64(next(26)<<27+next(27))*0x1p-53))
	}
	return points
}
