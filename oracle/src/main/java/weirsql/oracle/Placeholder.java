package weirsql.oracle;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.util.HexFormat;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.table.types.utils.TypeConversions;

/**
 * <code>{value::TYPE}</code> in an expression: a column of that type holding that value. The value is text in quotes or
 * bare up to the {@code ::}; NULL bare is null; bytes are hexadecimal, intervals a number of months or milliseconds.
 */
record Placeholder(String value_, String typeName) {
    private static final Pattern SHAPE = Pattern.compile("\\{('(?:[^']|'')*'|[^{}':]*(?::[^{}':]+)*)::([^{}]+)\\}");

    static String replace(String text, Function<Placeholder, String> name) {
        return SHAPE.matcher(text).replaceAll(m -> Matcher.quoteReplacement(name.apply(new Placeholder(m.group(1), m.group(2)))));
    }

    DataType type() {
        LogicalType type = LogicalTypeParser.parse(typeName, Placeholder.class.getClassLoader());
        return TypeConversions.fromLogicalToDataType(type);
    }

    /** In the external form that the table API takes for the type. */
    Object value() {
        if (value_.strip().equals("NULL")) {
            return null;
        }
        String text = value_.startsWith("'") ? value_.substring(1, value_.length() - 1).replace("''", "'") : value_.strip();
        return switch (type().getLogicalType().getTypeRoot()) {
            case CHAR, VARCHAR -> text;
            case BOOLEAN -> Boolean.valueOf(text);
            case TINYINT -> Byte.valueOf(text);
            case SMALLINT -> Short.valueOf(text);
            case INTEGER -> Integer.valueOf(text);
            case BIGINT -> Long.valueOf(text);
            case FLOAT -> Float.valueOf(text);
            case DOUBLE -> Double.valueOf(text);
            case DECIMAL -> new BigDecimal(text);
            case BINARY, VARBINARY -> HexFormat.of().parseHex(text);
            case DATE -> LocalDate.parse(text);
            case TIME_WITHOUT_TIME_ZONE -> LocalTime.parse(text);
            case TIMESTAMP_WITHOUT_TIME_ZONE -> LocalDateTime.parse(text.replace(' ', 'T'));
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE -> Instant.parse(text.replace(' ', 'T'));
            case INTERVAL_YEAR_MONTH -> Period.ofMonths(Integer.parseInt(text));
            case INTERVAL_DAY_TIME -> Duration.ofMillis(Long.parseLong(text));
            default -> throw new IllegalArgumentException("no placeholder of type " + typeName);
        };
    }
}
