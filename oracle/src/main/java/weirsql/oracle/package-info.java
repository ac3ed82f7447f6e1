/**
 * Runs SQL on a real Flink MiniCluster and writes down what it answers. Expected values in weir's tests come from
 * here; weir itself never needs this package. Start reading at {@link weirsql.oracle.Oracle}.
 */
package weirsql.oracle;
