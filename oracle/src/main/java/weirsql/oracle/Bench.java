package weirsql.oracle;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * How many lines of a file an INSERT reads in a second: parallelism 1, object reuse on. The clock runs from the
 * submission to the end of the job, so it includes some tenths of a second for starting it. The CPU time is that of the
 * whole process, compilers and collector too; on a busy machine it is the steadier figure.
 */
final class Bench {
    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private Bench() {}

    /** Arguments: the script, {@code input=FILE} (stands for $INPUT), {@code runs=N}, and options as {@code key=value}. */
    static void main(List<String> args, PrintStream out) throws Exception {
        String script = Files.readString(Path.of(args.get(0)));
        Map<String, String> options = new TreeMap<>();
        for (String arg : args.subList(1, args.size())) {
            int equals = arg.indexOf('=');
            options.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
        Path input = Path.of(options.remove("input")).toAbsolutePath();
        int runs = Integer.parseInt(options.getOrDefault("runs", "2"));
        options.remove("runs");
        long lines = lines(input);
        long bytes = Files.size(input);
        out.printf("%s: %d lines, %.1f bytes each%n", input.getFileName(), lines, (double) bytes / lines);
        try (Session session = new Session()) {
            // The first run warms up the compilers.
            for (int run = 1; run <= runs; run++) {
                StreamTableEnvironment tables = session.environment();
                tables.getConfig().set("pipeline.object-reuse", "true");
                options.forEach(tables.getConfig()::set);
                double seconds = 0;
                double cpuSeconds = 0;
                for (Statement statement : Statement.split(script)) {
                    long start = System.nanoTime();
                    long cpu = PROCESS.getProcessCpuTime();
                    TableResult result = tables.executeSql(statement.sql().replace("$INPUT", input.toString()));
                    if (statement.sql().toUpperCase().startsWith("INSERT")) {
                        result.await(1, TimeUnit.HOURS);
                        seconds += (System.nanoTime() - start) / 1e9;
                        cpuSeconds += (PROCESS.getProcessCpuTime() - cpu) / 1e9;
                    }
                }
                out.printf("run %d: %.2f s, %.0f records/s, %.0f MB/s; %.2f s of CPU, %.0f records a CPU second%n",
                        run, seconds, lines / seconds, bytes / seconds / 1e6, cpuSeconds, lines / cpuSeconds);
            }
        }
    }

    private static long lines(Path file) throws IOException {
        byte[] buffer = new byte[1 << 20];
        long lines = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int n; (n = in.read(buffer)) > 0; ) {
                for (int i = 0; i < n; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
            }
        }
        return lines;
    }
}
