package weirsql.oracle;

import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.api.bridge.java.internal.StreamTableEnvironmentImpl;
import org.apache.flink.types.Row;

/** A bounded stream inside a table environment. */
final class Streams {
    private Streams() {}

    static DataStream<Row> oneRow(StreamTableEnvironment tables, Row row, TypeInformation<Row> type) {
        return ((StreamTableEnvironmentImpl) tables).execEnv().fromCollection(List.of(row), type);
    }
}
