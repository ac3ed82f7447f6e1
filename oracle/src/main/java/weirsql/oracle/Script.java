package weirsql.oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.util.RawValue;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.api.internal.TableEnvironmentInternal;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.operations.ModifyOperation;
import org.apache.flink.table.operations.Operation;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs the statements of a .sql file in order. In paths, {@code $DIR} is the folder of the script and {@code $OUT} a
 * temporary folder. A comment {@code -- @fold} before a statement records the table that remains instead of the
 * changelog, for results whose order of changes isn't determined; {@code -- @plan} only plans it. Statements expand as in {@link Expansion}.
 */
final class Script {
    private static final Pattern SET = Pattern.compile("(?is)SET\\s+'([^']+)'\\s*=\\s*'([^']*)'");
    private static final Pattern INSERT = Pattern.compile("(?is)INSERT\\s+INTO\\s+(`[^`]+`|[\\w.]+).*");
    private static final Pattern PATH = Pattern.compile("(?is)'path'\\s*=\\s*'([^']+)'");
    private static final Pattern CHANGE = Pattern.compile("\\{\"op\":\"(..)\",\"data\":(\\{.*\\})\\}");
    private static final long TIMEOUT_SECONDS = 60;

    private final StreamTableEnvironment tables;
    private final Path folder;
    private final Path out;
    /** Path of each table created over a file, by lower-case name: read back after an INSERT. */
    private final Map<String, Path> paths = new HashMap<>();

    Script(Session session, Path folder) throws IOException {
        this.tables = session.environment();
        this.folder = folder.toAbsolutePath();
        this.out = Files.createTempDirectory("oracle");
    }

    /** What one statement did: a setup statement has no rows and no type. */
    record Step(String sql, boolean setup, String type, boolean fold, List<ObjectNode> rows, Failure error) {
        String golden() {
            if (setup && error == null) {
                return Json.text(Json.object().put("setup", sql));
            }
            ObjectNode node = Json.object().put("sql", sql);
            if (type != null) {
                node.put("type", type);
            }
            if (error != null) {
                node.put("phase", error.phase()).put("err", error.text());
            }
            if (error == null || !rows.isEmpty()) {
                if (fold) {
                    node.put("fold", true);
                }
                ArrayNode all = node.putArray("rows");
                rows.forEach(all::add);
            }
            return Json.text(node);
        }
    }

    void run(String text, Consumer<Step> done) throws Exception {
        Expansion expansion = new Expansion();
        for (Statement statement : Statement.split(text)) {
            if (expansion.define(statement.sql())) {
                continue;
            }
            for (String sql : expansion.expand(statement.sql())) {
                done.accept(run(new Statement(sql, statement.directives())));
            }
        }
    }

    private Step run(Statement statement) {
        String sql = statement.sql();
        String first = sql.split("[\\s(]+", 2)[0].toUpperCase();
        boolean setup = List.of("SET", "RESET", "CREATE", "DROP", "ALTER", "USE", "LOAD").contains(first);
        boolean fold = statement.directives().contains("fold");
        List<ObjectNode> rows = new ArrayList<>();
        String type = null;
        String phase = "plan";
        try {
            String real = sql.replace("$DIR", folder.toString()).replace("$OUT", out.toString());
            if (first.equals("SET")) {
                set(tables, sql);
            } else if (setup) {
                tables.executeSql(real);
                remember(real);
            } else {
                type = queryType(real);
                if (statement.directives().contains("plan")) {
                    type = first.equals("SELECT") ? typeName(tables.sqlQuery(real).getResolvedSchema().getColumns()) : type;
                    tables.explainSql(real);
                    return new Step(sql, false, type, false, rows, null);
                }
                clear(real);
                TableResult result = tables.executeSql(real);
                phase = "run";
                if (first.equals("INSERT") || first.equals("EXECUTE")) {
                    result.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                    rows = written(real);
                } else {
                    List<Column> columns = result.getResolvedSchema().getColumns();
                    type = typeName(columns);
                    rows = collect(result, columns);
                }
            }
        } catch (Exception | AssertionError e) { // the planner asserts on a few inputs
            return new Step(sql, setup, type, fold, rows, Failure.of(phase, e));
        }
        return new Step(sql, setup, type, fold, fold ? fold(rows) : rows, null);
    }

    /** The columns of the query that an INSERT writes; null for any other statement. */
    private String queryType(String sql) {
        if (!INSERT.matcher(sql).matches()) {
            return null;
        }
        List<Operation> operations = ((TableEnvironmentInternal) tables).getParser().parse(sql);
        return operations.get(0) instanceof ModifyOperation insert
                ? typeName(insert.getChild().getResolvedSchema().getColumns())
                : null;
    }

    private static List<ObjectNode> collect(TableResult result, List<Column> columns) throws Exception {
        List<ObjectNode> rows = new ArrayList<>();
        try (CloseableIterator<Row> iterator = result.collect()) {
            while (iterator.hasNext()) {
                Row row = iterator.next();
                ObjectNode data = Json.object();
                for (int i = 0; i < columns.size(); i++) {
                    data.set(columns.get(i).getName(), Json.value(row.getField(i), columns.get(i).getDataType().getLogicalType()));
                }
                ObjectNode node = Json.object().put("op", row.getKind().shortString());
                node.set("data", data);
                rows.add(node);
            }
        }
        return rows;
    }

    /** The files below $OUT that an INSERT writes to; none for other statements and other connectors. */
    private List<Path> outputs(String sql) throws IOException {
        Matcher insert = INSERT.matcher(sql);
        Path path = insert.matches() ? paths.get(insert.group(1).replace("`", "").toLowerCase()) : null;
        if (path == null || !path.startsWith(out) || !Files.exists(path)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(Files::isRegularFile).filter(f -> !f.getFileName().toString().startsWith(".")).sorted().toList();
        }
    }

    /** Lets an INSERT show its own rows only. */
    private void clear(String sql) throws IOException {
        for (Path file : outputs(sql)) {
            Files.delete(file);
        }
    }

    private List<ObjectNode> written(String sql) throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
        for (Path file : outputs(sql)) {
            for (String line : Files.readAllLines(file)) {
                rows.add(row(line));
            }
        }
        return rows;
    }

    /** A line of format json or changelog-json; the values stay as Flink wrote them, digit by digit. */
    private static ObjectNode row(String line) {
        Matcher change = CHANGE.matcher(line);
        boolean wrapped = change.matches();
        ObjectNode node = Json.object().put("op", wrapped ? change.group(1) : "+I");
        node.putRawValue("data", new RawValue(wrapped ? change.group(2) : line));
        return node;
    }

    private void remember(String create) {
        Matcher name = Pattern.compile("(?is)CREATE\\s+(?:TEMPORARY\\s+)?TABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?(`[^`]+`|[\\w.]+).*").matcher(create);
        Matcher path = PATH.matcher(create);
        if (name.matches() && path.find()) {
            paths.put(name.group(1).replace("`", "").toLowerCase(), Path.of(path.group(1)));
        }
    }

    /** The table that remains after all changes, as insertions in a stable order. */
    private static List<ObjectNode> fold(List<ObjectNode> changes) {
        Map<String, List<ObjectNode>> table = new TreeMap<>();
        for (ObjectNode change : changes) {
            List<ObjectNode> same = table.computeIfAbsent(Json.text(change.get("data")), k -> new ArrayList<>());
            if (change.get("op").asText().matches("\\+[IU]")) {
                same.add(change.put("op", "+I"));
            } else if (same.isEmpty()) {
                throw new IllegalStateException("retraction of a row that isn't there: " + Json.text(change));
            } else {
                same.remove(same.size() - 1);
            }
        }
        return table.values().stream().flatMap(List::stream).toList();
    }

    static void set(StreamTableEnvironment tables, String sql) {
        Matcher m = SET.matcher(sql.replaceAll(";\\s*$", "").strip());
        if (!m.matches()) {
            throw new IllegalArgumentException("expected SET 'key' = 'value', found " + sql);
        }
        tables.getConfig().set(m.group(1), m.group(2));
    }

    private static String typeName(List<Column> columns) {
        StringBuilder all = new StringBuilder();
        for (Column column : columns) {
            all.append(all.length() == 0 ? "" : ", ").append(column.getName()).append(' ')
                    .append(typeName(column.getDataType().getLogicalType()));
        }
        return all.toString();
    }

    /** As Flink prints it, but STRING and BYTES by their short names. */
    static String typeName(LogicalType type) {
        return type.asSummaryString().replace("VARCHAR(2147483647)", "STRING").replace("VARBINARY(2147483647)", "BYTES");
    }
}
