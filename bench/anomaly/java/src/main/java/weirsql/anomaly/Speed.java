package weirsql.anomaly;

import com.amazon.randomcutforest.RandomCutForest;
import java.util.Random;

/**
 * Measures how many points a second the reference scores and learns on one thread.
 *
 * <p>Prints a line a round: the points per second and the bits of the sum of all scores so far, by which the caller knows that both
 * sides did the same work. The first rounds are the warm-up.
 */
final class Speed {
  /** The input: a triangular wave with noise. Made of operations that are exact, so that Go has the same numbers. */
  static double[] wave(int n) {
    Random random = new Random(1);
    double[] points = new double[n];
    for (int i = 0; i < n; i++) {
      points[i] = Math.abs(i % 400 - 200) + 20 * random.nextDouble();
    }
    return points;
  }

  static void run(int rounds, int pointsPerRound) {
    double[] inputs = wave(100_000);
    RandomCutForest forest =
        RandomCutForest.builder()
            .dimensions(1)
            .numberOfTrees(50)
            .sampleSize(256)
            .randomSeed(42)
            .parallelExecutionEnabled(false)
            .build();
    double[] point = new double[1];
    double sum = 0;
    int at = 0;
    for (int round = 0; round < rounds; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < pointsPerRound; i++) {
        point[0] = inputs[at];
        at = (at + 1) % inputs.length;
        sum += forest.getAnomalyScore(point);
        forest.update(point);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf("%.0f %016x%n", pointsPerRound / seconds, Double.doubleToLongBits(sum));
    }
  }
}
