package weirsql.oracle;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.DeserializationFeature;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.types.Row;

/**
 * Values as JSON. Timestamps are {@code yyyy-MM-dd HH:mm:ss[.f...]} without trailing zeros in the fraction, those with
 * local time zone in UTC with a {@code Z}; DECIMAL is a number with all digits of its scale; bytes are base64; an
 * interval is its number of months or milliseconds; a map with other than text keys is a list of pairs.
 */
final class Json {
    private static final JsonNodeFactory NODES = JsonNodeFactory.withExactBigDecimals(true);
    private static final ObjectMapper MAPPER = new ObjectMapper()
            .setNodeFactory(NODES)
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .appendPattern("HH:mm:ss")
            .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
            .toFormatter();

    private Json() {}

    static ObjectNode object() {
        return NODES.objectNode();
    }

    static ArrayNode array() {
        return NODES.arrayNode();
    }

    static String text(JsonNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode parse(String text) throws JsonProcessingException {
        return MAPPER.readTree(text);
    }

    /** {@code value} is in the external form that TableResult.collect() gives. */
    static JsonNode value(Object value, LogicalType type) {
        if (value == null) {
            return NODES.nullNode();
        }
        if (value instanceof Row row) {
            List<String> names = type.is(LogicalTypeRoot.ROW)
                    ? ((org.apache.flink.table.types.logical.RowType) type).getFieldNames()
                    : List.copyOf(row.getFieldNames(true));
            ObjectNode node = object();
            for (int i = 0; i < names.size(); i++) {
                LogicalType child = i < type.getChildren().size() ? type.getChildren().get(i) : type;
                node.set(names.get(i), value(row.getField(i), child));
            }
            return node;
        }
        if (value instanceof Object[] items) {
            ArrayNode node = array();
            for (Object item : items) {
                node.add(value(item, type.getChildren().get(0)));
            }
            return node;
        }
        if (value instanceof Map<?, ?> map) {
            return map(map, type);
        }
        if (value instanceof Double d && !Double.isFinite(d) || value instanceof Float f && !Float.isFinite(f)) {
            return NODES.textNode(value.toString());
        }
        if (value instanceof Boolean v) return NODES.booleanNode(v);
        if (value instanceof Byte v) return NODES.numberNode(v);
        if (value instanceof Short v) return NODES.numberNode(v);
        if (value instanceof Integer v) return NODES.numberNode(v);
        if (value instanceof Long v) return NODES.numberNode(v);
        if (value instanceof Float v) return NODES.numberNode(v);
        if (value instanceof Double v) return NODES.numberNode(v);
        if (value instanceof BigDecimal v) return NODES.numberNode(v);
        if (value instanceof byte[] v) return NODES.binaryNode(v);
        if (value instanceof LocalTime v) return NODES.textNode(TIME.format(v));
        if (value instanceof LocalDate v) return NODES.textNode(v.toString());
        if (value instanceof LocalDateTime v) return NODES.textNode(v.toLocalDate() + " " + TIME.format(v));
        if (value instanceof Instant v) {
            LocalDateTime utc = LocalDateTime.ofInstant(v, ZoneOffset.UTC);
            return NODES.textNode(utc.toLocalDate() + " " + TIME.format(utc) + "Z");
        }
        if (value instanceof Period v) return NODES.numberNode(v.toTotalMonths());
        if (value instanceof Duration v) return NODES.numberNode(v.toMillis());
        return NODES.textNode(value.toString());
    }

    private static JsonNode map(Map<?, ?> map, LogicalType type) {
        LogicalType key = type.getChildren().get(0);
        LogicalType item = type.getChildren().size() > 1
                ? type.getChildren().get(1)
                : new org.apache.flink.table.types.logical.IntType(); // a multiset counts its elements
        if (map.keySet().stream().allMatch(String.class::isInstance)) {
            ObjectNode node = object();
            map.entrySet().stream()
                    .sorted((a, b) -> ((String) a.getKey()).compareTo((String) b.getKey()))
                    .forEach(e -> node.set((String) e.getKey(), value(e.getValue(), item)));
            return node;
        }
        ArrayNode node = array();
        map.forEach((k, v) -> node.add(array().add(value(k, key)).add(value(v, item))));
        return node;
    }
}
