package rcf

import (
	"fmt"
	"math"
)

// Defaults of the reference, for options left at zero.
const (
	DefaultTrees      = 50
	DefaultSampleSize = 256
)

// Upper bounds keep a mistyped option from taking the machine's memory.
const (
	MaxTrees      = 10_000
	MaxSampleSize = 1 << 20
	maxBytes      = 1 << 30
)

// Options are the settings of a forest, named as in the reference's builder. A field left at its zero value takes the
// default; TimeDecay is a pointer because 0 means something there.
type Options struct {
	// Dimensions is the length of the points in the trees. With internal shingling that is the length of an input point
	// times ShingleSize. Default: ShingleSize.
	Dimensions int

	// ShingleSize is how many consecutive input points make one point of the trees. Default 1. It matters only with
	// InternalShingling; callers who build shingles themselves set Dimensions alone.
	ShingleSize int

	// InternalShingling makes the forest keep the last ShingleSize points and score them together, oldest first. Until
	// that many have arrived nothing enters the trees.
	InternalShingling bool

	// InternalRotation stores the shingle cyclically: a new point overwrites the oldest in place, so that a value keeps
	// its dimension while it stays in the shingle. Needs InternalShingling.
	InternalRotation bool

	// Trees is the number of trees. Default 50.
	Trees int

	// SampleSize is how many points each tree keeps, at least 2. Default 256.
	SampleSize int

	// TimeDecay is the rate at which older points lose their place, per point; 0 samples the whole past uniformly.
	// Default 1/(10·SampleSize).
	TimeDecay *float64

	// OutputAfter is the number of updates before which every score is 0. Default a quarter of SampleSize, at least 1.
	OutputAfter int

	// InitialAcceptFraction, in (0, 1], is the part of a sample that takes every point at the start; above it a tree
	// accepts with a falling chance, so that trees fill at different times. Default 1.
	InitialAcceptFraction float64

	// Seed determines every random choice. The same seed and points give the same scores; 0 is a seed like others.
	Seed int64
}

// withDefaults returns the options with every default filled in, or says which option is wrong.
func (o Options) withDefaults() (Options, error) {
	setDefault(&o.ShingleSize, 1)
	setDefault(&o.Dimensions, o.ShingleSize)
	setDefault(&o.Trees, DefaultTrees)
	setDefault(&o.SampleSize, DefaultSampleSize)
	setDefault(&o.OutputAfter, max(1, o.SampleSize/4))
	setDefault(&o.InitialAcceptFraction, 1)

	switch {
	case o.ShingleSize < 1:
		return o, fmt.Errorf("shingle size is %d; it must be at least 1", o.ShingleSize)
	case o.Dimensions < 1:
		return o, fmt.Errorf("dimensions is %d; it must be at least 1", o.Dimensions)
	case o.InternalShingling && o.Dimensions%o.ShingleSize != 0:
		return o, fmt.Errorf("dimensions is %d, not a multiple of the shingle size %d; with internal shingling it is"+
			" the length of an input point times the shingle size", o.Dimensions, o.ShingleSize)
	case o.InternalRotation && !o.InternalShingling:
		return o, fmt.Errorf("internal rotation needs internal shingling")
	case o.Trees < 1 || o.Trees > MaxTrees:
		return o, fmt.Errorf("number of trees is %d; it must be between 1 and %d", o.Trees, MaxTrees)
	case o.SampleSize < 2 || o.SampleSize > MaxSampleSize:
		return o, fmt.Errorf("sample size is %d; it must be between 2 and %d", o.SampleSize, MaxSampleSize)
	case o.OutputAfter < 1:
		return o, fmt.Errorf("output after is %d; it must be at least 1", o.OutputAfter)
	case !(o.InitialAcceptFraction > 0 && o.InitialAcceptFraction <= 1):
		return o, fmt.Errorf("initial accept fraction is %v; it must be above 0 and at most 1", o.InitialAcceptFraction)
	}
	if o.TimeDecay == nil {
		o.TimeDecay = new(1 / float64(10*o.SampleSize))
	}
	if decay := *o.TimeDecay; !(decay >= 0 && decay <= math.MaxFloat64) {
		return o, fmt.Errorf("time decay is %v; it must be a finite number of at least 0", decay)
	}
	if bytes := o.memory(); bytes > maxBytes {
		return o, fmt.Errorf("the forest would take %.1f GiB of memory; lower the number of trees (%d), the sample size"+
			" (%d) or the dimensions (%d)", bytes/(1<<30), o.Trees, o.SampleSize, o.Dimensions)
	}
	return o, nil
}

// memory estimates the bytes that a full forest holds: per tree and sampled point a node of 32 bytes, a leaf and an entry of
// the heap of 8 each, one point and one box. A float64, because the product may exceed any integer.
func (o Options) memory() float64 {
	perPoint := 32 + 8 + 8 + 3*4*float64(o.Dimensions)
	return float64(o.Trees) * float64(o.SampleSize) * perPoint
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
