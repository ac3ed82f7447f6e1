package rcf_test

import (
	"fmt"
	"math"

	"github.com/weirsql/weir/udf/rcf"
)

// wave is a series with a period of 24 and little noise.
func wave(i int) float64 {
	noise := float64((i*7919)%101) / 100
	return 50 + 20*math.Sin(float64(i)*2*math.Pi/24) + noise
}

// A value that occurs at no time scores high; one that only comes at the wrong time needs a shingle to be seen.
func Example() {
	f, err := rcf.New(rcf.Options{Dimensions: 1, Seed: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 1000 {
		x := []float64{wave(i)}
		if i == 900 {
			x[0] = 120
		}
		score, err := f.Score(x)
		if err != nil {
			fmt.Println(err)
			return
		}
		if score > 2.5 {
			fmt.Printf("%d: %.0f scores %.1f\n", i, x[0], score)
		}
		if err := f.Update(x); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// 900: 120 scores 6.0
}

func ExampleForest_Attribution() {
	f, err := rcf.New(rcf.Options{Dimensions: 2, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 500 {
		if err := f.Update([]float64{wave(i), wave(i + 6)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	var a rcf.Attribution
	if err := f.Attribution([]float64{wave(500), -10}, &a); err != nil {
		fmt.Println(err)
		return
	}
	for i := range 2 {
		high, low := a.Sum(i, f.InputDimensions())
		fmt.Printf("number %d: too high %.1f, too low %.1f\n", i, high, low)
	}
	// Output:
	// number 0: too high 0.0, too low 0.1
	// number 1: too high 0.0, too low 4.6
}

func ExampleThresholded() {
	t, err := rcf.NewThresholded(rcf.Options{
		Dimensions: 8, ShingleSize: 8, InternalShingling: true, Seed: 42,
	}, rcf.ThresholdOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var v rcf.Verdict
	for i := range 1000 {
		x := []float64{wave(i)}
		if i == 906 {
			x[0] = wave(i + 12) // an ordinary value at the wrong time
		}
		if err := t.Process(x, &v); err != nil {
			fmt.Println(err)
			return
		}
		if i == 906 {
			fmt.Printf("%.1f has grade %.2f; expected was %.1f to %.1f\n", x[0], v.Grade, v.Low[0], v.High[0])
		}
	}
	// Output:
	// 70.7 has grade 1.00; expected was 30.7 to 30.8
}

func ExampleForest_MarshalBinary() {
	f, err := rcf.New(rcf.Options{Dimensions: 1, Seed: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 300 {
		if err := f.Update([]float64{wave(i)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	state, err := f.MarshalBinary()
	if err != nil {
		fmt.Println(err)
		return
	}
	var restored rcf.Forest
	if err := restored.UnmarshalBinary(state); err != nil {
		fmt.Println(err)
		return
	}
	a, _ := f.Score([]float64{33.3})
	b, _ := restored.Score([]float64{33.3})
	fmt.Println(a == b)
	// Output:
	// true
}
