// Package rcf is AWS's Random Cut Forest: a streaming anomaly score for points of one or more numbers, equal bit
// for bit to the reference Java implementation for the same seed.
//
//	f, err := rcf.New(rcf.Options{Dimensions: 1, Seed: 42})
//	for _, x := range series {
//		score, err := f.Score([]float64{x}) // by what came before; about 1 is ordinary
//		err = f.Update([]float64{x})
//	}
//
// Attribution says which of a point's numbers its score comes from. Thresholded finds a threshold for the scores by itself
// and grades by it. Both, and Forest, are written by MarshalBinary and read by UnmarshalBinary, with the same future.
//
// It is a library of its own: it knows nothing of SQL, batches or checkpoints, and imports nothing else of weir.
// Reference: github.com/aws/random-cut-forest-by-aws, Java core, tag 4.3.0-java, sequential execution on x86-64.
// "Equal" covers getAnomalyScore, getAnomalyAttribution and update with internal shingling, rotation, time decay,
// output-after and the initial accept fraction, and the thresholds of ThresholdedRandomCutForest before its corrector.
// Forecasting and imputation are not here.
//
// Start reading at Forest (forest.go): a point becomes float32 and, with shingling, part of a longer point. Every
// tree has a sampler (sampler.go) that decides whether the point enters the tree's sample and which one leaves.
// tree.go keeps the tree and its bounding boxes, cut.go draws the cuts, score.go walks down (walk.go, several trees at
// once) and up again to score, attribution.go does it by dimension. threshold.go judges scores; codec.go writes and reads.
// LabScorer (lab.go) is the function of AWS's clickstream lab, which builds a fresh forest for every value.
//
// # What equality in bits asks of this code
//
//   - Points, cuts and boxes are float32, sums over dimensions are float64 in dimension order. A float32 difference
//     is rounded to float32 before it is widened.
//   - Each product that is then added to something is wrapped in float64(...): the Go compiler may otherwise fuse
//     multiplication and addition (arm64, amd64 v3), which changes the last bit of one score in fifteen.
//   - Logarithms of masses come from a correctly rounded table (logtable.go), since math.Log differs in the last bit
//     from the JVM for one integer in a hundred.
//   - Random numbers are java.util.Random (javarandom.go), re-seeded per draw the way the reference does.
package rcf
