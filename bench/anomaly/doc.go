// Package anomaly measures how well the anomaly functions find what is wrong with a site's traffic, and what the usual
// baselines find: on labelled series from scenarios, with parameters that were fixed before the first run. It holds tests
// only; the results, and what they say, are in docs/anomaly-evaluation.md.
//
//	go test -tags slow -run TestEvaluate -v ./bench/anomaly               # measures, and compares with that page
//	go test -tags slow -run TestEvaluate -v ./bench/anomaly -args -write  # measures, and writes its table and plot
//
// Start reading at evaluate_test.go for what is measured, at count_test.go for how detections are counted, and at
// detect_test.go for the detectors. The scenarios are site.yaml and, each with it, one of the others.
package anomaly
