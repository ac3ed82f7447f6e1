package weirsql.anomaly;

import com.amazon.randomcutforest.RandomCutForest;
import com.amazon.randomcutforest.config.TransformMethod;
import com.amazon.randomcutforest.parkservices.AnomalyDescriptor;
import com.amazon.randomcutforest.parkservices.ThresholdedRandomCutForest;
import com.amazon.randomcutforest.parkservices.threshold.BasicThresholder;
import com.amazon.randomcutforest.util.Weighted;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Records scores, thresholds and grades of the reference as JSON on standard output.
 *
 * <p>A case is either "thresholded", the whole of ThresholdedRandomCutForest with its corrector, or "raw": the forest's scores given to
 * BasicThresholder by themselves, which is what remains without the corrector. "mode" says why the corrector changed a grade.
 */
final class Thresholds {
  private static final int TREES = 20;
  private static final int SAMPLE = 64;

  private final StringBuilder out = new StringBuilder();

  static void record() {
    Thresholds t = new Thresholds();
    t.out.append("{\"cases\":[");
    t.run("thresholded_1d", true, 1, 1, 0.01, 3, 7);
    t.run("thresholded_2d", true, 2, 1, 0.02, 2.5, 8);
    t.run("thresholded_shingle4", true, 1, 4, 0.01, 3, 9);
    t.run("raw_1d", false, 1, 1, 0.01, 3, 7);
    t.run("raw_shingle4", false, 1, 4, 0.01, 3, 9);
    t.run("raw_shingle3_2d", false, 2, 3, 0.005, 4, 10);
    t.out.setLength(t.out.length() - 1);
    System.out.println(t.out.append("]}"));
  }

  /** A daily wave with noise, a level that moves once, single outliers and a burst of them. */
  private static List<double[]> inputs(int dimensions, long seed) {
    Random random = new Random(seed);
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < 700; i++) {
      double[] point = new double[dimensions];
      for (int d = 0; d < dimensions; d++) {
        double v = Math.abs((i + 11 * d) % 48 - 24) + 2 * random.nextDouble() + (i >= 450 ? 15 : 0);
        if (i % 97 == 96 || i >= 600 && i < 606) {
          v += (d + 1) * 40;
        }
        point[d] = Math.round(v * 1000) / 1000.0;
      }
      points.add(point);
    }
    return points;
  }

  private void run(String name, boolean whole, int inputs, int shingle, double rate, double z, long seed) {
    List<double[]> points = inputs(inputs, seed);
    out.append(
        String.format(
            "{\"name\":\"%s\",\"dimensions\":%d,\"shingleSize\":%d,\"trees\":%d,\"sampleSize\":%d,\"anomalyRate\":%s,\"zFactor\":%s,\"seed\":%d,\"inputs\":",
            name, inputs * shingle, shingle, TREES, SAMPLE, rate, z, seed));
    String separator = "[";
    for (double[] p : points) {
      out.append(separator).append(java.util.Arrays.toString(p).replace(" ", ""));
      separator = ",";
    }
    out.append("],\"rows\":");
    separator = "[";
    for (String row : whole ? whole(points, inputs, shingle, rate, z, seed) : raw(points, inputs, shingle, rate, z, seed)) {
      out.append(separator).append(row);
      separator = ",";
    }
    out.append("]},");
  }

  private static String row(double score, double threshold, double grade, String mode) {
    return String.format("{\"score\":%s,\"threshold\":%s,\"grade\":%s,\"mode\":\"%s\"}", score, threshold, grade, mode);
  }

  private static List<String> whole(List<double[]> points, int inputs, int shingle, double rate, double z, long seed) {
    ThresholdedRandomCutForest forest =
        ThresholdedRandomCutForest.builder()
            .dimensions(inputs * shingle)
            .shingleSize(shingle)
            .numberOfTrees(TREES)
            .sampleSize(SAMPLE)
            .randomSeed(seed)
            .internalShinglingEnabled(true)
            .transformMethod(TransformMethod.NONE)
            .anomalyRate(rate)
            .zFactor(z)
            .build();
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      AnomalyDescriptor d = forest.process(points.get(i), i + 1);
      rows.add(row(d.getRCFScore(), d.getThreshold(), d.getAnomalyGrade(), String.valueOf(d.getCorrectionMode())));
    }
    return rows;
  }

  private static List<String> raw(List<double[]> points, int inputs, int shingle, double rate, double z, long seed) {
    RandomCutForest forest =
        RandomCutForest.builder()
            .dimensions(inputs * shingle)
            .shingleSize(shingle)
            .internalShinglingEnabled(true)
            .numberOfTrees(TREES)
            .sampleSize(SAMPLE)
            .randomSeed(seed)
            .parallelExecutionEnabled(false)
            .build();
    BasicThresholder thresholder = new BasicThresholder(forest.getTimeDecay(), rate, false);
    thresholder.setZfactor(z);
    thresholder.setAbsoluteThreshold(BasicThresholder.DEFAULT_ABSOLUTE_THRESHOLD);
    List<String> rows = new ArrayList<>();
    double last = 0;
    for (double[] point : points) {
      double score = forest.getAnomalyScore(point);
      if (score == 0) {
        rows.add(row(0, 0, 0, "NONE"));
      } else {
        Weighted<Double> g =
            thresholder.getThresholdAndGrade(score, TransformMethod.NONE, inputs * shingle, shingle);
        rows.add(row(score, g.index, g.weight, "NONE"));
        thresholder.update(score, score, last, TransformMethod.NONE);
        last = shingle > 1 ? score : 0;
      }
      forest.update(point);
    }
    return rows;
  }
}
