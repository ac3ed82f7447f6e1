package weirsql.oracle;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The command line: {@code sql}, {@code expr}, {@code record}, {@code bench}. Usage is in oracle/README.md. */
public final class Oracle {
    private Oracle() {}

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        // Flink prints the whole generated class when it doesn't compile, which a few expressions bring about.
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        List<String> rest = new ArrayList<>(Arrays.asList(args));
        String command = rest.isEmpty() ? "" : rest.remove(0);
        switch (command) {
            case "sql" -> {
                try (Session session = new Session()) {
                    for (String file : rest) {
                        printScript(session, Path.of(file), out);
                    }
                }
            }
            case "expr" -> {
                try (Session session = new Session()) {
                    for (String file : rest) {
                        Expressions.run(session, Files.readAllLines(Path.of(file)), line -> out.println(line));
                    }
                }
            }
            case "record" -> record(Path.of(rest.remove(0)), rest, out);
            case "bench" -> Bench.main(rest, out);
            default -> {
                System.err.println("usage: run.sh sql FILE... | expr FILE... | record [NAME...] | bench FILE [k=v...]");
                System.exit(2);
            }
        }
        // Flink leaves non-daemon threads behind when a job was refused half-way.
        System.exit(0);
    }

    /** Rewrites NAME.golden beside every NAME.sql and NAME.expr of the folder, or only the names given. */
    private static void record(Path folder, List<String> names, PrintStream out) throws Exception {
        List<Path> sources;
        try (Stream<Path> files = Files.list(folder)) {
            sources = files.filter(f -> f.toString().endsWith(".sql") || f.toString().endsWith(".expr"))
                    .filter(f -> names.isEmpty() || names.contains(stem(f)))
                    .sorted()
                    .toList();
        }
        try (Session session = new Session()) {
            for (Path source : sources) {
                long start = System.nanoTime();
                StringBuilder golden = new StringBuilder();
                if (source.toString().endsWith(".expr")) {
                    Expressions.run(session, Files.readAllLines(source), line -> golden.append(line).append('\n'));
                } else {
                    new Script(session, folder).run(Files.readString(source), step -> golden.append(step.golden()).append('\n'));
                }
                Files.writeString(folder.resolve(stem(source) + ".golden"), golden);
                out.printf("%s: %d lines, %.1f s%n", stem(source), golden.chars().filter(c -> c == '\n').count(),
                        (System.nanoTime() - start) / 1e9);
            }
        }
    }

    private static void printScript(Session session, Path file, PrintStream out) throws Exception {
        Path folder = file.toAbsolutePath().getParent();
        new Script(session, folder).run(Files.readString(file), step -> {
            step.rows().forEach(row -> out.println(Json.text(row)));
            if (step.error() != null) {
                out.println("error: " + step.error().text());
            }
        });
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.lastIndexOf('.'));
    }
}
