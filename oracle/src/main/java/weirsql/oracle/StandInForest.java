package weirsql.oracle;

import org.apache.flink.table.functions.ScalarFunction;

/**
 * Stands for the lab's RANDOM_CUT_FOREST where only types matter: FLOAT to DOUBLE, and a score that is more than 2 for
 * every ordinary value. The real scores are not Flink's to know.
 */
public final class StandInForest extends ScalarFunction {
    public Double eval(Float value) {
        return value == null ? null : (double) value.toString().length();
    }
}
