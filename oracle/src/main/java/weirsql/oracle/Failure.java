package weirsql.oracle;

import org.apache.flink.util.SerializedThrowable;

/**
 * Why a statement gave no result.
 *
 * @param phase {@code plan} when nothing was started, {@code run} when the job failed
 * @param text simple class name and first line of the innermost cause, and its line "Cause: ..." if it has one
 */
record Failure(String phase, String text) {
    static Failure of(String phase, Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String name = root.getClass().getName();
        String message = root.getMessage() == null ? "" : root.getMessage();
        if (root instanceof SerializedThrowable serialized) {
            name = serialized.getOriginalErrorClassName();
            message = message.startsWith(name + ": ") ? message.substring(name.length() + 2) : message;
        }
        String first = message.strip().lines().findFirst().orElse("");
        // Sinks that don't match say so in the first line and why in the second.
        String cause = message.lines().filter(line -> line.startsWith("Cause: ")).findFirst().orElse("");
        first += cause.isEmpty() ? "" : " " + cause;
        // Positions count the oracle's own column names and folders; which overload the compiler missed is chance.
        first = first.replaceAll(" at line \\d+, column \\d+", "").replaceFirst("^Line \\d+, Column \\d+: .*", "");
        return new Failure(phase, name.substring(name.lastIndexOf('.') + 1) + (first.isEmpty() ? "" : ": " + first));
    }
}
