package weirsql.oracle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.formats.json.JsonFormatFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.format.EncodingFormat;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.SerializationFormatFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.RowKind;

/**
 * The format {@code changelog-json}: lines {@code {"op":"+I","data":{...}}}, the data as Flink's own json format reads
 * and writes it. {@code 'changelog-json.changelog-mode' = 'I,UA,D'} restricts the kinds; all four are the default.
 */
public final class ChangelogJsonFormat implements DeserializationFormatFactory, SerializationFormatFactory {
    private static final ConfigOption<String> MODE =
            ConfigOptions.key("changelog-mode").stringType().defaultValue("I,UB,UA,D");

    private final JsonFormatFactory json = new JsonFormatFactory();

    @Override
    public String factoryIdentifier() {
        return "changelog-json";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(MODE);
    }

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        var inner = json.createDecodingFormat(context, new Configuration());
        return new DecodingFormat<>() {
            @Override
            public DeserializationSchema<RowData> createRuntimeDecoder(DynamicTableSource.Context c, DataType type) {
                return new Decoder(inner.createRuntimeDecoder(c, type));
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return mode(options);
            }
        };
    }

    @Override
    public EncodingFormat<SerializationSchema<RowData>> createEncodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        var inner = json.createEncodingFormat(context, new Configuration());
        return new EncodingFormat<>() {
            @Override
            public SerializationSchema<RowData> createRuntimeEncoder(DynamicTableSink.Context c, DataType type) {
                return new Encoder(inner.createRuntimeEncoder(c, type));
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return mode(options);
            }
        };
    }

    private static ChangelogMode mode(ReadableConfig options) {
        ChangelogMode.Builder mode = ChangelogMode.newBuilder();
        for (String kind : options.get(MODE).split(",")) {
            mode.addContainedKind(switch (kind.strip()) {
                case "I" -> RowKind.INSERT;
                case "UB" -> RowKind.UPDATE_BEFORE;
                case "UA" -> RowKind.UPDATE_AFTER;
                case "D" -> RowKind.DELETE;
                default -> throw new IllegalArgumentException("unknown kind " + kind);
            });
        }
        return mode.build();
    }

    private static final class Decoder implements DeserializationSchema<RowData> {
        private final DeserializationSchema<RowData> inner;

        Decoder(DeserializationSchema<RowData> inner) {
            this.inner = inner;
        }

        @Override
        public void open(InitializationContext context) throws Exception {
            inner.open(context);
        }

        @Override
        public RowData deserialize(byte[] line) throws IOException {
            JsonNode node = Json.parse(new String(line, StandardCharsets.UTF_8));
            RowData row = inner.deserialize(Json.text(node.get("data")).getBytes(StandardCharsets.UTF_8));
            for (RowKind kind : RowKind.values()) {
                if (kind.shortString().equals(node.get("op").asText())) {
                    row.setRowKind(kind);
                }
            }
            return row;
        }

        @Override
        public boolean isEndOfStream(RowData next) {
            return false;
        }

        @Override
        public TypeInformation<RowData> getProducedType() {
            return inner.getProducedType();
        }
    }

    private static final class Encoder implements SerializationSchema<RowData> {
        private final SerializationSchema<RowData> inner;

        Encoder(SerializationSchema<RowData> inner) {
            this.inner = inner;
        }

        @Override
        public void open(InitializationContext context) throws Exception {
            inner.open(context);
        }

        @Override
        public byte[] serialize(RowData row) {
            String data = new String(inner.serialize(row), StandardCharsets.UTF_8);
            String line = "{\"op\":\"" + row.getRowKind().shortString() + "\",\"data\":" + data + "}";
            return line.getBytes(StandardCharsets.UTF_8);
        }
    }
}
