package weirsql.anomaly;

/** Runs the reference: {@code speed ROUNDS POINTS} measures it, {@code thresholds} records it. */
public final class Main {
  public static void main(String[] args) {
    switch (args.length == 0 ? "" : args[0]) {
      case "speed":
        Speed.run(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        break;
      case "thresholds":
        Thresholds.record();
        break;
      default:
        System.err.println("usage: speed ROUNDS POINTS | thresholds");
        System.exit(2);
    }
  }
}
