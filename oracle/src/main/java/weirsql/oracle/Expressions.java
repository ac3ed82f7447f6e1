package weirsql.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.runtime.typeutils.ExternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Evaluates scalar expressions, many in one job. A placeholder <code>{value::TYPE}</code> becomes a column of a one-row
 * stream, so that what is measured is the code that runs per record and not the planner's constant folding. An
 * expression without placeholders is folded, as a literal in a user's query would be.
 */
final class Expressions {
    /** Cases in one job. A failing job is halved until the culprit is alone, so larger isn't always quicker. */
    private static final int BATCH = 64;

    private final Session session;
    private StreamTableEnvironment tables;

    private Expressions(Session session) {
        this.session = session;
        this.tables = session.environment();
    }

    /** {@code lines} is an .expr file: expressions, {@code --} comments, {@code let} definitions, {@code SET} statements. */
    static void run(Session session, List<String> lines, Consumer<String> golden) throws Exception {
        Expressions expressions = new Expressions(session);
        Expansion expansion = new Expansion();
        List<Case> batch = new ArrayList<>();
        for (String line : lines) {
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("--") || expansion.define(text)) {
                continue;
            }
            if (text.toUpperCase().startsWith("SET ")) {
                expressions.flush(batch, golden);
                Script.set(expressions.tables, text);
                golden.accept(Json.text(Json.object().put("setup", text)));
                continue;
            }
            for (String expression : expansion.expand(text)) {
                batch.add(new Case(expression));
                if (batch.size() == BATCH) {
                    expressions.flush(batch, golden);
                }
            }
        }
        expressions.flush(batch, golden);
    }

    private void flush(List<Case> batch, Consumer<String> golden) throws Exception {
        if (batch.isEmpty()) {
            return;
        }
        declare(batch);
        List<Case> sound = new ArrayList<>();
        for (Case c : batch) {
            try {
                c.type = tables.sqlQuery("SELECT " + c.sql + " AS r FROM src")
                        .getResolvedSchema().getColumnDataTypes().get(0).getLogicalType();
                sound.add(c);
            } catch (Exception | AssertionError e) { // the planner asserts on a few inputs
                c.failure = Failure.of("plan", e);
            }
        }
        evaluate(sound);
        batch.forEach(c -> golden.accept(c.golden()));
        batch.clear();
    }

    /** Makes the table {@code src}: one row, one column per placeholder of the batch. */
    private void declare(List<Case> batch) throws Exception {
        List<DataTypes.Field> fields = new ArrayList<>();
        Schema.Builder schema = Schema.newBuilder();
        List<Object> values = new ArrayList<>();
        // A table without columns can't be declared.
        fields.add(DataTypes.FIELD("one", DataTypes.INT()));
        schema.column("one", DataTypes.INT());
        values.add(1);
        for (Case c : batch) {
            List<Placeholder> found = new ArrayList<>();
            String sql = Placeholder.replace(c.text, p -> {
                found.add(p);
                return "f" + (values.size() + found.size() - 1);
            });
            for (Placeholder p : found) {
                DataType type = p.type();
                fields.add(DataTypes.FIELD("f" + values.size(), type));
                schema.column("f" + values.size(), type);
                values.add(p.value());
            }
            c.sql = sql;
        }
        DataType row = DataTypes.ROW(fields.toArray(new DataTypes.Field[0])).notNull();
        DataStream<Row> stream = Streams.oneRow(tables, Row.of(values.toArray()), ExternalTypeInfo.of(row));
        tables.dropTemporaryView("src");
        tables.createTemporaryView("src", stream, schema.build());
    }

    private void evaluate(List<Case> cases) {
        if (cases.isEmpty()) {
            return;
        }
        StringBuilder sql = new StringBuilder("SELECT ");
        for (int i = 0; i < cases.size(); i++) {
            sql.append(i == 0 ? "" : ", ").append(cases.get(i).sql).append(" AS r").append(i);
        }
        String phase = "plan";
        try {
            TableResult result = tables.executeSql(sql.append(" FROM src").toString());
            phase = "run";
            try (CloseableIterator<Row> rows = result.collect()) {
                Row row = rows.next();
                for (int i = 0; i < cases.size(); i++) {
                    cases.get(i).value = Json.value(row.getField(i), cases.get(i).type);
                }
            }
        } catch (Exception | AssertionError e) { // the planner asserts on a few inputs
            if (cases.size() == 1) {
                cases.get(0).failure = Failure.of(phase, e);
                return;
            }
            int half = cases.size() / 2;
            evaluate(cases.subList(0, half));
            evaluate(cases.subList(half, cases.size()));
        }
    }

    private static final class Case {
        final String text;
        String sql;
        LogicalType type;
        JsonNode value;
        Failure failure;

        Case(String text) {
            this.text = text;
        }

        String golden() {
            ObjectNode node = Json.object().put("expr", text);
            if (type != null) {
                node.put("type", Script.typeName(type));
            }
            if (failure != null) {
                node.put("phase", failure.phase()).put("err", failure.text());
            } else {
                node.set("value", value);
            }
            return Json.text(node);
        }
    }
}
